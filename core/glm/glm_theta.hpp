// The search for the negative binomial's theta, beside that for the coefficients: their expected
// cross-information is zero, so that a step of each a pass ends at the maximum of both.
//
// The first step is by moments, 1 / theta = sum w ((y - mu)^2 - y) / sum w mu^2; those after it are
// Newton's in log theta. Where the variance of the responses is not above their mean the likelihood
// rises up to an infinite theta, which is Poisson's model: that is then the estimate.
#pragma once

#include "glm/glm_analysis.hpp"

namespace insitu {

class ThetaSearch {
 public:
  // Where the next pass stands.
  double theta() const { return theta_; }
  // What is minimised, at a pass that stood there: the deviance less twice the saturated
  // log-likelihood.
  static double objective(const GlmState& state, double deviance);
  // Takes the step that the sums of a pass give.
  void step(const GlmState& state);
  // Goes back to a part of the last step.
  void shorten(double part);
  // Of the last step, over theta.
  double relative_step() const { return relative_step_; }
  // By the observed information at the last pass; NaN where theta is infinite.
  double std_error() const { return std_error_; }

 private:
  double next(const GlmState& state) const;

  double theta_ = 1.0;
  double previous_ = 1.0;
  double relative_step_ = 1.0;
  double std_error_ = 0.0;
  bool moved_ = false;
};

}  // namespace insitu
