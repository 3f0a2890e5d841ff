// A chunk's columns by name.
#pragma once

#include <span>
#include <string>

#include "chunk.hpp"

namespace insitu {

// True if the chunk's columns are exactly these, in this order.
bool has_columns(const Chunk& chunk, std::span<const std::string> names);
// The chunk with these columns in this order, borrowing the same memory. SpecError (near names
// offered) if one is missing.
Chunk select(const Chunk& chunk, std::span<const std::string> names);

}  // namespace insitu
