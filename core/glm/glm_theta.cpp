#include "glm/glm_theta.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "family/negative_binomial.hpp"

namespace insitu {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLongestStep = 2.0;  // of log theta
constexpr double kLeastTheta = 1e-8;

double of(const GlmState& state, ThetaSum sum) { return state.theta[sum].hi; }

}  // namespace

double ThetaSearch::objective(const GlmState& state, double deviance) {
  return deviance - 2.0 * of(state, kThetaSaturated);
}

double ThetaSearch::next(const GlmState& state) const {
  const double excess = of(state, kThetaExcess);
  const double by_moments = excess > 0.0 ? of(state, kThetaSquares) / excess : kInfinity;
  if (std::isinf(theta_)) return by_moments;
  const double score = of(state, kThetaScore);
  if (std::isinf(by_moments) && score > 0.0) return kInfinity;
  if (!moved_ && std::isfinite(by_moments)) return std::max(by_moments, kLeastTheta);
  // In log theta the slope is theta U, and minus the second derivative theta^2 J - theta U.
  const double slope = theta_ * score;
  const double bend = theta_ * theta_ * of(state, kThetaInformation) - slope;
  const double step = bend > 0.0 ? slope / bend : std::copysign(kLongestStep, slope);
  return std::max(kLeastTheta, theta_ * std::exp(std::clamp(step, -kLongestStep, kLongestStep)));
}

void ThetaSearch::step(const GlmState& state) {
  previous_ = theta_;
  const double information = of(state, kThetaInformation);
  std_error_ = std::isinf(theta_) || !(information > 0.0) ? std::numeric_limits<double>::quiet_NaN()
                                                          : std::sqrt(1.0 / information);
  theta_ = next(state);
  relative_step_ = theta_ == previous_ ? 0.0 : std::abs(theta_ / previous_ - 1.0);
  if (std::isinf(previous_) != std::isinf(theta_)) relative_step_ = 1.0;
  moved_ = true;
}

void ThetaSearch::shorten(double part) {
  if (std::isinf(previous_)) {
    theta_ /= part;
  } else if (std::isinf(theta_)) {
    theta_ = previous_ / part;
  } else {
    theta_ = previous_ * std::pow(theta_ / previous_, part);
  }
}

}  // namespace insitu
