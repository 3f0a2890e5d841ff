// The sentences about stored values that no pass can use.
#pragma once

#include <string>
#include <string_view>

namespace insitu {

enum class Fault { kInfinite, kNegativeWeight, kFractionOfRows, kNoExposure };

// DataError: column "x" holds <value> <where>; <what to do>.
[[noreturn]] void refuse_value(std::string_view column, double value, const std::string& where,
                               Fault fault);

}  // namespace insitu
