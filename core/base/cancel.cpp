#include "cancel.hpp"

#include <utility>

#include "errors.hpp"

namespace insitu {
namespace {

thread_local const std::atomic<bool>* current_flag = nullptr;
thread_local const volatile int* watched[2] = {nullptr, nullptr};

}  // namespace

CancelScope::CancelScope(const std::atomic<bool>& flag)
    : before_(std::exchange(current_flag, &flag)) {}

CancelScope::~CancelScope() { current_flag = before_; }

void watch_flags(const volatile int* first, const volatile int* second) {
  watched[0] = first;
  watched[1] = second;
}

void check_cancelled() {
  bool set = current_flag != nullptr && current_flag->load(std::memory_order_relaxed);
  for (const volatile int* flag : watched) set = set || (flag != nullptr && *flag != 0);
  if (!set) return;
  throw CancelledError("the computation was cancelled before its end");
}

}  // namespace insitu
