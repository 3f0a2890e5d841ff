// What a linear model says of a row: its design, and coefficients about the model's centers, so
// that large offsets cost no digits. Shared by all that predicts with it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "design/design.hpp"
#include "design/row_reader.hpp"

namespace insitu {

struct LinearScoring {
  struct Term {
    size_t first = 0;             // of its cells in the coefficient list
    std::vector<size_t> strides;  // per factor
    double center = 0.0;          // of its feature
  };

  Design design;
  double intercept = 0.0;
  std::vector<Term> terms;           // as in the design
  std::vector<double> coefficients;  // 0 where dropped, NaN where the cell had no rows

  // SpecError for a model of another kind, or one that does not fit together.
  static LinearScoring from_model(const Json& model);
  // Position in the coefficient list of the cell of term `t` that a row falls into; one past its
  // end where a level is missing.
  size_t coefficient_of(size_t t, const Tile& tile, size_t row) const {
    size_t index = terms[t].first;
    const std::vector<size_t>& factors = design.terms[t].factors;
    for (size_t f = 0; f < factors.size(); ++f) {
      const uint32_t code = tile.codes[factors[f]][row];
      if (code >= kUnseenCode) return coefficients.size();
      index += terms[t].strides[f] * code;
    }
    return index;
  }
};

}  // namespace insitu
