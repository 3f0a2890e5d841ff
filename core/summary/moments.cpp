#include "summary/moments.hpp"

#include <algorithm>
#include <cmath>

#include "base/compare.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double value(DoubleDouble x) { return x.hi + x.lo; }

// A constant column has no deviation, whatever the last bits of its mean.
DoubleDouble squares(const Moments& m) { return m.min == m.max ? DoubleDouble(0.0) : m.m2; }

double root_mean_square(const Moments& m) {
  const double weight = m.weight.hi;
  return weight > 0.0 ? std::hypot(m.mean.hi, std::sqrt(std::max(0.0, m.m2.hi) / weight)) : 0.0;
}

double variance(const Moments& m, Weighting weighting) {
  if (!has_squares(m)) return kNaN;
  const DoubleDouble m2 = squares(m);
  if (weighting == Weighting::kProbability) {
    if (m.valid < 2) return kNaN;
    const auto n = static_cast<double>(m.valid);
    return value(m2 / m.weight * (DoubleDouble(n) / DoubleDouble(n - 1.0)));
  }
  const DoubleDouble divisor = m.weight - DoubleDouble(1.0);
  return m.valid > 0 && divisor.hi > 0.0 ? value(m2 / divisor) : kNaN;
}

}  // namespace

double Moments::distance(const Moments& other) const {
  if (valid != other.valid || missing != other.missing) return detail::kFar;
  if (detail::exact_distance(min, other.min) != 0.0) return detail::kFar;
  if (detail::exact_distance(max, other.max) != 0.0) return detail::kFar;
  const double rms = std::max(root_mean_square(*this), root_mean_square(other));
  const DoubleDouble mine = squares(*this);
  const DoubleDouble theirs = squares(other);
  return std::max({insitu::distance(weight, other.weight),
                   insitu::distance(missing_weight, other.missing_weight),
                   detail::sum_distance(mean, other.mean, rms), insitu::distance(mine, theirs)});
}

void merge(Moments& into, const Moments& from) {
  into.missing += from.missing;
  into.missing_weight += from.missing_weight;
  into.min = std::min(into.min, from.min);
  into.max = std::max(into.max, from.max);
  if (from.valid == 0) return;
  if (into.valid == 0) {
    into.valid = from.valid;
    into.weight = from.weight;
    into.mean = from.mean;
    into.m2 = from.m2;
    return;
  }
  const DoubleDouble weight = into.weight + from.weight;
  const DoubleDouble share = from.weight / weight;
  const DoubleDouble step = from.mean - into.mean;
  into.m2 += from.m2 + step * step * into.weight * share;
  into.mean += step * share;
  into.weight = weight;
  into.valid += from.valid;
}

bool has_squares(const Moments& m) {
  return m.min >= m.max || (m.m2.hi >= kLeastSquares && std::isfinite(m.m2.hi));
}

std::string_view weighting_name(Weighting weighting) {
  switch (weighting) {
    case Weighting::kProbability:
      return "pweights";
    case Weighting::kFrequency:
      return "fweights";
    case Weighting::kNone:
      break;
  }
  return "none";
}

Statistics statistics(const Moments& m, Weighting weighting) {
  const bool any = m.valid > 0;
  Statistics s{};
  s.mean = any ? value(m.mean) : kNaN;
  s.std_dev = std::sqrt(variance(m, weighting));
  s.min = any ? m.min : kNaN;
  s.max = any ? m.max : kNaN;
  s.sum = any ? value(m.mean * m.weight) : 0.0;
  s.sum_of_weights = value(m.weight);
  s.missing_weights =
      weighting == Weighting::kNone ? static_cast<double>(m.missing) : value(m.missing_weight);
  s.valid_obs =
      weighting == Weighting::kFrequency ? s.sum_of_weights : static_cast<double>(m.valid);
  s.missing_obs = static_cast<double>(m.missing);
  return s;
}

}  // namespace insitu
