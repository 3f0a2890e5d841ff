#include "family/likelihood.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "family/negative_binomial.hpp"
#include "linalg/distributions.hpp"

namespace insitu {
namespace {

// x log(x), 0 at 0.
double entropy(double x) { return x > 0.0 ? x * std::log(x) : 0.0; }

// The largest log-density of a response of weight one, or of `trials`.
double saturated(const Family& family, double y, double trials) {
  switch (family.kind) {
    case FamilyKind::kBinomial: {
      if (y == 0.0 || y == 1.0) return 0.0;
      const double successes = trials * y;
      const double choices = log_gamma(trials + 1.0) - log_gamma(successes + 1.0) -
                             log_gamma(trials - successes + 1.0);
      return choices + trials * (entropy(y) + entropy(1.0 - y));
    }
    case FamilyKind::kPoisson:
      return poisson_saturated(y);
    case FamilyKind::kNegativeBinomial:
      return theta_terms(family.parameter, y).saturated;
    case FamilyKind::kGamma:
    case FamilyKind::kInverseGaussian:
      return std::log(y);  // the rest depends on the dispersion
    case FamilyKind::kGaussian:
    case FamilyKind::kTweedie:
      return 0.0;
  }
  return 0.0;
}

}  // namespace

bool has_likelihood(const Family& family) {
  return !family.quasi && family.kind != FamilyKind::kTweedie;
}

void likelihood_terms(const Family& family, const LikelihoodRows& rows, bool replicates,
                      double* out) {
  const bool shares = family.kind == FamilyKind::kBinomial && !replicates;
  const bool gaussian = family.kind == FamilyKind::kGaussian;
  for (size_t i = 0; i < rows.rows; ++i) {
    const double w = rows.weight == nullptr ? 1.0 : rows.weight[i];
    if (gaussian) {
      out[i] = replicates ? 0.0 : 0.5 * std::log(w);
      continue;
    }
    const double trials = !shares ? 1.0 : rows.trials == nullptr ? w : rows.trials[i];
    out[i] = w / trials * saturated(family, rows.y[i], trials);
  }
}

double log_likelihood(const Family& family, const LikelihoodSums& sums) {
  if (!has_likelihood(family)) return std::numeric_limits<double>::quiet_NaN();
  const double dispersion = sums.deviance / sums.weights;  // at the maximum, as R has it
  constexpr double kTwoPi = 2.0 * std::numbers::pi;
  switch (family.kind) {
    case FamilyKind::kGaussian:
      return -0.5 * sums.observations *
                 (std::log(kTwoPi * sums.deviance / sums.observations) + 1.0) +
             sums.terms;
    case FamilyKind::kGamma: {
      const double shape = 1.0 / dispersion;
      return -shape * (0.5 * sums.deviance + sums.weights) - sums.terms -
             sums.weights * (log_gamma(shape) - shape * std::log(shape));
    }
    case FamilyKind::kInverseGaussian:
      return -0.5 * sums.weights * (std::log(kTwoPi * dispersion) + 1.0) - 1.5 * sums.terms;
    default:
      return sums.terms - 0.5 * sums.deviance;
  }
}

}  // namespace insitu
