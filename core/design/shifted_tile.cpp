#include "design/shifted_tile.hpp"

#include <algorithm>

#include "linalg/kernels.hpp"

namespace insitu {

size_t tile_rows_for(size_t values) {
  if (values <= 24) return kTileRows;
  return values <= 64 ? kTileRows / 2 : kTileRows / 4;
}

ShiftedTile::ShiftedTile(size_t values, bool weighted) : columns_(values + 1) {
  const size_t size = columns_ * tile_stride(tile_rows_for(values));
  plain_.resize(size);
  if (weighted) weighted_.resize(size);
}

void ShiftedTile::load(const Tile& tile, std::span<const double> origin) {
  if (tile.rows != ones_) {
    rows_ = round_up_8(tile.rows);
    stride_ = tile_stride(rows_);
    std::fill(plain_.data(), plain_.data() + tile.rows, 1.0);
    std::fill(plain_.data() + tile.rows, plain_.data() + rows_, 0.0);
    ones_ = tile.rows;
  }
  for (size_t v = 1; v < columns_; ++v) {
    subtract(tile.values[v - 1], origin[v - 1], tile.rows, plain_.data() + v * stride_);
  }
  for (size_t v = 0; v < columns_ && !weighted_.empty(); ++v) {
    multiply(plain(v), tile.weight, tile.rows, weighted_.data() + v * stride_);
  }
}

}  // namespace insitu
