// Stopping long arithmetic that is no run of the engine, as the solution of a large system.
//
// A host installs a flag for the length of a call and may set it from another thread; loops whose
// steps take milliseconds ask for it. Without a flag nothing happens.
#pragma once

#include <atomic>

namespace insitu {

// The flag of this thread until the scope ends, then the one before it.
class CancelScope {
 public:
  explicit CancelScope(const std::atomic<bool>& flag);
  ~CancelScope();
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;

 private:
  const std::atomic<bool>* before_;
};

// Two flags more, which signal handlers set and this thread looks at from now on; null: none.
void watch_flags(const volatile int* first, const volatile int* second);

// CancelledError if a flag of this thread is set.
void check_cancelled();

}  // namespace insitu
