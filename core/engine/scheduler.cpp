#include "engine/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace insitu {

Scheduler::Scheduler(AnalysisPtr analysis, const Grid& grid, unsigned threads, unsigned queue)
    : analysis_(std::move(analysis)),
      grid_(grid),
      queue_(std::max(queue, 1U)),
      live_(live_partials(grid, threads)) {}

bool Scheduler::emit(std::unique_ptr<RowBlock> block) {
  Lock lock(mutex_);
  const uint64_t partial = grid_.partial_of(emitted_);
  room_.wait(lock, [&] {
    return cancelled_ || failed_block_ != UINT64_MAX ||
           (pending_.size() < queue_ && partial < merged_ + live_);
  });
  if (cancelled_ || failed_block_ != UINT64_MAX) return false;
  Partial& into = partials_[partial];
  ++into.waiting;
  into.closed = grid_.ends_partial(emitted_);
  pending_.push_back({emitted_, std::move(block)});
  ++emitted_;
  work_.notify_one();
  return true;
}

void Scheduler::end(std::optional<Failure> failure) {
  const Lock lock(mutex_);
  if (failure) fail(emitted_, *std::move(failure));
  ended_ = true;
  for (auto& [index, partial] : partials_) partial.closed = true;
  work_.notify_all();
  if (finished()) done_.notify_all();
}

void Scheduler::work() {
  Lock lock(mutex_);
  for (;;) {
    if (has_useless()) {
      drop_useless(lock);
    } else if (can_merge()) {
      merge(lock);
    } else if (std::optional<Pending> block = next_block()) {
      update(lock, *std::move(block));
    } else if (finished()) {
      break;
    } else {
      work_.wait(lock);
    }
  }
  work_.notify_all();
  done_.notify_all();
}

// Blocks after a failed one are of no use; those before it may fail too, and then count.
bool Scheduler::has_useless() const {
  return !pending_.empty() && (cancelled_ || pending_.back().index > failed_block_);
}

// Foreign memory may be released here, which may wait for a lock of the host: never under ours.
void Scheduler::drop_useless(Lock& lock) {
  std::deque<Pending> useless;
  while (has_useless()) {
    useless.push_back(std::move(pending_.back()));
    pending_.pop_back();
  }
  lock.unlock();
  useless.clear();
  lock.lock();
}

// The first block whose partial is free.
std::optional<Scheduler::Pending> Scheduler::next_block() {
  for (auto block = pending_.begin(); block != pending_.end(); ++block) {
    Partial& partial = partials_[grid_.partial_of(block->index)];
    if (partial.busy) continue;
    partial.busy = true;
    Pending taken = std::move(*block);
    pending_.erase(block);
    return taken;
  }
  return std::nullopt;
}

void Scheduler::update(Lock& lock, Pending block) {
  Partial& partial = partials_[grid_.partial_of(block.index)];
  ++active_;
  room_.notify_one();
  lock.unlock();
  std::optional<Failure> failure = Failure::of([&] {
    if (!partial.state) partial.state = analysis_->empty();
    analysis_->update(*partial.state, block.rows->chunk());
  });
  block.rows.reset();  // as in drop_useless
  lock.lock();
  --active_;
  partial.busy = false;
  --partial.waiting;
  if (failure) fail(block.index, *std::move(failure));
  // Neighbours of the same lane may have waited for it.
  if (!pending_.empty()) work_.notify_one();
}

bool Scheduler::can_merge() const {
  if (merging_ || cancelled_ || failed_block_ != UINT64_MAX || partials_.empty()) return false;
  const auto& [index, first] = *partials_.begin();
  return index == merged_ && first.closed && first.waiting == 0;
}

void Scheduler::merge(Lock& lock) {
  merging_ = true;
  ++active_;
  std::unique_ptr<AnyState> from = std::move(partials_.begin()->second.state);
  lock.unlock();
  std::optional<Failure> failure = Failure::of([&] {
    // empty is the identity of merge: the first partial is the total.
    if (total_) {
      analysis_->merge(*total_, *from);
    } else {
      total_ = std::move(from);
    }
  });
  from.reset();
  lock.lock();
  partials_.erase(partials_.begin());
  ++merged_;
  merging_ = false;
  --active_;
  if (failure) fail(emitted_, *std::move(failure));
  room_.notify_one();
}

void Scheduler::fail(uint64_t block, Failure failure) {
  if (block >= failed_block_) return;
  failed_block_ = block;
  failure_ = std::move(failure);
  room_.notify_all();
  work_.notify_all();
}

bool Scheduler::finished() const {
  if (active_ > 0) return false;
  if (cancelled_) return true;
  if (failed_block_ != UINT64_MAX) {
    return pending_.empty() || pending_.front().index > failed_block_;
  }
  return ended_ && pending_.empty() && partials_.empty();
}

void Scheduler::cancel() {
  const Lock lock(mutex_);
  if (finished()) return;  // the state, or the failure, is already final
  cancelled_ = true;
  room_.notify_all();
  work_.notify_all();
  done_.notify_all();
}

bool Scheduler::stopped() const {
  const Lock lock(mutex_);
  return cancelled_ || failed_block_ != UINT64_MAX;
}

bool Scheduler::wait_finished(std::chrono::milliseconds timeout) {
  Lock lock(mutex_);
  return done_.wait_for(lock, timeout, [&] { return finished(); });
}

void Scheduler::wait_finished() {
  Lock lock(mutex_);
  done_.wait(lock, [&] { return finished(); });
}

std::unique_ptr<AnyState> Scheduler::take() {
  const Lock lock(mutex_);
  if (cancelled_) throw CancelledError("the run was cancelled before its end");
  if (failed_block_ != UINT64_MAX) failure_.raise();
  if (std::exchange(taken_, true))
    throw SpecError("the state of this run was already handed out; start another run");
  return total_ ? std::move(total_) : analysis_->empty();
}

}  // namespace insitu
