#include "level_finder.hpp"

#include <bit>
#include <charconv>
#include <cmath>

#include "errors.hpp"

namespace insitu {

LevelFinder::LevelFinder(const std::vector<std::string>& labels) : table_(labels) {
  for (uint32_t code = 0; code < table_.size(); ++code) {
    const std::string label(table_.label(code));
    const char* const end = label.c_str() + label.size();
    double number = 0.0;
    const auto [stop, error] = std::from_chars(label.c_str(), end, number);
    if (error != std::errc() || stop != end || !std::isfinite(number)) continue;
    // No number is called "07" or "1e2".
    if (label_of(number, false).view() != label) continue;
    numbers_.find_or_make(std::bit_cast<uint64_t>(number), [code] { return code; });
  }
}

uint32_t LevelFinder::find(const insitu_value& value, std::string_view column) const {
  if (value.is_null != 0) return kMissingCode;
  if (value.kind == INSITU_VALUE_TEXT) {
    return table_.find(value.size == 0 ? std::string_view()
                                       : std::string_view(value.text, value.size));
  }
  const double number = value.number + 0.0;  // -0 becomes 0
  if (std::isnan(number)) return kMissingCode;
  if (std::isinf(number)) {
    throw DataError("column \"" + std::string(column) +
                    "\" holds an infinite value, which cannot be a level; make it missing");
  }
  return numbers_.find(std::bit_cast<uint64_t>(number));
}

}  // namespace insitu
