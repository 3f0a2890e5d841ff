// "Did you mean": names close to one that does not exist.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace insitu {

// Up to three candidates, nearest first: equal but for case, or within a third of the length in
// edits.
std::vector<std::string> near_names(std::string_view name, std::span<const std::string> candidates);

// `did you mean "a" or "b"? ` or nothing, then `<kind> are "a", "b", … (12 in all)`.
std::string near_names_advice(std::string_view name, std::span<const std::string> candidates,
                              std::string_view kind);

}  // namespace insitu
