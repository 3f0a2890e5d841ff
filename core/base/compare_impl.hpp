// Bodies of compare.hpp.
#pragma once

#include "compare.hpp"

namespace insitu {

template <class T>
double distance(const T& a, const T& b, FieldKind kind) {
  using detail::kFar;
  if constexpr (detail::Number<T>) {
    double scale = 0.0;
    if constexpr (!std::is_integral_v<T>)
      scale = std::fmax(detail::magnitude(a), detail::magnitude(b));
    return detail::number_distance<T>(a, b, kind, scale);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return a == b ? 0.0 : kFar;
  } else if constexpr (detail::kIs<T, std::optional>) {
    if (a.has_value() != b.has_value()) return kFar;
    return a ? distance(*a, *b, kind) : 0.0;
  } else if constexpr (detail::kIs<T, std::map>) {
    if (a.size() != b.size()) return kFar;
    double largest = 0.0;
    for (auto x = a.begin(), y = b.begin(); x != a.end(); ++x, ++y) {
      if (x->first != y->first) return kFar;
      largest = std::max(largest, distance(x->second, y->second, kind));
    }
    return largest;
  } else if constexpr (detail::kIs<T, std::vector> || detail::kIsArray<T>) {
    return detail::sequence_distance(a, b, kind);
  } else if constexpr (HasDistance<T>) {
    return a.distance(b);
  } else {
    return detail::fields_distance(a, b);
  }
}

namespace detail {

inline constexpr size_t kShown = 8;  // elements of a long list that debug_string prints

template <class T>
std::string debug_list(const T& items, char open, char close, auto&& print) {
  std::string out(1, open);
  size_t shown = 0;
  for (const auto& item : items) {
    if (shown == kShown) break;
    if (shown++ > 0) out += ", ";
    out += print(item);
  }
  if (items.size() > kShown) out += ", … " + std::to_string(items.size()) + " in all";
  return out + close;
}

}  // namespace detail

template <class T>
std::string debug_string(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, DoubleDouble>) {
    return detail::debug_number(value.hi) + "+" + detail::debug_number(value.lo);
  } else if constexpr (std::is_same_v<T, double>) {
    return detail::debug_number(value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return detail::debug_text(value);
  } else if constexpr (detail::kIs<T, std::optional>) {
    return value ? debug_string(*value) : "none";
  } else if constexpr (detail::kIs<T, std::map>) {
    return detail::debug_list(value, '{', '}', [](const auto& item) {
      return detail::debug_text(item.first) + ": " + debug_string(item.second);
    });
  } else if constexpr (detail::kIs<T, std::vector> || detail::kIsArray<T>) {
    return detail::debug_list(value, '[', ']', [](const auto& item) { return debug_string(item); });
  } else {
    std::string out;
    T::fields(value, [&](std::string_view name, FieldKind, const auto& member) {
      out += (out.empty() ? "{" : ", ") + std::string(name) + ": " + debug_string(member);
    });
    return out.empty() ? "{}" : out + "}";
  }
}

}  // namespace insitu
