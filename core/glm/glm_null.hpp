// The model of a constant and the offsets alone: its deviance, and a place to start from.
//
// Without offsets, or without an intercept, it is known from the responses. Otherwise each pass of
// the fit takes a step of its own towards the constant, until that has settled.
#pragma once

#include <cstdint>
#include <optional>

#include "glm/glm_analysis.hpp"

namespace insitu {

class GlmNull {
 public:
  // `moves`: the family does, from pass to pass, so that the deviance is taken in each.
  explicit GlmNull(bool moves) : moves_(moves) {}

  // The constant at which the next pass takes the deviance; none where it need not.
  std::optional<double> next() const { return ready_ && !moves_ ? std::nullopt : next_; }
  void accept(const Design& design, const Link& link, const GlmState& state);
  bool ready() const { return ready_; }
  // NaN where there is no such model.
  double deviance() const { return deviance_; }
  // The constant that the last pass took, if all its means are the family's; never without an
  // intercept.
  std::optional<double> tried() const { return tried_; }

 private:
  void give_up();

  bool moves_;
  bool ready_ = false;
  std::optional<double> next_;
  std::optional<double> tried_;
  uint64_t steps_ = 0;
  double deviance_ = 0.0;
};

}  // namespace insitu
