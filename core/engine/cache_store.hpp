// What a Cache and the runs that use it share.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/batch.hpp"

namespace insitu::detail {

struct CacheStore {
  enum class Phase { kEmpty, kFilling, kComplete, kTooLarge };

  explicit CacheStore(uint64_t budget_bytes) : budget(budget_bytes) {}

  bool complete() const;
  // True if the caller is to fill it: then `add` each batch, and `end`.
  bool begin(const ArrowSchema& schema);
  // Drops everything if the batch, of this many bytes, does not fit.
  void add(const SharedArray& batch, uint64_t batch_bytes);
  // `whole`: every row of the stream was added.
  void end(bool whole);

  const uint64_t budget;
  mutable std::mutex mutex;
  Phase phase = Phase::kEmpty;
  uint64_t bytes = 0;
  // Not changed any more once complete.
  UniqueSchema schema;
  std::vector<SharedArray> batches;
};

}  // namespace insitu::detail
