// What a Cache and the runs that use it share.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/batch.hpp"

namespace insitu::detail {

struct CacheStore {
  enum class Phase { kEmpty, kFilling, kComplete, kTooLarge };

  explicit CacheStore(uint64_t budget_bytes) : budget(budget_bytes) {}

  bool complete() const;
  // Complete, and with all of these columns.
  bool serves(std::span<const std::string> columns) const;
  // True if the caller is to fill it: then `add` each batch, and `end`. What a complete one held is
  // dropped: a run that reads its stream wants columns that it lacks.
  bool begin(const ArrowSchema& schema);
  // Drops everything if the batch, of this many bytes, does not fit.
  void add(const SharedArray& batch, uint64_t batch_bytes);
  // `whole`: every row of the stream was added.
  void end(bool whole);

  const uint64_t budget;
  mutable std::mutex mutex;
  Phase phase = Phase::kEmpty;
  uint64_t bytes = 0;
  // Not changed while a run reads them.
  UniqueSchema schema;
  std::vector<SharedArray> batches;
};

}  // namespace insitu::detail
