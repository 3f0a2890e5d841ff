// Names of analyses, fits, row functions and computations, and how each is made from a spec. One
// line in registry.cpp per algorithm.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"

namespace insitu {

// SpecError if the name is unknown (near names offered) or the spec is wrong.
AnalysisPtr make_analysis(std::string_view name, const Json& spec);
FitPtr make_fit(std::string_view name, const Json& spec);
RowFunctionPtr make_row_function(std::string_view name, const Json& spec);
// What needs no rows: tests of hypotheses, tail areas.
Json compute(std::string_view name, const Json& spec);

// What can be asked of a model, by its kind. SpecError for something that is no model, a kind that
// has no such thing, or parts of other types than expected.
// {"term": […], "estimate": […], …}; the level of the interval lies between 0 and 1.
Json tidy_model(const Json& model, double conf_level);
// The whole model in one object of numbers.
Json glance_model(const Json& model);
// One scalar expression that predicts.
std::string model_to_sql(const Json& model, std::string_view dialect);

struct RegistryEntry {
  std::string kind;  // "analysis", "fit", "row_function", "computation"
  std::string name;
  std::string doc;
};
std::vector<RegistryEntry> registry_entries();

}  // namespace insitu
