// The normal equations of a frozen design, entry by entry, from its cross-products.
//
// With an intercept, numeric columns and the response are taken about their means: the same fit,
// without the rounding of large offsets. Slopes within cells keep their raw multiplier.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "design/cross_products.hpp"
#include "linalg/symmetric.hpp"

namespace insitu {

struct SystemColumn {
  int term = -1;  // -1: the intercept
  uint64_t cell = 0;
};

class LinearSystem {
 public:
  // `products` must carry the levels of `design` in order (align_levels). Both outlive the system.
  LinearSystem(const Design& design, const CellPlan& plan, const CrossProducts& products,
               bool intercept);

  // Intercept first, then the terms as written, cells in order.
  const std::vector<SystemColumn>& columns() const { return columns_; }
  size_t first_column(size_t term) const { return first_[term]; }
  std::string name(size_t column) const;

  DoubleDouble entry(size_t i, size_t j) const;  // sum of w x_i x_j
  DoubleDouble response_entry(size_t i) const;   // sum of w x_i y
  DoubleDouble response_square() const;  // sum of w y^2, about the mean if there is an intercept
  DoubleDouble raw_response_square() const;  // sum of w y^2
  DoubleDouble raw_square(size_t i) const;   // of the column before centring
  DoubleDouble weight() const { return products_.weight; }
  // Mean of a value (1 + feature, or the response last) that its column was taken about; 0 without
  // an intercept.
  DoubleDouble center(size_t value) const;
  bool empty_cell(size_t column) const;  // a factor column without rows
  // Columns of one group exclude each other: the cells of a term (the intercept: -1 + 1 = 0).
  size_t group(size_t column) const { return static_cast<size_t>(columns_[column].term) + 1; }
  const Design& design() const { return design_; }
  bool intercept() const { return intercept_; }

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
  size_t multiplier(size_t term) const;
  DoubleDouble mean(size_t value) const;
  DoubleDouble numeric_entry(size_t a, size_t b) const;
  // Sum over a cell of (value a) x (value b), value b about `center_b`.
  DoubleDouble cell_entry(size_t table, uint64_t cell, size_t a, size_t b,
                          DoubleDouble center_b) const;
  DoubleDouble value_entry(size_t column, size_t value) const;

  const Design& design_;
  const CellPlan& plan_;
  const CrossProducts& products_;
  bool intercept_;
  size_t response_;  // its value index
  std::vector<SystemColumn> columns_;
  std::vector<size_t> first_;
  std::vector<PairMap> pairs_;
};

// Cross-products of some columns about their means: the intercept, where there is one, swept out.
SymmetricMatrix swept_block(const LinearSystem& system, const std::vector<size_t>& columns);

// The products with levels in published order: those of the frozen design.
CrossProducts align_levels(const Design& frozen, const CellPlan& plan,
                           const CrossProducts& products);
// The design with the levels found in the data, sorted.
Design freeze_levels(const Design& design, const CrossProducts& products);

}  // namespace insitu
