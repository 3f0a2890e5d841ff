// The normal equations of a frozen design, entry by entry, from its cross-products.
//
// Columns are taken about their means where the model can take up the centers (centring.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "design/cross_products.hpp"
#include "linalg/symmetric.hpp"
#include "solve/centring.hpp"

namespace insitu {

struct SystemColumn {
  int term = -1;  // -1: the intercept
  uint64_t cell = 0;
};

class LinearSystem {
 public:
  // `products` must carry the levels of `design` in order (align_levels). Both outlive the system.
  LinearSystem(const Design& design, const CellPlan& plan, const CrossProducts& products,
               Centring centring);
  // Other sums of the same design, about the centers that this system has.
  LinearSystem of(const CrossProducts& products) const;

  // Intercept first, then the terms as written, cells in order.
  const std::vector<SystemColumn>& columns() const { return columns_; }
  size_t first_column(size_t term) const { return first_[term]; }
  std::string name(size_t column) const;

  // Of the columns as solved, about their centers.
  DoubleDouble entry(size_t i, size_t j) const;  // sum of w x_i x_j
  DoubleDouble response_entry(size_t i) const;   // sum of w x_i y
  DoubleDouble response_square() const;          // sum of w y^2
  // Of the columns of the formula, but for what an intercept takes up.
  DoubleDouble plain_entry(size_t i, size_t j) const;
  // Without any center.
  DoubleDouble raw_response_square() const;
  DoubleDouble raw_square(size_t i) const;
  DoubleDouble weight() const { return products_.weight; }
  DoubleDouble response_center() const;
  DoubleDouble term_center(size_t term) const;  // of its feature; 0 if it has none
  const Centring& centring() const { return centring_; }
  bool empty_cell(size_t column) const;  // a factor column without rows
  const Design& design() const { return design_; }
  bool intercept() const { return design_.intercept; }

 private:
  struct PairMap {  // cells of two terms -> cell of their united factors
    size_t table = 0;
    std::vector<uint64_t> first;   // per cell of the first term
    std::vector<uint64_t> second;  // per cell of the second, its own factors only
    std::vector<std::array<uint64_t, 4>>
        shared;  // stride and levels of each common factor, in first and second
  };
  PairMap map_pair(size_t t, size_t u) const;
  const PairMap& pair(size_t t, size_t u) const { return pairs_[t * design_.terms.size() + u]; }
  // What columns are taken about.
  struct Basis {
    std::vector<DoubleDouble> values;   // centers of numeric columns and the response; the constant
                                        // has 0
    std::vector<DoubleDouble> centers;  // per term: of slopes within cells
  };
  Basis basis(bool about_means) const;
  DoubleDouble mean(size_t value) const;
  // A value about the center that it has in a term.
  struct Centred {
    size_t value = 0;  // 0: the constant
    DoubleDouble center;
  };
  Centred multiplier(size_t term, const Basis& basis) const;
  DoubleDouble numeric_entry(size_t a, size_t b, const Basis& basis) const;
  DoubleDouble cell_entry(size_t table, uint64_t cell, const Centred& a, const Centred& b) const;
  DoubleDouble value_entry(size_t column, size_t value, const Basis& basis) const;
  DoubleDouble column_entry(size_t i, size_t j, const Basis& basis) const;

  const Design& design_;
  const CellPlan& plan_;
  const CrossProducts& products_;
  Centring centring_;
  size_t response_;  // its value index
  Basis solved_;
  Basis plain_;
  Basis raw_;
  std::vector<SystemColumn> columns_;
  std::vector<size_t> first_;
  std::vector<PairMap> pairs_;
};

// Cross-products of some columns of the formula about their means: the intercept, where there is
// one, swept out.
SymmetricMatrix swept_block(const LinearSystem& system, const std::vector<size_t>& columns);
// Cross-products of some columns about their means in each cell of a plain factor term: its cells
// swept out. Centers do not matter.
SymmetricMatrix block_within_cells(const LinearSystem& system, const std::vector<size_t>& columns,
                                   size_t term);

// The products with levels in published order: those of the frozen design.
CrossProducts align_levels(const Design& frozen, const CellPlan& plan,
                           const CrossProducts& products);
// The design with the levels found in the data, sorted.
Design freeze_levels(const Design& design, const CrossProducts& products);

}  // namespace insitu
