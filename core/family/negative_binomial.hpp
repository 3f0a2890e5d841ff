// What the negative binomial's theta needs of each row: the log-likelihood as a function of theta,
// in forms that keep their digits for counts and thetas of any size.
//
// With psi = digamma, d(x) = psi(x) - log x and v = (y - mu) / (theta + mu) the score is
// d(theta + y) - d(theta) + log(1 + v) - v, and with e(x) = trigamma(x) - 1 / x the information
// e(theta) - e(theta + y) - v^2 / (theta + y): where theta is large, both are as small as 1 /
// theta^2 and the differences are taken term by term of Stirling's series (Abramowitz and
// Stegun, 6.1.42, 6.3.18, 6.4.12).
#pragma once

#include <cstddef>
#include <vector>

#include "base/double_double.hpp"

namespace insitu {

// Of a count alone.
struct ThetaTerms {
  double digamma = 0.0;    // d(theta + y) - d(theta)
  double trigamma = 0.0;   // e(theta) - e(theta + y)
  double saturated = 0.0;  // the largest log-density of y, at the mean y
};
// theta is above 0, and may be infinite: then the saturated density is Poisson's, and the rest 0.
ThetaTerms theta_terms(double theta, double y);
// The largest log-density of a Poisson count.
double poisson_saturated(double y);

// Sums over rows at given means.
enum ThetaSum : size_t {
  kThetaScore,        // d log-likelihood / d theta
  kThetaInformation,  // minus its second derivative
  kThetaSaturated,    // see ThetaTerms
  kThetaExcess,       // of w ((y - mu)^2 - y): at infinity, twice the slope in 1 / theta
  kThetaSquares,      // of w mu^2
  kThetaSums
};

// The terms at one theta; small counts are looked up.
class ThetaTable {
 public:
  explicit ThetaTable(double theta);
  // Rows whose mean is not above 0 count nothing. `weight` may be null.
  void add(const double* y, const double* weight, const double* mean, size_t n,
           std::vector<DoubleDouble>& into) const;

 private:
  double theta_;
  std::vector<ThetaTerms> small_;  // of 0, 1, 2, …
};

}  // namespace insitu
