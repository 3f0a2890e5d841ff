#include "erased.hpp"

namespace insitu {

void require_same_spec(const AnyAnalysis& analysis, const AnyState& state) {
  const auto* stamped = dynamic_cast<const StampedState*>(&state);
  if (stamped != nullptr && stamped->fingerprint() == analysis.fingerprint()) return;
  throw StateError(
      "the state was not made by this '" + std::string(analysis.name()) +
      "' but by another analysis or another spec; states of different specs do not merge");
}

Json AnyAnalysis::sums() const { return nullptr; }

std::unique_ptr<AnyState> AnyAnalysis::from_sums(const Json&, const Chunk&) const {
  throw SpecError("the analysis '" + std::string(name()) +
                  "' cannot be made of sums that a database takes; give it the rows");
}

}  // namespace insitu
