// Which sums over cells of factors a linear system needs.
//
// A term with factors S and multiplier m has one column per cell of S: m where the row falls into
// the cell, else 0. So the product of terms (S, m) and (T, u) is the sum of m u over each cell of S
// united with T, and its product with a numeric column x the sum of m x over each cell of S. All
// tables are therefore of one shape: a set of factors, and for each of its cells the sums of some
// products of two values.
//
// Values are numbered: 0 is the constant one, 1 + j is feature j, and the last is the response.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "design/design.hpp"

namespace insitu {

struct CellTablePlan {
  std::vector<size_t> factors;  // ascending indices into Design::factors; cells are mixed-radix,
                                // first factor fastest
  std::vector<size_t>
      products;  // ascending indices into CellPlan::products; 0 (the weight itself) always first
};

struct CellPlan {
  std::vector<std::array<size_t, 2>> products;  // (a, b), a <= b; products[0] = (0, 0)
  std::vector<CellTablePlan> tables;
  size_t n_values = 1;  // constant, features, response if any

  static CellPlan make(const Design& design, bool response);
  // Index of the product (a, b) in either order.
  size_t product(size_t a, size_t b) const;
  // Index of the table over this set of factors (ascending).
  size_t table(std::span<const size_t> factors) const;
  // Position of a global product in a table's own list.
  size_t position(size_t table, size_t product) const;
};

// True if the factors have at most `most` cells.
bool cells_within(const std::vector<size_t>& factors, const std::vector<uint32_t>& level_counts,
                  uint64_t most);
// Cells of a set of factors with these level counts; SpecError beyond kMaxCells x 8.
uint64_t count_cells(const std::vector<size_t>& factors, const std::vector<uint32_t>& level_counts);

}  // namespace insitu
