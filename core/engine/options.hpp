// Options of the local engine, and how they are read from JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/analysis.hpp"

namespace insitu {

// How a run uses the machine. None of these changes a bit of the result, except `ordered`.
struct RunOptions {
  unsigned threads = 0;        // workers; 0: one per processor
  unsigned queue = 0;          // blocks that may wait for a worker; 0: two per worker
  uint64_t memory_budget = 0;  // bytes that states may take; 0: half of the machine's memory
  bool ordered = true;         // false: the stream has no row order, so chunks carry no ordinals
};

// How a map uses the machine, and what its stream holds.
struct MapOptions {
  unsigned threads = 0;                // workers; 0: one per processor
  unsigned queue = 0;                  // pieces computed ahead of the reader; 0: two per worker
  std::vector<std::string> keep = {};  // input columns handed on, before the outputs
  std::vector<std::string> output_names = {};  // empty: the row function's own
};

// From {"threads": n, "queue": n, "memory_budget": bytes, "ordered": bool}. SpecError on an unknown
// key or a bad value.
RunOptions run_options(const Json& json);
// From {"threads": n, "queue": n, "keep": [names], "output_names": [names]}.
MapOptions map_options(const Json& json);

}  // namespace insitu
