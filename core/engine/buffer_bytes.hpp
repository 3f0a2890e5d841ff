// How many bytes of buffers stand behind the rows of a batch.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "insitu/arrow_c.h"

namespace insitu {

// Addresses of what batches share whole, dictionaries and the text behind string views: counted
// when first seen.
using SeenBuffers = std::unordered_set<const void*>;

// Bytes behind the rows of `array`, children and dictionaries included; buffers of unknown formats
// count nothing.
uint64_t buffer_bytes(const ArrowSchema& schema, const ArrowArray& array, SeenBuffers& seen);

}  // namespace insitu
