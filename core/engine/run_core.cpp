#include "engine/run_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "base/errors.hpp"

namespace insitu::detail {

namespace {

// How long the end of a run waits for a reader inside a foreign call, before leaving it behind.
constexpr std::chrono::milliseconds kReaderGrace{200};

uint64_t machine_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return UINT64_MAX;
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes);
}

RunOptions with_defaults(RunOptions options) {
  if (options.threads == 0) options.threads = std::max(1U, std::thread::hardware_concurrency());
  if (options.queue == 0) options.queue = 2 * options.threads;
  if (options.memory_budget == 0) options.memory_budget = machine_memory() / 2;
  return options;
}

std::string show_bytes(double bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %s", bytes < 9.95 && unit > 0 ? 1 : 0, bytes,
                kUnits[unit]);
  return text;
}

void check_budget(const AnyAnalysis& analysis, const Grid& grid, const RunOptions& options) {
  const uint64_t live = live_partials(grid, options.threads);
  const uint64_t states = live == 1 ? 1 : live + 1;
  const auto one = static_cast<double>(analysis.state_bytes());
  const double needed = one * static_cast<double>(states);
  if (needed <= static_cast<double>(options.memory_budget)) return;
  std::string message =
      "the analysis \"" + std::string(analysis.name()) + "\" needs about " + show_bytes(needed);
  if (states > 1) message += " (" + std::to_string(states) + " states of " + show_bytes(one) + ")";
  throw SpecError(message + ", the memory budget is " +
                  show_bytes(static_cast<double>(options.memory_budget)) +
                  "; use fewer columns or factors with fewer levels, or raise the budget");
}

}  // namespace

RunCore::RunCore(AnalysisPtr analysis, BatchStream stream, std::shared_ptr<CacheStore> cache,
                 const RunOptions& options)
    : analysis_(std::move(analysis)),
      options_(with_defaults(options)),
      grid_(make_grid(analysis_->columns().size(), analysis_->state_bytes())),
      scheduler_(analysis_, grid_, options_.threads, options_.queue),
      stream_(std::move(stream)),
      cache_(std::move(cache)) {
  check_budget(*analysis_, grid_, options_);
  if (!stream_.is_open() && !from_cache()) {
    throw SpecError(
        "there is nothing to read: a run needs a stream, or a cache that holds a whole one with "
        "the columns of the analysis");
  }
}

void RunCore::start() {
  const std::shared_ptr<RunCore> self = shared_from_this();
  try {
    for (unsigned i = 0; i < options_.threads; ++i) {
      workers_.emplace_back([self] { self->scheduler_.work(); });
    }
    std::thread([self] { self->read(); }).detach();
  } catch (...) {
    cancel();
    for (std::thread& worker : workers_) worker.join();
    throw;
  }
}

Progress RunCore::poll(std::chrono::milliseconds timeout) {
  Progress progress;
  progress.finished = scheduler_.wait_finished(timeout);
  progress.rows = rows_.load(std::memory_order_relaxed);
  progress.bytes = bytes_.load(std::memory_order_relaxed);
  return progress;
}

void RunCore::join() {
  scheduler_.wait_finished();
  for (std::thread& worker : workers_) {
    if (worker.joinable()) worker.join();
  }
  if (std::exchange(joined_, true)) return;
  std::unique_lock lock(mutex_);
  closed_.wait_for(lock, kReaderGrace, [&] { return reader_done_; });
}

bool RunCore::from_cache() const {
  return cache_ != nullptr && cache_->serves(analysis_->columns());
}

void RunCore::read() {
  const bool cached = from_cache();
  std::optional<Failure> failure = Failure::of([&] { cached ? read_cache() : read_stream(); });
  previous_.reset();
  if (cache_ != nullptr && !cached) cache_->end(!failure && !scheduler_.stopped());
  // Rows that came before the stream broke may hold an error of their own, which is then the first.
  if (tiler_) {
    std::optional<Failure> last = Failure::of([&] { tiler_->flush(); });
    if (last) failure = std::move(last);
  }
  scheduler_.end(std::move(failure));
  stream_.close();
  const std::lock_guard lock(mutex_);
  reader_done_ = true;
  closed_.notify_all();
}

void RunCore::open(const ArrowSchema& schema) {
  layout_ = std::make_shared<const BatchLayout>(schema, analysis_->columns());
  tiler_ = std::make_unique<Tiler>(
      layout_, grid_.block_rows, options_.ordered,
      [this](std::unique_ptr<RowBlock> block) { return scheduler_.emit(std::move(block)); });
}

void RunCore::read_stream() {
  const UniqueSchema schema = stream_.schema();
  open(*schema);
  if (cache_ != nullptr) cache_->begin(*schema);
  while (!scheduler_.stopped()) {
    UniqueArray array = stream_.next();
    if (!array) return;
    const auto shared = std::make_shared<const UniqueArray>(std::move(array));
    if (!accept(*schema, shared, cache_.get())) return;
  }
}

void RunCore::read_cache() {
  stream_.close();
  open(*cache_->schema);
  for (const SharedArray& array : cache_->batches) {
    if (!accept(*cache_->schema, array, nullptr)) return;
  }
}

bool RunCore::accept(const ArrowSchema& schema, const SharedArray& array, CacheStore* fill) {
  auto batch = std::make_shared<const Batch>(*layout_, array, previous_.get());
  const uint64_t bytes = buffer_bytes(schema, **array, seen_);
  rows_.fetch_add(batch->rows(), std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (fill != nullptr) fill->add(array, bytes);
  const bool more = tiler_->add(batch);
  previous_ = more && batch->has_dictionaries() ? std::move(batch) : nullptr;
  return more;
}

}  // namespace insitu::detail
