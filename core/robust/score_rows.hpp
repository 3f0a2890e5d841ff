// What each row adds to the gradient of the log-likelihood, at given coefficients. Scratch of one
// update.
#pragma once

#include "design/linear_predictor.hpp"
#include "family/family.hpp"
#include "linalg/aligned.hpp"

namespace insitu {

// A fitted model, as far as scores need it.
struct FittedPoint {
  Family family;
  LinearPredictor predictor;

  // Reads "family" and "predictor". SpecError unless the design is frozen.
  static FittedPoint from_json(const Design& design, const Json& family, const Json& predictor);
};

class ScoreRows {
 public:
  // `point` outlives this.
  ScoreRows(const FittedPoint& point, uint64_t rows);
  // The tile is read with its own response, offsets beside it.
  void at(const Tile& tile);
  // d log-likelihood / d eta of each row times its dispersion, w (y - mu) (dmu/deta) / V(mu); 0
  // where a mean is not one of the family's.
  const double* scores() const { return score_.data(); }
  // W, as in family/working.hpp.
  const double* weights() const { return weight_.data(); }

 private:
  const FittedPoint& point_;
  AlignedDoubles eta_, mean_, rest_, slope_, scratch_, variance_, weight_, score_, y_rest_;
};

}  // namespace insitu
