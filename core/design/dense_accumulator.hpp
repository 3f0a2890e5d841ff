// Adds tiles to the mean and centred cross-products of numeric columns. Scratch of one update,
// never part of a state.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "design/cross_products.hpp"
#include "design/row_reader.hpp"
#include "design/shifted_tile.hpp"
#include "linalg/aligned.hpp"
#include "linalg/kernels.hpp"

namespace insitu {

// Products summed in double. They are taken about the origin that the tile is shifted by, and moved
// to its mean when merged; where that would cost a bit, the tile is shifted again, by its mean.
class DenseAccumulator {
 public:
  // For tiles of at most `most_rows` rows.
  DenseAccumulator(size_t values, bool weighted, size_t most_rows);
  void add(const Tile& tile, const ShiftedTile& shifted, CrossProducts& into, ReadAhead& ahead);

 private:
  bool is_central() const;
  void merge_tile(std::span<const double> origin, CrossProducts& into) const;
  void sum_products(const ShiftedTile& shifted, ReadAhead* ahead);

  size_t k_;  // values; the tile has a column of ones before them
  bool weighted_;
  size_t most_rows_;
  std::optional<ShiftedTile> centred_;  // made when the first tile needs it
  std::vector<double> means_;
  std::vector<double> cross_;
};

// Exact products summed in double-double, about the mean of each tile.
class PreciseDenseAccumulator {
 public:
  PreciseDenseAccumulator(size_t values, bool weighted, size_t most_rows);
  void add(const Tile& tile, CrossProducts& into);

 private:
  size_t k_;
  bool weighted_;
  std::vector<double> means_;
  AlignedDoubles tile_, tile_low_, weighted_tile_, weighted_low_;
  std::vector<double> cross_, cross_low_;
};

}  // namespace insitu
