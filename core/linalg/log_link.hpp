// Means under the log link with a variance that is a power of the mean (Poisson, gamma, inverse
// Gaussian, Tweedie), row by row: what a step of iteratively reweighted least squares takes of
// each, and the deviance. Kernels as in kernels.hpp.
#pragma once

#include <cstddef>

namespace insitu {

struct LogLinkRows {
  const double* y = nullptr;       // at least 0; above 0 for powers from 2 on
  const double* weight = nullptr;  // null: all ones
  size_t rows = 0;                 // at most kMaxTileRows
};

// V(mu) = mu^power, power >= 1. With q = y / mu the unit deviance is 2 mu^(2-p) f(q), f(1) = 0.
struct PowerVariance {
  static constexpr size_t kTerms = 10;
  double power = 1.0;
  double near[kTerms];  // f(1 + s) / s^2 = near[0] + near[1] s + …

  explicit PowerVariance(double power);
};

// Sum of w times the unit deviance, each to about 1e-15 of what its terms add up to, also where y
// and the mean nearly agree. Not finite if an eta is not, or if exp(eta) or its inverse is not.
double log_link_deviance(const LogLinkRows& rows, const PowerVariance& variance, const double* eta);

struct LogLinkSums {
  double deviance = 0.0;  // as above
  double pearson = 0.0;   // sum of w (y - mu)^2 / mu^p
};
// Also working weights and responses, with room for `rows` up to the next multiple of 8:
// W = w mu^(2-p), z = linear + (y - mu) / mu. With least_observed above 0, W is that of observed
// information, w mu^(2-p) (1 + (p - 1) (y - mu) / mu), at least this part of the other, and z keeps
// the gradient.
LogLinkSums log_link_working(const LogLinkRows& rows, const PowerVariance& variance,
                             double least_observed, const double* eta, const double* linear,
                             double* working_weight, double* working_response);

}  // namespace insitu
