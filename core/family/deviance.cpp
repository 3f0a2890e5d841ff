// Unit deviances of the families.
#include <algorithm>
#include <array>
#include <cmath>

#include "family/family.hpp"
#include "linalg/math.hpp"

namespace insitu {
namespace {

// y log(y / m) + m - y for y >= 0 and m > 0, at full relative precision where they nearly agree.
void relative_entropies(const double* y, const double* m, size_t n, double* out, double* scratch) {
  for (size_t i = 0; i < n; ++i) scratch[i] = y[i] > 0.0 ? y[i] / m[i] : 1.0;
  log_array(scratch, n, scratch);
  for (size_t i = 0; i < n; ++i) {
    // With v = (y - m) / (y + m): (y - m) v + 2 y v (v^2 / 3 + v^4 / 5 + …).
    const double v = (y[i] - m[i]) / (y[i] + m[i]);
    const double s = v * v;
    double tail = 1.0 / 17.0;
    for (const double odd : {15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0}) tail = 1.0 / odd + s * tail;
    const double near = (y[i] - m[i]) * v + 2.0 * y[i] * v * s * tail;
    const double far = y[i] * scratch[i] + (m[i] - y[i]);
    out[i] = std::abs(v) < 0.1 ? near : far;
  }
}

// Rows at a time, where a family needs more room than it is given.
constexpr size_t kBlock = 256;

// With t = theta: 2 (y log(y / m) - (y + t) log((y + t) / (m + t))), as differences of relative
// entropies E(y, m). Those of large counts cancel, where E(y, m) - E(y + t, m + t) is also
//   t^2 (y - m)^2 / (m (y + t) (m + t)) - y E(p, q) / p + t E(m + t, y + t) / (m + t),
// p = m (y + t), q = y (m + t), whose terms are no larger than it.
void negative_binomial_deviances(double t, const double* y, const double* m, size_t n, double* out,
                                 double* scratch) {
  std::array<double, kBlock> a;
  std::array<double, kBlock> b;
  std::array<double, kBlock> first;
  std::array<double, kBlock> second;
  relative_entropies(y, m, n, out, scratch);
  for (size_t begin = 0; begin < n && !std::isinf(t); begin += kBlock) {
    const size_t rows = std::min(kBlock, n - begin);
    const double* y_of = y + begin;
    const double* m_of = m + begin;
    for (size_t i = 0; i < rows; ++i) {
      const bool large = m_of[i] > t;
      a[i] = large ? m_of[i] * (y_of[i] + t) : y_of[i] + t;
      b[i] = large ? y_of[i] * (m_of[i] + t) : m_of[i] + t;
    }
    relative_entropies(a.data(), b.data(), rows, first.data(), scratch);
    for (size_t i = 0; i < rows; ++i) {
      a[i] = m_of[i] + t;
      b[i] = y_of[i] + t;
    }
    relative_entropies(a.data(), b.data(), rows, second.data(), scratch);
    for (size_t i = 0; i < rows; ++i) {
      const double scaled = t * ((y_of[i] - m_of[i]) / a[i]);
      const double large = scaled * (scaled * (a[i] / (m_of[i] * b[i]))) -
                           (y_of[i] > 0.0 ? first[i] / (m_of[i] * b[i]) * y_of[i] : 0.0) +
                           t * (second[i] / a[i]);
      out[begin + i] = m_of[i] > t ? large : out[begin + i] - first[i];
    }
  }
  for (size_t i = 0; i < n; ++i) out[i] *= 2.0;
}

// 2 (y^(2-p) / ((1-p)(2-p)) - y m^(1-p) / (1-p) + m^(2-p) / (2-p)).
void tweedie_deviances(double p, const double* y, const double* m, size_t n, double* out,
                       double* scratch) {
  power_array(y, n, 2.0 - p, out);
  power_array(m, n, 1.0 - p, scratch);
  for (size_t i = 0; i < n; ++i) {
    const double from_y = y[i] > 0.0 ? out[i] / ((1.0 - p) * (2.0 - p)) : 0.0;
    out[i] = 2.0 * (from_y - scratch[i] * (y[i] / (1.0 - p) - m[i] / (2.0 - p)));
  }
}

}  // namespace

void Family::deviances(const double* y, const double* mean, const double* rest, size_t n,
                       double* out, double* scratch, const double* y_rest) const {
  const bool known = kind != FamilyKind::kTweedie;
  const double power = parameter;
  if (kind == FamilyKind::kGaussian || (!known && power == 0.0)) {
    for (size_t i = 0; i < n; ++i) out[i] = (y[i] - mean[i]) * (y[i] - mean[i]);
  } else if (kind == FamilyKind::kPoisson || (!known && power == 1.0)) {
    relative_entropies(y, mean, n, out, scratch);
    for (size_t i = 0; i < n; ++i) out[i] *= 2.0;
  } else if (kind == FamilyKind::kGamma || (!known && power == 2.0)) {
    relative_entropies(mean, y, n, out, scratch);
    for (size_t i = 0; i < n; ++i) out[i] *= 2.0 / mean[i];
  } else if (kind == FamilyKind::kInverseGaussian || (!known && power == 3.0)) {
    for (size_t i = 0; i < n; ++i) {
      const double scaled = (y[i] - mean[i]) / mean[i];
      out[i] = scaled * scaled / y[i];
    }
  } else if (kind == FamilyKind::kBinomial) {
    std::array<double, kBlock> other;
    std::array<double, kBlock> part;
    for (size_t begin = 0; begin < n; begin += kBlock) {
      const size_t m = std::min(kBlock, n - begin);
      for (size_t i = 0; i < m; ++i)
        other[i] = y_rest == nullptr ? 1.0 - y[begin + i] : y_rest[begin + i];
      relative_entropies(y + begin, mean + begin, m, out + begin, scratch);
      relative_entropies(other.data(), rest + begin, m, part.data(), scratch);
      for (size_t i = 0; i < m; ++i) out[begin + i] = 2.0 * (out[begin + i] + part[i]);
    }
  } else if (kind == FamilyKind::kNegativeBinomial) {
    negative_binomial_deviances(parameter, y, mean, n, out, scratch);
  } else {
    tweedie_deviances(power, y, mean, n, out, scratch);
  }
}

}  // namespace insitu
