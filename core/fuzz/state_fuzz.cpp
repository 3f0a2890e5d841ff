// Loading states: raw bytes, payloads under a good checksum, and good payloads damaged. A state
// that loads must survive every verb, and save to bytes that load again.
#include "edits.hpp"
#include "testing/plans.hpp"

namespace {

using namespace insitu;

struct Subject {
  laws::Case plan;
  std::string payload;
};

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> made = [] {
    std::vector<Subject> out;
    for (uint64_t seed = 0; seed < 24; ++seed) {
      laws::Case plan = laws::random_plan(seed, 60);
      const std::string bytes = plan.analysis->save(*laws::whole(plan));
      out.push_back(
          {std::move(plan), std::string(as_text(unseal(as_bytes(bytes), "state").payload))});
    }
    return out;
  }();
  return made;
}

void use(const laws::Case& plan, std::string_view bytes) {
  const AnyAnalysis& a = *plan.analysis;
  const laws::StatePtr state = a.load(as_bytes(bytes));
  const std::string saved = a.save(*state);
  if (a.save(*a.load(as_bytes(saved))) != saved)
    fuzz::violation("a loaded state does not come back");
  const laws::StatePtr good = laws::whole(plan);
  a.distance(*good, *state);
  a.debug_string(*state);
  a.finalize(*state);
  a.merge(*good, *state);
  a.merge(*state, *good);
  a.update(*state, plan.table.all());
  a.finalize(*state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const Subject& subject = subjects()[input.byte() % subjects().size()];
  const AnyAnalysis& a = *subject.plan.analysis;
  const uint8_t way = input.byte() % 4;
  std::string bytes(input.rest());
  if (way == 0) bytes = seal("state", a.name(), a.fingerprint(), input.rest());
  if (way >= 2)
    bytes = seal("state", a.name(), a.fingerprint(), fuzz::edited(subject.payload, input));
  try {
    use(subject.plan, bytes);
  } catch (const InternalError& error) {
    fuzz::violation(error.what());
  } catch (const Error&) {
  }
  return 0;
}
