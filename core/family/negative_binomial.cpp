#include "family/negative_binomial.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "linalg/distributions.hpp"

namespace insitu {
namespace {

constexpr double kSeries = 16.0;  // from here on Stirling's series has all digits
constexpr size_t kSmallCounts = 256;

// log(1 + v) - v.
double log1p_less(double v) {
  if (std::abs(v) > 0.02) return std::log1p(v) - v;
  double tail = 0.0;
  for (int k = 9; k >= 2; --k) tail = 1.0 / k - v * tail;
  return -v * v * tail;
}

// log gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2.
double stirling_rest(double x) {
  if (x < kSeries) {
    const double half_log_two_pi = 0.5 * std::log(2.0 * std::numbers::pi);
    return log_gamma(x) - (x - 0.5) * std::log(x) + x - half_log_two_pi;
  }
  const double s = 1.0 / (x * x);
  return (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s / 1188)))) / x;
}

// x moved up to where the series holds: psi(x) is less by the sum of 1 / (x + j), trigamma more by
// that of their squares.
struct Shifted {
  double x;
  double inverses = 0.0;
  double squares = 0.0;
};
Shifted shift(double x) {
  Shifted shifted{x};
  for (; shifted.x < kSeries; shifted.x += 1.0) {
    const double inverse = 1.0 / shifted.x;
    shifted.inverses += inverse;
    shifted.squares += inverse * inverse;
  }
  return shifted;
}

// psi(x) - log x.
double digamma_less(double x) {
  const Shifted at = shift(x);
  const double s = 1.0 / (at.x * at.x);
  const double series =
      -0.5 / at.x -
      s * (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s * (1.0 / 132)))));
  return series - at.inverses + std::log(at.x / x);
}

// trigamma(x) - 1 / x.
double trigamma_less(double x) {
  const Shifted at = shift(x);
  const double inverse = 1.0 / at.x;
  const double s = inverse * inverse;
  const double series =
      inverse + 0.5 * s +
      s * inverse * (1.0 / 6 - s * (1.0 / 30 - s * (1.0 / 42 - s * (1.0 / 30 - s * (5.0 / 66)))));
  return series + at.squares - 1.0 / x;
}

double poisson_saturated_at(double y) {
  if (y == 0.0) return 0.0;
  return -0.5 * std::log(2.0 * std::numbers::pi * y) - stirling_rest(y);
}

}  // namespace

double poisson_saturated(double y) {
  static const std::array<double, kSmallCounts> kSmall = [] {
    std::array<double, kSmallCounts> values;
    for (size_t k = 0; k < kSmallCounts; ++k)
      values[k] = poisson_saturated_at(static_cast<double>(k));
    return values;
  }();
  const auto k =
      y >= 0.0 && y < static_cast<double>(kSmallCounts) ? static_cast<size_t>(y) : kSmallCounts;
  return k < kSmallCounts && static_cast<double>(k) == y ? kSmall[k] : poisson_saturated_at(y);
}

ThetaTerms theta_terms(double theta, double y) {
  ThetaTerms terms;
  if (y == 0.0) return terms;
  terms.saturated = poisson_saturated(y);
  if (std::isinf(theta)) return terms;
  const double sum = theta + y;
  terms.saturated += stirling_rest(sum) - stirling_rest(theta) - 0.5 * std::log1p(y / theta);
  if (theta < kSeries) {
    terms.digamma = digamma_less(sum) - digamma_less(theta);
    terms.trigamma = trigamma_less(theta) - trigamma_less(sum);
    return terms;
  }
  // a^k - b^k by the factor a - b, with a = 1 / theta and b = 1 / (theta + y).
  const double a = 1.0 / theta;
  const double b = 1.0 / sum;
  const double d = y * a * b;
  const double a2 = a * a;
  const double b2 = b * b;
  const double p2 = d * (a + b);
  const double p4 = p2 * (a2 + b2);
  const double p6 = p2 * (a2 * a2 + a2 * b2 + b2 * b2);
  const double p8 = p4 * (a2 * a2 + b2 * b2);
  const double p10 = p2 * (a2 * a2 * a2 * a2 + a2 * a2 * a2 * b2 + a2 * a2 * b2 * b2 +
                           a2 * b2 * b2 * b2 + b2 * b2 * b2 * b2);
  terms.digamma = 0.5 * d + p2 / 12 - p4 / 120 + p6 / 252 - p8 / 240 + p10 / 132;
  // Of odd powers: a^(k+1) - b^(k+1) = a (a^k - b^k) + b^k (a - b).
  const double p3 = a * p2 + b2 * d;
  const double p5 = a * p4 + b2 * b2 * d;
  const double p7 = a * p6 + b2 * b2 * b2 * d;
  const double p9 = a * p8 + b2 * b2 * b2 * b2 * d;
  const double p11 = a * p10 + b2 * b2 * b2 * b2 * b2 * d;
  terms.trigamma = 0.5 * p2 + p3 / 6 - p5 / 30 + p7 / 42 - p9 / 30 + p11 * 5 / 66;
  return terms;
}

ThetaTable::ThetaTable(double theta) : theta_(theta) {
  for (size_t y = 0; y < kSmallCounts; ++y)
    small_.push_back(theta_terms(theta, static_cast<double>(y)));
}

void ThetaTable::add(const double* y, const double* weight, const double* mean, size_t n,
                     std::vector<DoubleDouble>& into) const {
  double score = 0.0;
  double information = 0.0;
  double saturated = 0.0;
  double excess = 0.0;
  double squares = 0.0;
  for (size_t i = 0; i < n; ++i) {
    if (!(mean[i] > 0.0) || std::isinf(mean[i])) continue;
    const double w = weight == nullptr ? 1.0 : weight[i];
    const bool small = y[i] < static_cast<double>(kSmallCounts) && y[i] == std::floor(y[i]);
    const ThetaTerms terms = small ? small_[static_cast<size_t>(y[i])] : theta_terms(theta_, y[i]);
    const double residual = y[i] - mean[i];
    const double v = residual / (theta_ + mean[i]);
    score += w * (terms.digamma + log1p_less(v));
    information += w * (terms.trigamma - v * (v / (theta_ + y[i])));
    saturated += w * terms.saturated;
    excess += w * (residual * residual - y[i]);
    squares += w * mean[i] * mean[i];
  }
  into[kThetaScore] += DoubleDouble(score);
  into[kThetaInformation] += DoubleDouble(information);
  into[kThetaSaturated] += DoubleDouble(saturated);
  into[kThetaExcess] += DoubleDouble(excess);
  into[kThetaSquares] += DoubleDouble(squares);
}

}  // namespace insitu
