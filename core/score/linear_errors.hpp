// How uncertain linear predictors are: standard errors, and intervals by Student's t, or by the
// normal distribution where the dispersion is known.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "design/row_form.hpp"
#include "score/linear_scoring.hpp"

namespace insitu {

class LinearErrors {
 public:
  // `prediction`: the interval is that of an observation, not of the mean. SpecError if the model
  // has no covariance, or one that does not fit its coefficients, or no such interval. `scoring`
  // outlives this.
  LinearErrors(const Json& model, const LinearScoring& scoring, double confidence_level,
               bool prediction);

  // Of each row of the tile, whose fitted values these are. std_error may be null, and both bounds.
  void write(const Tile& tile, const double* fitted, double* std_error, double* lower,
             double* upper, RowForm::Active& active) const;

 private:
  const LinearScoring& scoring_;
  double t_ = 0.0;      // half the interval, in standard deviations
  double extra_ = 0.0;  // variance of an observation about its mean, where that counts
  RowForm form_;        // the covariance of the coefficients
};

}  // namespace insitu
