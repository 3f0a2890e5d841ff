// A state as a database keeps it: with the request that it was made by, so that it can be merged
// and finalized years later by whoever finds it.
//
// An envelope of kind "stored_state" with the name and the fingerprint of the analysis. Its payload
// is a u32 length and that many bytes of text, the request as JSON
// ({"analysis": …, "spec": {…}, "fit": {"name": …, "spec": {…}}}, "fit" optional), then the saved
// state, an envelope of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace insitu {

// Views into the bytes that were opened.
struct StoredState {
  std::string_view analysis;  // its name
  uint64_t fingerprint = 0;
  std::string_view spec;
  std::string_view state;
};

// `state`: what AnyAnalysis::save gave, whose name and fingerprint are taken over. The spec is not
// read, as a table of states would pay for that row by row: loading the state with the analysis
// that the spec makes finds out whether they belong together. StateError if `state` is no saved
// state, SpecError for a spec that is empty or too long.
std::string seal_stored_state(std::string_view spec, std::string_view state);
// StateError unless every length fits and the state inside is whole and of the analysis named.
StoredState open_stored_state(std::span<const std::byte> bytes);

}  // namespace insitu
