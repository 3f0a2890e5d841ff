// What a model with a linear predictor says of a row: its design, coefficients about the model's
// centers, so that large offsets cost no digits, and the family and link behind them. Shared by all
// that predicts with it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "design/design.hpp"
#include "design/linear_predictor.hpp"
#include "family/family.hpp"

namespace insitu {

struct LinearScoring {
  Design design;
  LinearPredictor predictor;  // coefficients 0 where dropped, NaN where the cell had no rows
  bool generalized = false;   // a linear model if not
  Family family;              // of a linear model: gaussian, with the identity link

  // SpecError for a model of another kind, or one that does not fit together.
  static LinearScoring from_model(const Json& model);
};

}  // namespace insitu
