// Deals blocks to workers and merges partial states in grid order; knows nothing of Arrow.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/analysis.hpp"
#include "engine/failure.hpp"
#include "engine/grid.hpp"

namespace insitu {

// Rows that can be shown as a chunk; keeps alive what the chunk borrows from.
class RowBlock {
 public:
  virtual ~RowBlock() = default;
  virtual Chunk chunk() const = 0;
};

// One producer calls emit and end; workers call work; anyone asks, waits and cancels.
class Scheduler {
 public:
  Scheduler(AnalysisPtr analysis, const Grid& grid, unsigned threads, unsigned queue);

  // Hands over the next block of the grid; waits for room. False if no more blocks are wanted.
  bool emit(std::unique_ptr<RowBlock> block);
  // No more blocks: the rows ended, or could not be read further.
  void end(std::optional<Failure> failure = std::nullopt);
  // Runs on each worker until nothing is left to do.
  void work();

  void cancel();
  // True once more blocks would be wasted.
  bool stopped() const;
  // True when the state or the failure is final and no worker is inside the analysis.
  bool wait_finished(std::chrono::milliseconds timeout);
  void wait_finished();
  // After the end: the merged state, or throws.
  std::unique_ptr<AnyState> take();

 private:
  struct Partial {
    std::unique_ptr<AnyState> state;
    uint64_t waiting = 0;  // blocks dealt and not done
    bool closed = false;   // no more will come
    bool busy = false;
  };
  struct Pending {
    uint64_t index = 0;
    std::unique_ptr<RowBlock> rows;
  };
  using Lock = std::unique_lock<std::mutex>;

  std::optional<Pending> next_block();
  bool has_useless() const;
  void drop_useless(Lock& lock);
  bool can_merge() const;
  void update(Lock& lock, Pending block);
  void merge(Lock& lock);
  void fail(uint64_t block, Failure failure);
  bool finished() const;

  const AnalysisPtr analysis_;
  const Grid grid_;
  const size_t queue_;
  const uint64_t live_;

  mutable std::mutex mutex_;
  std::condition_variable work_;  // workers: a block, a merge or the end
  std::condition_variable room_;  // producer
  std::condition_variable done_;  // who waits for the end
  std::deque<Pending> pending_;
  std::map<uint64_t, Partial> partials_;  // from the first not yet merged
  std::unique_ptr<AnyState> total_;
  uint64_t emitted_ = 0;
  uint64_t merged_ = 0;  // partials
  uint64_t active_ = 0;  // workers inside the analysis
  uint64_t failed_block_ = UINT64_MAX;
  Failure failure_;
  bool merging_ = false;
  bool ended_ = false;
  bool cancelled_ = false;
  bool taken_ = false;
};

}  // namespace insitu
