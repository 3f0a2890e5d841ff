// Validity of UTF-8 text (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above
// U+10FFFF.
#pragma once

#include <string_view>

namespace insitu {

// True if the bytes are well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace insitu
