// Names of analyses, fits and row functions, and how each is made from a spec. One line in
// registry.cpp per algorithm.
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

struct RegistryEntry {
  std::string kind;  // "analysis", "fit", "row_function"
  std::string name;
  std::string doc;
};
std::vector<RegistryEntry> registry_entries();

}  // namespace insitu
