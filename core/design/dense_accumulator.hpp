// Adds tiles to the mean and centred cross-products of numeric columns. Scratch of one update,
// never part of a state.
#pragma once

#include <cstddef>
#include <vector>

#include "design/cross_products.hpp"
#include "design/row_reader.hpp"
#include "linalg/aligned.hpp"
#include "linalg/kernels.hpp"

namespace insitu {

class DenseAccumulator {
 public:
  DenseAccumulator(size_t values, bool weighted, bool precise);
  void add(const Tile& tile, CrossProducts& into);

 private:
  void add_plain(const Tile& tile, CenteredMoments& into);
  void add_precise(const Tile& tile, CenteredMoments& into);

  size_t k_;  // values; the tile has a column of ones before them, for exact residuals
  bool weighted_;
  std::vector<double> means_;
  AlignedDoubles tile_, tile_low_, weighted_tile_, weighted_low_;
  std::vector<double> cross_, cross_low_;
};

// Rows per tile: the tile and the kernels' blocks of it should stay in the second-level cache.
size_t tile_rows_for(size_t values);

}  // namespace insitu
