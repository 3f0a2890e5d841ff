// The local engine: reduces a stream of Arrow batches to one state, with the same bits for any
// number of threads and any cutting into batches.
//
// Shape. Rows are numbered from 0 as they arrive and cut into blocks of a fixed number of rows
// (grid.hpp). A block borrows from as many batches as it spans; nothing is copied. Blocks are dealt
// to *partials*: fresh states, each updated with its blocks in order, one update a block. Partials
// merge into the total in their order, by whichever worker completes one.
//   Small states: partial = one block, so any number of workers has something to do.
//   Larger states: a partial must cover at least 16 rows per number of the state, or merging would
//   dominate. Giving it consecutive blocks would leave one worker busy and the others waiting for
//   its end, so partials work in *lanes*: block b of a group goes to lane b mod L, and L partials
//   grow side by side from neighbouring blocks. L falls as states grow, so that those of one group
//   take at most 64 MB together (two lanes up to 128 MB a state; one state, in order, above).
// Sizes depend on the number of columns and `state_bytes` of the analysis alone: never on threads,
// types, batches or rows.
//
// Threads. One reader pulls batches, so that decoding overlaps with arithmetic; workers update and
// merge; a bounded queue of blocks lies between, so memory does not grow with rows. A batch lives
// until the last block that borrows from it is done. The reader owns all it needs: if it is stuck
// inside the stream when a run is cancelled or dropped, it is left behind and releases the stream
// when that call returns. Hosts with an interpreter lock must not hold it in poll, finish or ~Run.
//
// Errors. The one earliest in row order wins, whatever the threads: blocks before a failed one are
// still done. What the stream says arrives as SourceError, at the row where the stream broke.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/analysis.hpp"
#include "engine/cache.hpp"
#include "engine/options.hpp"
#include "insitu/arrow_c.h"

namespace insitu {

struct Progress {
  uint64_t rows = 0;      // read so far
  uint64_t bytes = 0;     // of the buffers of these rows
  bool finished = false;  // the state, or the error, is ready
};

namespace detail {
class RunCore;
}

class Run {
 public:
  // Starts at once. Takes the stream (moved out of *stream, released at the end, also on error);
  // null if `cache` serves the analysis. Such a cache is used instead of the stream; another is
  // filled. It may be null and may be freed during the run. SpecError if the states would need more
  // than the budget, or there is nothing to read.
  Run(AnalysisPtr analysis, ArrowArrayStream* stream, Cache* cache = nullptr,
      const RunOptions& options = {});
  // Cancels what still runs.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Waits up to `timeout` for the end.
  Progress poll(std::chrono::milliseconds timeout);
  // Asks to stop, and returns at once: finish() then throws CancelledError, unless the state was
  // already complete.
  void cancel();
  // Waits for the end, then hands out the state, once; throws the run's error.
  std::unique_ptr<AnyState> finish();

 private:
  std::shared_ptr<detail::RunCore> core_;
};

}  // namespace insitu
