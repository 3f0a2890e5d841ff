// Model files: sealed bytes raw, and good models with values of their JSON swapped, removed,
// retyped.
#include "base/model_file.hpp"
#include "edits.hpp"
#include "fit_use.hpp"
#include "testing/scorer_law.hpp"

namespace {

using namespace insitu;

const std::vector<Json>& models() {
  static const std::vector<Json> made = [] {
    std::vector<Json> out;
    for (uint64_t seed = 0; out.size() < 12 && seed < 100; ++seed) {
      laws::Rng rng(seed);
      const Json spec = {{"formula", "x0 ~ " + laws::random_terms(rng)},
                         {"columns", laws::columns_of_random_table()},
                         {"cov_coef", true}};
      try {
        out.push_back(fuzz::run_fit(*make_fit("linear", spec)));
        if (seed % 3 != 0) continue;
        Json general = out.back();  // for scoring it does not matter where coefficients come from
        general["kind"] = "glm";
        general["family"] = {{"name", "binomial"}, {"link", seed % 2 == 0 ? "probit" : "cloglog"}};
        out.push_back(std::move(general));
      } catch (const Error&) {
      }
    }
    return out;
  }();
  return made;
}

// Changes one value somewhere inside.
void damage(Json& root, fuzz::Input& input) {
  Json* at = &root;
  while (at->is_structured() && !at->empty() && input.byte() % 8 != 0) {
    auto child = at->begin();
    std::advance(child, static_cast<std::ptrdiff_t>(input.below(at->size())));
    at = &*child;
  }
  switch (input.byte() % 9) {
    case 0:
      *at = nullptr;
      break;
    case 1:
      *at = static_cast<int64_t>(input.number());
      break;
    case 2:
      *at = 1e300;
      break;
    case 3:
      *at = "Infinity";
      break;
    case 4:
      *at = Json::array();
      break;
    case 5:
      *at = Json::object();
      break;
    case 6:
      *at = true;
      break;
    case 7:
      if (at->is_array() && !at->empty()) at->erase(at->size() - 1);
      break;
    default:
      if (at->is_array()) at->push_back(at->empty() ? Json(0) : at->front());
  }
}

template <class F>
void survive(F&& f) {
  try {
    f();
  } catch (const InternalError& error) {
    fuzz::violation(error.what());
  } catch (const Error&) {
  }
}

void use(const Json& model, uint8_t how) {
  survive([&] { tidy_model(model, 0.95); });
  survive([&] { glance_model(model); });
  constexpr const char* kDialects[] = {"postgres", "duckdb", "sqlite", "tsql"};
  survive([&] { dump_json(model_to_sql(model, kDialects[how / 16 % 4])); });
  survive([&] {
    const RowFunctionPtr function =
        make_row_function("linear_predict", {{"model", model},
                                             {"std_errors", (how & 1) != 0},
                                             {"interval", (how & 2) != 0 ? "prediction" : "none"},
                                             {"residuals", (how & 4) != 0}});
    const std::string found = laws::scorer_violation(*function, fuzz::small_table().all());
    if (!found.empty()) fuzz::violation(found);
  });
}

// Bytes that open are sealed and open again.
void open_and_use(const std::string& bytes, uint8_t how) {
  survive([&] {
    const Json model = open_model(as_bytes(bytes));
    if (open_model(as_bytes(seal_model(dump_json(model)))) != model)
      fuzz::violation("a model does not come back");
    use(model, how);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t way = input.byte();
  const uint8_t how = input.byte();
  if (way % 8 == 0) {
    open_and_use(std::string(input.rest()), how);
  } else if (way % 8 == 1) {  // content under a good checksum
    open_and_use(seal("model", "linear_model", 0, input.rest()), how);
  } else {
    Json model = models()[way / 8 % models().size()];
    for (int edit = 0; edit < 16 && !input.done(); ++edit) damage(model, input);
    survive([&] { open_and_use(seal_model(dump_json(model)), how); });
  }
  return 0;
}
