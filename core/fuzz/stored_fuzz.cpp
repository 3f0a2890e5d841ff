// Stored states, as a database hands them in: raw bytes, content under a good checksum, and good
// content damaged. What opens is loaded by the analysis that its request makes, and finalized.
#include "base/stored_state.hpp"
#include "edits.hpp"
#include "testing/plans.hpp"

namespace {

using namespace insitu;

struct Subject {
  std::string name;
  uint64_t fingerprint = 0;
  std::string payload;
};

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> made = [] {
    std::vector<Subject> out;
    for (uint64_t seed = 0; seed < 24; ++seed) {
      const laws::Case plan = laws::random_plan(seed, 60);
      const AnyAnalysis& a = *plan.analysis;
      const std::string spec = dump_json({{"analysis", a.name()}, {"spec", a.spec()}});
      const std::string stored = seal_stored_state(spec, a.save(*laws::whole(plan)));
      out.push_back({std::string(a.name()), a.fingerprint(),
                     std::string(as_text(unseal(as_bytes(stored), "stored_state").payload))});
    }
    return out;
  }();
  return made;
}

void use(const std::string& bytes) {
  const StoredState stored = open_stored_state(as_bytes(bytes));
  if (seal_stored_state(stored.spec, stored.state) != bytes)
    fuzz::violation("a stored state does not come back");
  const Json request = parse_json(stored.spec, "spec");
  SpecReader reader(request, "spec");
  const AnalysisPtr analysis = make_analysis(reader.text("analysis"), reader.required("spec"));
  if (analysis->state_bytes() > (uint64_t{1} << 26)) return;
  const laws::StatePtr state = analysis->load(as_bytes(stored.state));
  analysis->finalize(*state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const Subject& subject = subjects()[input.byte() % subjects().size()];
  const uint8_t way = input.byte() % 4;
  std::string bytes(input.rest());
  const auto around = [&](std::string_view content) {
    return seal("stored_state", subject.name, subject.fingerprint, content);
  };
  if (way == 0) bytes = around(input.rest());
  if (way >= 2) bytes = around(fuzz::edited(subject.payload, input));
  try {
    use(bytes);
  } catch (const InternalError& error) {
    fuzz::violation(error.what());
  } catch (const Error&) {
  }
  return 0;
}
