// Sums of products over the cells of some factors, in double-double, about an origin (see
// cell_plan.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/double_double.hpp"
#include "base/fields.hpp"

namespace insitu {

struct CellTable {
  std::vector<uint32_t> factors;  // cells are mixed-radix over these, the first fastest
  std::vector<uint32_t> a;  // product p is the sum of (value a[p] - origin) x (value b[p] - origin)
  std::vector<uint32_t> b;  // value 0 is the constant one; product 0 is (0, 0): the weight
  std::vector<double> hi;   // [cell * products + product]
  std::vector<double> lo;

  static void fields(auto& self, auto&& visit) {
    visit("factors", FieldKind::kExact, self.factors);
    visit("a", FieldKind::kExact, self.a);
    visit("b", FieldKind::kExact, self.b);
    visit("hi", FieldKind::kSum, self.hi);
    visit("lo", FieldKind::kSum, self.lo);
  }

  size_t products() const { return a.size(); }
  uint64_t cells() const { return a.empty() ? 0 : hi.size() / a.size(); }
  DoubleDouble at(uint64_t cell, size_t product) const {
    const size_t i = cell * products() + product;
    return {hi[i], lo[i]};
  }
  // Position of the product (x, y) in either order; products() if it is not kept.
  size_t find(size_t x, size_t y) const;
  // Takes the sums about origin + shift instead: shift[v] belongs to value v, shift[0] = 0.
  void move_origin(std::span<const DoubleDouble> shift);
};

// Codes of one labelling in another: map[f][code].
using CodeMaps = std::vector<std::vector<uint32_t>>;

// into[cell under maps] += from[cell]; level counts of the two sides. `into` must be large enough.
void add_cells(CellTable& into, const std::vector<uint32_t>& into_counts, const CellTable& from,
               const std::vector<uint32_t>& from_counts, const CodeMaps& maps);

// Appends the labels of `from` that `into` lacks; returns the code in `into` of each label of
// `from`.
std::vector<uint32_t> unite_levels(std::vector<std::string>& into,
                                   const std::vector<std::string>& from);

std::vector<uint32_t> level_counts(const std::vector<std::vector<std::string>>& levels);

}  // namespace insitu
