// What the threads of a run share. The reader and the workers hold it, so that it outlives a
// dropped Run.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/batch_stream.hpp"
#include "engine/buffer_bytes.hpp"
#include "engine/cache_store.hpp"
#include "engine/engine.hpp"
#include "engine/scheduler.hpp"

namespace insitu::detail {

class RunCore : public std::enable_shared_from_this<RunCore> {
 public:
  RunCore(AnalysisPtr analysis, BatchStream stream, std::shared_ptr<CacheStore> cache,
          const RunOptions& options);

  void start();
  Progress poll(std::chrono::milliseconds timeout);
  void cancel() { scheduler_.cancel(); }
  // Waits for the end and for the workers; for the reader only as long as politeness asks.
  void join();
  std::unique_ptr<AnyState> take() { return scheduler_.take(); }

 private:
  void read();
  void read_stream();
  void read_cache();
  bool from_cache() const;  // every row and column is in the cache
  void open(const ArrowSchema& schema);
  bool accept(const ArrowSchema& schema, const SharedArray& array, CacheStore* fill);

  const AnalysisPtr analysis_;
  const RunOptions options_;
  const Grid grid_;
  Scheduler scheduler_;
  std::vector<std::thread> workers_;  // of the thread that started the run, as `joined_`
  bool joined_ = false;

  // Of the reader alone.
  BatchStream stream_;
  std::shared_ptr<CacheStore> cache_;
  std::shared_ptr<const BatchLayout> layout_;
  std::unique_ptr<Tiler> tiler_;
  SeenBuffers seen_;
  std::shared_ptr<const Batch> previous_;  // kept while its dictionaries may be compared

  std::atomic<uint64_t> rows_{0};
  std::atomic<uint64_t> bytes_{0};
  std::mutex mutex_;
  std::condition_variable closed_;
  bool reader_done_ = false;
};

}  // namespace insitu::detail
