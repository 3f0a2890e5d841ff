// Which columns are taken about their means: the same fit, without the rounding of large offsets.
//
// A center costs nothing where the model holds the column that it multiplies. Numeric columns and
// the response need a constant: the intercept, or a plain factor term, whose cells add up to one.
// Slopes within cells need the cells: a plain factor term over the same factors, or more.
#pragma once

#include <optional>
#include <vector>

#include "design/design.hpp"

namespace insitu {

struct Centring {
  static constexpr int kIntercept = -1;

  // What takes up the means of numeric columns and the response: the intercept or a plain factor
  // term; none: they stay as they are.
  std::optional<int> constant;
  std::vector<std::optional<size_t>> cells;  // per slope within cells: the plain factor term
  // True if everything that takes up a center is eliminated before the column it is taken from.
  bool in_order = true;

  static Centring widest(const Design& design, bool drop_main);
  // Centers that only the intercept takes up.
  static Centring by_intercept(const Design& design);
  // True if cells take up a center: then coefficients of cells change with it.
  bool into_cells() const;
};

}  // namespace insitu
