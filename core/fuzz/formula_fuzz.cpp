// Formula text: described with and without columns, and fitted where it makes sense.
#include "edits.hpp"
#include "fit_use.hpp"
#include "formula/describe.hpp"

namespace {

using namespace insitu;

template <class F>
void survive(F&& f) {
  try {
    f();
  } catch (const InternalError& error) {
    fuzz::violation(error.what());
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Json columns = laws::columns_of_random_table();
  survive([&] { dump_json(describe_formula(text, nullptr)); });
  survive([&] { dump_json(describe_formula(text, columns)); });
  for (const char* name : {"linear", "summary"}) {
    survive([&] {
      const FitPtr fit = make_fit(name, {{"formula", text}, {"columns", columns}});
      const AnalysisPtr pass = fit->next();
      if (pass != nullptr && pass->state_bytes() < (uint64_t{1} << 26)) {
        const laws::StatePtr state = pass->empty();
        fuzz::run_analysis(*pass, state);
        fit->accept(*state);
      }
    });
  }
  return 0;
}
