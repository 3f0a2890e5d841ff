// Distance between two states and their printed form, derived from `fields`.
//
// distance(a, b) is infinity if a kExact field differs (NaN equals NaN, 0 equals -0), else the
// largest difference of a kSum field in units of 2^-53 x the sum of |terms|. A struct that offers
// `double distance(const T&) const` answers for itself: it knows its common origin, or aligns
// levels that two orders of merging met in different orders. Numbers and vectors of numbers under
// kSum fall back to the larger |value| (of the whole vector) for the sum of |terms|.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "codec.hpp"

namespace insitu {

inline constexpr double kUnitRoundoff = 0x1p-53;

template <class T>
concept HasDistance = requires(const T& a) {
  { a.distance(a) } -> std::convertible_to<double>;
};

template <class T>
double distance(const T& a, const T& b, FieldKind kind = FieldKind::kSum);
// "{rows: 3, columns: [1, 2, … 500 in all]}"
template <class T>
std::string debug_string(const T& value);

namespace detail {

inline constexpr double kFar = std::numeric_limits<double>::infinity();

template <class T>
concept Number = std::is_arithmetic_v<T> || std::is_same_v<T, DoubleDouble>;

double exact_distance(double a, double b);
double magnitude(DoubleDouble a);  // 0 if not finite
// |a - b| in units of roundoff x scale; 0 for equal values, infinities and NaNs included.
double sum_distance(DoubleDouble a, DoubleDouble b, double scale);

template <Number T>
double number_distance(T a, T b, FieldKind kind, double scale) {
  if constexpr (std::is_integral_v<T>) {
    return a == b ? 0.0 : kFar;
  } else if (kind == FieldKind::kSum) {
    return sum_distance(DoubleDouble(a), DoubleDouble(b), scale);
  } else if constexpr (std::is_same_v<T, DoubleDouble>) {
    return std::max(exact_distance(a.hi, b.hi), exact_distance(a.lo, b.lo));
  } else {
    return exact_distance(a, b);
  }
}

template <class T>
double sequence_distance(const T& a, const T& b, FieldKind kind) {
  if (a.size() != b.size()) return kFar;
  using Item = typename T::value_type;
  double largest = 0.0;
  if constexpr (Number<Item>) {
    double scale = 0.0;
    if constexpr (!std::is_integral_v<Item>) {
      for (const auto& x : a) scale = std::fmax(scale, magnitude(x));
      for (const auto& x : b) scale = std::fmax(scale, magnitude(x));
    }
    for (size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, number_distance<Item>(a[i], b[i], kind, scale));
    }
  } else {
    for (size_t i = 0; i < a.size(); ++i)
      largest = std::max(largest, insitu::distance(a[i], b[i], kind));
  }
  return largest;
}

template <class T>
double fields_distance(const T& a, const T& b) {
  // The two lists of members are walked in step by visiting b afresh for each member of a.
  double largest = 0.0;
  size_t index = 0;
  T::fields(a, [&](std::string_view, FieldKind kind, const auto& mine) {
    size_t at = 0;
    T::fields(b, [&](std::string_view, FieldKind, const auto& theirs) {
      if constexpr (std::is_same_v<decltype(mine), decltype(theirs)>) {
        if (at == index) largest = std::max(largest, insitu::distance(mine, theirs, kind));
      }
      ++at;
    });
    ++index;
  });
  return largest;
}

std::string debug_number(double value);
std::string debug_text(const std::string& value);

}  // namespace detail
}  // namespace insitu

#include "compare_impl.hpp"  // IWYU pragma: export
