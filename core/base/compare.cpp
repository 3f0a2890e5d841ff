#include "compare.hpp"

#include <charconv>

namespace insitu::detail {

double exact_distance(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b)) ? 0.0 : kFar;
}

double magnitude(DoubleDouble a) { return std::isfinite(a.hi) ? std::fabs(a.hi) : 0.0; }

double sum_distance(DoubleDouble a, DoubleDouble b, double scale) {
  if (exact_distance(a.hi, b.hi) == 0.0 && exact_distance(a.lo, b.lo) == 0.0) return 0.0;
  const double difference = std::fabs(static_cast<double>(a - b));
  if (!std::isfinite(difference) || !(scale > 0.0)) return kFar;
  return difference / scale / kUnitRoundoff;
}

std::string debug_number(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end.ptr);
}

std::string debug_text(const std::string& value) {
  constexpr size_t kLongest = 40;
  return "'" + (value.size() > kLongest ? value.substr(0, kLongest) + "…" : value) + "'";
}

}  // namespace insitu::detail
