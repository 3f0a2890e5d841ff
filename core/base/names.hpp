// "Did you mean": names close to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace insitu {

// Up to `most` candidates within a third of the name's length in edits (letter case is free),
// nearest first.
std::vector<std::string> near_names(std::string_view name, std::span<const std::string> candidates,
                                    size_t most = 3);
// The end of a sentence: "; did you mean 'a' or 'b'?", or "" where nothing is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace insitu
