// Codes of single cells in given levels, as LevelEncoder gives them for columns, without
// allocating: a hash and a comparison each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "insitu/value.h"
#include "levels.hpp"
#include "value_codes.hpp"

namespace insitu {

class LevelFinder {
 public:
  explicit LevelFinder(const std::vector<std::string>& labels);  // SpecError on a repeated label

  // kMissingCode for null and NaN, kUnseenCode for another label. A number is looked up by the
  // label it would have. DataError (naming `column`) for an infinite one.
  uint32_t find(const insitu_value& value, std::string_view column) const;

 private:
  LevelTable table_;
  ValueCodes numbers_;  // of those labels that are some number's
};

}  // namespace insitu
