// The values of a tile about an origin, as the kernels take them: columns of ones, features and
// response, and the same times the weights. Shared by all that a tile is added to.
#pragma once

#include <cstddef>
#include <span>

#include "linalg/aligned.hpp"

namespace insitu {

class ShiftedTile {
 public:
  // For `values` values besides the ones, and tiles of at most `most_rows` rows.
  ShiftedTile(size_t values, bool weighted, size_t most_rows);
  // Takes values about the origin; tails up to a multiple of 8 rows are zero. weight: null for
  // ones. False if it met a value that is not finite: what it holds is then of no use.
  bool load(std::span<const double* const> values, const double* weight, size_t rows,
            std::span<const double> origin);

  size_t rows() const { return rows_; }  // rounded up to a multiple of 8
  size_t stride() const { return stride_; }
  const double* data() const { return plain_.data(); }
  const double* weighted_data() const { return weighted_.empty() ? data() : weighted_.data(); }
  // Column v: 0 the ones, 1 + j value j; times the weights, if there are any.
  const double* plain(size_t v) const { return data() + v * stride_; }
  const double* weighted(size_t v) const { return weighted_data() + v * stride_; }

 private:
  size_t columns_;
  size_t ones_ = 0;  // rows of the tile loaded last
  size_t rows_ = 0;
  size_t stride_ = 0;
  AlignedDoubles plain_, weighted_;
};

// Rows per tile: the tile and the kernels' blocks of it should stay in the second-level cache.
size_t tile_rows_for(size_t values);

}  // namespace insitu
