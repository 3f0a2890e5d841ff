// Batches of a stream kept in memory, so that later passes need not read the source again.
//
// The first run that is given an empty cache fills it while it computes; one that needs columns it
// lacks fills it anew. If the batches would outgrow the budget, all are dropped and the cache stays
// unusable: later runs read their stream. A run that is cancelled or fails leaves it empty. The
// cache shares batches, it copies nothing; what is counted is the buffers behind the rows of each
// batch, a dictionary once. One run at a time may use a cache; `complete` and `bytes` may be asked
// from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace insitu {

namespace detail {
struct CacheStore;
}

class Cache {
 public:
  explicit Cache(uint64_t budget_bytes);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // True if it holds every row of a whole stream.
  bool complete() const;
  // True if it also has these columns: a run that reads them may then be started without a stream.
  bool serves(std::span<const std::string> columns) const;
  // Bytes held now.
  uint64_t bytes() const;
  uint64_t budget() const;

  // What runs share: it outlives the cache as long as a run reads it.
  const std::shared_ptr<detail::CacheStore>& store() const { return store_; }

 private:
  std::shared_ptr<detail::CacheStore> store_;
};

}  // namespace insitu
