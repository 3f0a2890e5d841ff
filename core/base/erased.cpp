#include "erased.hpp"

namespace insitu {

void require_same_spec(const AnyAnalysis& analysis, const AnyState& state) {
  const auto* stamped = dynamic_cast<const StampedState*>(&state);
  if (stamped != nullptr && stamped->fingerprint() == analysis.fingerprint()) return;
  throw StateError(
      "the state was not made by this '" + std::string(analysis.name()) +
      "' but by another analysis or another spec; states of different specs do not merge");
}

}  // namespace insitu
