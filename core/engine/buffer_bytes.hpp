// How many bytes of buffers stand behind the rows of a batch.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "insitu/arrow_c.h"

namespace insitu {

// Dictionaries already in `seen` (by the address of their last buffer) count nothing: batches share
// them.
using SeenBuffers = std::unordered_set<const void*>;

// Bytes behind the rows of `array`, children and dictionaries included; buffers of unknown formats
// count nothing.
uint64_t buffer_bytes(const ArrowSchema& schema, const ArrowArray& array, SeenBuffers& seen);

}  // namespace insitu
