#include "design/shifted_tile.hpp"

#include <algorithm>

#include "linalg/kernels.hpp"

namespace insitu {

size_t tile_rows_for(size_t values) {
  if (values <= 24) return kMaxTileRows;
  return values <= 64 ? kMaxTileRows / 2 : kMaxTileRows / 4;
}

ShiftedTile::ShiftedTile(size_t values, bool weighted, size_t most_rows) : columns_(values + 1) {
  const size_t size = columns_ * tile_stride(most_rows);
  plain_.resize(size);
  if (weighted) weighted_.resize(size);
}

bool ShiftedTile::load(std::span<const double* const> values, const double* weight, size_t rows,
                       std::span<const double> origin) {
  if (rows != ones_) {
    rows_ = round_up_8(rows);
    stride_ = tile_stride(rows_);
    std::fill(plain_.data(), plain_.data() + rows, 1.0);
    std::fill(plain_.data() + rows, plain_.data() + rows_, 0.0);
    ones_ = rows;
  }
  bool finite = true;
  for (size_t v = 1; v < columns_; ++v) {
    finite &= subtract(values[v - 1], origin[v - 1], rows, plain_.data() + v * stride_);
  }
  for (size_t v = 0; v < columns_ && !weighted_.empty(); ++v) {
    multiply(plain(v), weight, rows, weighted_.data() + v * stride_);
  }
  return finite;
}

}  // namespace insitu
