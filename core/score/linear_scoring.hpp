// What a linear model says of a row: its design, and coefficients about the model's centers, so
// that large offsets cost no digits. Shared by all that predicts with it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "design/design.hpp"
#include "design/linear_predictor.hpp"

namespace insitu {

struct LinearScoring {
  Design design;
  LinearPredictor predictor;  // coefficients 0 where dropped, NaN where the cell had no rows

  // SpecError for a model of another kind, or one that does not fit together.
  static LinearScoring from_model(const Json& model);
};

}  // namespace insitu
