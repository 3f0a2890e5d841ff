#include "engine/cache.hpp"

#include <algorithm>
#include <utility>

#include "engine/arrow_export.hpp"
#include "engine/cache_store.hpp"

namespace insitu {

namespace detail {

bool CacheStore::complete() const {
  const std::lock_guard lock(mutex);
  return phase == Phase::kComplete;
}

bool CacheStore::serves(std::span<const std::string> columns) const {
  const std::lock_guard lock(mutex);
  if (phase != Phase::kComplete) return false;
  const std::span<ArrowSchema* const> held(schema->children,
                                           static_cast<size_t>(schema->n_children));
  return std::all_of(columns.begin(), columns.end(), [&](const std::string& name) {
    return std::any_of(held.begin(), held.end(),
                       [&](const ArrowSchema* column) { return name == column->name; });
  });
}

bool CacheStore::begin(const ArrowSchema& stream_schema) {
  std::vector<SharedArray> dropped;  // released after the lock is
  const std::lock_guard lock(mutex);
  if (phase != Phase::kEmpty && phase != Phase::kComplete) return false;
  export_schema_copy(stream_schema, schema.receive());
  dropped.swap(batches);
  bytes = 0;
  phase = Phase::kFilling;
  return true;
}

void CacheStore::add(const SharedArray& batch, uint64_t batch_bytes) {
  std::vector<SharedArray> dropped;  // released after the lock is
  const std::lock_guard lock(mutex);
  if (phase != Phase::kFilling) return;
  if (batch_bytes <= budget - bytes) {
    batches.push_back(batch);
    bytes += batch_bytes;
    return;
  }
  phase = Phase::kTooLarge;
  bytes = 0;
  dropped.swap(batches);
}

void CacheStore::end(bool whole) {
  std::vector<SharedArray> dropped;
  const std::lock_guard lock(mutex);
  if (phase != Phase::kFilling) return;
  phase = whole ? Phase::kComplete : Phase::kEmpty;
  if (whole) return;
  bytes = 0;
  dropped.swap(batches);
}

}  // namespace detail

Cache::Cache(uint64_t budget_bytes) : store_(std::make_shared<detail::CacheStore>(budget_bytes)) {}

Cache::~Cache() = default;

bool Cache::complete() const { return store_->complete(); }

bool Cache::serves(std::span<const std::string> columns) const { return store_->serves(columns); }

uint64_t Cache::bytes() const {
  const std::lock_guard lock(store_->mutex);
  return store_->bytes;
}

uint64_t Cache::budget() const { return store_->budget; }

}  // namespace insitu
