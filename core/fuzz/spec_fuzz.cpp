// Specs as JSON text, for every name of the registry; what they make is run.
#include "edits.hpp"
#include "fit_use.hpp"

namespace {

using namespace insitu;

void make_and_use(const RegistryEntry& entry, const Json& spec) {
  if (entry.kind == "fit") {
    const FitPtr fit = make_fit(entry.name, spec);
    fuzz::run_fit(*fit);
  } else if (entry.kind == "row_function") {
    fuzz::run_row_function(*make_row_function(entry.name, spec));
  } else if (entry.kind == "computation") {
    compute(entry.name, spec);
  } else {
    const AnalysisPtr analysis = make_analysis(entry.name, spec);
    if (make_analysis(entry.name, analysis->spec())->fingerprint() != analysis->fingerprint()) {
      fuzz::violation("the spec of an analysis makes another analysis");
    }
    if (analysis->state_bytes() > (uint64_t{1} << 26)) return;
    const laws::StatePtr state = analysis->empty();
    fuzz::run_analysis(*analysis, state);
    analysis->finalize(*state);
  }
}

// Good specs of an entry, to be damaged.
std::string good_spec(const RegistryEntry& entry, uint64_t seed) {
  laws::Rng rng(seed);
  const laws::Table table = laws::random_table(rng, 40, laws::kNumeric, laws::kFactors);
  AnalysisPtr pass = laws::random_pass(rng, table);
  const Json named = {{"name", pass->name()}, {"spec", pass->spec()}};
  if (entry.kind == "analysis") {
    if (entry.name == "tuple") return dump_json({{"parts", {named, named}}});
    if (entry.name == "grouped")
      return dump_json({{"key", "f1"}, {"analysis", named}, {"max_groups", 20}});
    while (pass->name() != entry.name) pass = laws::random_pass(rng, table);
    return dump_json(pass->spec());
  }
  if (entry.name == "wald_test") {
    return dump_json({{"estimates", {1.0, 2.0}},
                      {"covariance", {2.0, 0.5, 1.0}},
                      {"matrix", {{1.0, -1.0}, {0.0, 1.0}}},
                      {"values", {0.0, 1.0}},
                      {"df", 5.0}});
  }
  if (entry.name == "tail_areas")
    return dump_json({{"statistics", {1.0, 2.0}}, {"df", {1, 2}}, {"df_residual", {nullptr, 5}}});
  const Json model = laws::random_model(rng, table);
  if (entry.name == "model_terms") return dump_json({{"design", model.value("design", Json())}});
  if (entry.name == "margins") return dump_json({{"model", model}, {"response", true}});
  Json spec = {{"formula", "x0 ~ " + laws::random_terms(rng)},
               {"columns", laws::columns_of_random_table()}};
  if (entry.kind == "fit") return dump_json(spec);
  const FitPtr fit = make_fit("linear", spec);
  return dump_json(
      {{"model", fuzz::run_fit(*fit)}, {"std_errors", true}, {"interval", "prediction"}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<RegistryEntry> entries = registry_entries();
  fuzz::Input input(data, size);
  const RegistryEntry& entry = entries[input.byte() % entries.size()];
  const uint8_t way = input.byte();
  try {
    const std::string text =
        way % 4 == 0 ? std::string(input.rest()) : fuzz::edited(good_spec(entry, way / 4), input);
    make_and_use(entry, parse_json(text, "spec"));
  } catch (const InternalError& error) {
    fuzz::violation(error.what());
  } catch (const Error&) {
  }
  return 0;
}
