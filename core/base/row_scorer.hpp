// Row functions one row at a time, for hosts that meet rows that way.
#pragma once

#include <memory>

#include "analysis.hpp"
#include "insitu/value.h"

namespace insitu {

// Not shared between threads, and not to outlive its row function.
class RowScorer {
 public:
  virtual ~RowScorer() = default;
  // `values`: one per column of the row function; `out`: one per output, NaN where missing. Gives
  // what apply() gives for a chunk of this row, bit for bit. DataError for what cannot be scored.
  virtual void score(const insitu_value* values, double* out) = 0;
};

// The row function's own scorer, or where it has none one that hands apply() a chunk per row.
std::unique_ptr<RowScorer> make_scorer(const RowFunction& function);

}  // namespace insitu
