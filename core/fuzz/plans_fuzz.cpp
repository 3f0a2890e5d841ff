// The aggregation fuzzer: a random analysis on a random table as equivalent plans. The input is the
// seed.
#include "edits.hpp"
#include "testing/plans.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  insitu::fuzz::Input input(data, size);
  const uint64_t seed = input.number();
  const std::string found = insitu::laws::plan_violation(seed, size % 16 == 15 ? 5000 : 200);
  if (!found.empty()) insitu::fuzz::violation(found);
  return 0;
}
