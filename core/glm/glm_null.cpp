#include "glm/glm_null.hpp"

#include <cmath>
#include <limits>

namespace insitu {
namespace {

constexpr double kSettled = 1e-8;
constexpr uint64_t kMostSteps = 1000;

}  // namespace

void GlmNull::give_up() {
  ready_ = true;
  next_.reset();
  tried_.reset();
  deviance_ = std::numeric_limits<double>::quiet_NaN();
}

void GlmNull::accept(const Design& design, const Link& link, const GlmState& state) {
  if (ready_ && !moves_) return;
  if (!next_.has_value()) {
    if (ready_) return;
    double mean = static_cast<double>(state.response / state.prior);
    double eta = 0.0;
    if (design.intercept) link.eta(&mean, 1, &eta);
    next_ = eta;
    if (!std::isfinite(eta)) give_up();
    return;
  }
  const bool inside = state.outside[kNullModel] == 0;
  deviance_ = inside ? state.deviances[kNullModel].hi : std::numeric_limits<double>::quiet_NaN();
  tried_ = inside && design.intercept ? next_ : std::nullopt;
  const double next = static_cast<double>(state.null_working / state.null_weight);
  const bool exact = design.offsets.empty() || !design.intercept;
  ready_ =
      exact || !std::isfinite(next) || std::abs(next - *next_) <= kSettled * (1.0 + std::abs(next));
  if (std::isfinite(next)) next_ = next;
  if (++steps_ >= kMostSteps && !ready_) give_up();
}

}  // namespace insitu
