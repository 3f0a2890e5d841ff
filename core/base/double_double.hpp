// Double-double arithmetic: an unevaluated sum hi + lo with |lo| <= ulp(hi)/2, about 32 digits.
// Dekker 1971; Knuth TAOCP 4.2.2; Joldes, Muller, Popescu 2017 (doi:10.1145/3121432) for the error
// bounds. The same functions serve double and vectors of doubles (`V` any type with + - * and
// insitu::fma).
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "fields.hpp"

namespace insitu {

struct DoubleDouble {
  double hi = 0.0;
  double lo = 0.0;

  constexpr DoubleDouble() = default;
  constexpr DoubleDouble(double value) : hi(value) {}  // NOLINT(google-explicit-constructor): exact
  constexpr DoubleDouble(double high, double low) : hi(high), lo(low) {}
  constexpr explicit operator double() const { return hi + lo; }
};

// Exact: s + e = a + b, any magnitudes.
inline DoubleDouble two_sum(double a, double b) {
  const double s = a + b;
  const double t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}

// Exact if |a| >= |b| or a = 0.
inline DoubleDouble quick_two_sum(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}

// Exact: p + e = a * b (barring underflow).
inline DoubleDouble two_product(double a, double b) {
  const double p = a * b;
  return {p, std::fma(a, b, -p)};
}

inline DoubleDouble operator-(DoubleDouble a) { return {-a.hi, -a.lo}; }

inline DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble s = two_sum(a.hi, b.hi);
  const DoubleDouble t = two_sum(a.lo, b.lo);
  const DoubleDouble v = quick_two_sum(s.hi, s.lo + t.hi);
  return quick_two_sum(v.hi, t.lo + v.lo);
}

inline DoubleDouble operator+(DoubleDouble a, double b) {
  const DoubleDouble s = two_sum(a.hi, b);
  return quick_two_sum(s.hi, s.lo + a.lo);
}

inline DoubleDouble operator-(DoubleDouble a, DoubleDouble b) { return a + (-b); }

inline DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble p = two_product(a.hi, b.hi);
  return quick_two_sum(p.hi, p.lo + std::fma(a.hi, b.lo, a.lo * b.hi));
}

inline DoubleDouble operator*(DoubleDouble a, double b) {
  const DoubleDouble p = two_product(a.hi, b);
  return quick_two_sum(p.hi, std::fma(a.lo, b, p.lo));
}

inline DoubleDouble operator/(DoubleDouble a, DoubleDouble b) {
  const double q1 = a.hi / b.hi;
  DoubleDouble r = a - b * q1;
  const double q2 = r.hi / b.hi;
  r = r - b * q2;
  const double q3 = r.hi / b.hi;
  return quick_two_sum(q1, q2) + q3;
}

inline DoubleDouble& operator+=(DoubleDouble& a, DoubleDouble b) { return a = a + b; }
inline DoubleDouble& operator-=(DoubleDouble& a, DoubleDouble b) { return a = a - b; }
inline DoubleDouble& operator*=(DoubleDouble& a, DoubleDouble b) { return a = a * b; }
inline DoubleDouble& operator/=(DoubleDouble& a, DoubleDouble b) { return a = a / b; }

inline bool operator<(DoubleDouble a, DoubleDouble b) {
  return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}
inline bool operator>(DoubleDouble a, DoubleDouble b) { return b < a; }
inline bool operator==(DoubleDouble a, DoubleDouble b) { return a.hi == b.hi && a.lo == b.lo; }

inline DoubleDouble abs(DoubleDouble a) {
  return a.hi < 0.0 || (a.hi == 0.0 && a.lo < 0.0) ? -a : a;
}

inline DoubleDouble sqrt(DoubleDouble a) {
  if (!(a.hi > 0.0)) return {std::sqrt(a.hi), 0.0};
  const double root = std::sqrt(a.hi);
  const DoubleDouble residual = a - two_product(root, root);
  return quick_two_sum(root, residual.hi / (2.0 * root));
}

}  // namespace insitu
