#include "cancel.hpp"

#include <utility>

#include "errors.hpp"

namespace insitu {
namespace {

thread_local const std::atomic<bool>* current_flag = nullptr;

}  // namespace

CancelScope::CancelScope(const std::atomic<bool>& flag)
    : before_(std::exchange(current_flag, &flag)) {}

CancelScope::~CancelScope() { current_flag = before_; }

void check_cancelled() {
  if (current_flag == nullptr || !current_flag->load(std::memory_order_relaxed)) return;
  throw CancelledError("the computation was cancelled before its end");
}

}  // namespace insitu
