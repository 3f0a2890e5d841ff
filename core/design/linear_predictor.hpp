// X b for the rows of a tile: coefficients of a design's columns, about centers, so that large
// offsets cost no digits.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "design/design.hpp"
#include "design/row_reader.hpp"

namespace insitu {

struct LinearPredictor {
  struct Term {
    size_t first = 0;             // of its cells in the coefficient list
    std::vector<size_t> factors;  // as in the design
    std::vector<size_t> strides;  // per factor
    std::optional<size_t> feature;
    double center = 0.0;  // of the feature
  };

  double constant = 0.0;    // where all features are at their centers
  std::vector<Term> terms;  // as in the design
  std::vector<double>
      coefficients;  // an intercept's, which `constant` holds already, then the terms'

  // All zero, about zero. The design is frozen.
  static LinearPredictor zero(const Design& design);
  // {"constant", "centers": per term, "coefficients"}. SpecError unless it fits the design.
  static LinearPredictor from_json(const Design& design, const Json& json);
  Json to_json() const;

  // Position in the coefficient list of the cell of term `t` that a row falls into; one past its
  // end where a level is missing.
  size_t coefficient_of(size_t t, const Tile& tile, size_t row) const {
    const Term& term = terms[t];
    size_t index = term.first;
    for (size_t f = 0; f < term.factors.size(); ++f) {
      const uint32_t code = tile.codes[term.factors[f]][row];
      if (code >= kUnseenCode) return coefficients.size();
      index += term.strides[f] * code;
    }
    return index;
  }

  // Without offsets. `nowhere`: per term, counts rows in cells whose coefficient is NaN; may be
  // null.
  void evaluate(const Tile& tile, double* out, std::vector<uint64_t>* nowhere = nullptr) const;

 private:
  // The coefficients of the cells of term `t` that rows [begin, begin + n) fall into.
  void cell_values(size_t t, const Tile& tile, size_t begin, size_t n, double* out,
                   std::vector<uint64_t>* nowhere) const;
};

}  // namespace insitu
