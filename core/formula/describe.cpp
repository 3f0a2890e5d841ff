#include "formula/describe.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "formula/formula.hpp"

namespace insitu {
namespace {

using nlohmann::json;

std::vector<FormulaColumn> columns_of(const json& list) {
  if (!list.is_array()) throw SpecError("columns must be a list of {name, kind}");
  std::vector<FormulaColumn> columns;
  for (const json& each : list) {
    const bool valid = each.is_object() && each.contains("name") && each["name"].is_string() &&
                       each.contains("kind") &&
                       (each["kind"] == "numeric" || each["kind"] == "factor");
    if (!valid) {
      throw SpecError("column " + std::to_string(columns.size()) +
                      " must have a name and the kind \"numeric\" or \"factor\"");
    }
    columns.push_back({each["name"].get<std::string>(),
                       each["kind"] == "factor" ? ColumnKind::kFactor : ColumnKind::kNumeric});
  }
  return columns;
}

std::string kind_text(const std::vector<ColumnKind>& kinds) {
  const auto is_factor = [](ColumnKind kind) { return kind == ColumnKind::kFactor; };
  if (std::all_of(kinds.begin(), kinds.end(), is_factor)) return "factor";
  return std::none_of(kinds.begin(), kinds.end(), is_factor) ? "numeric" : "mixed";
}

// `kinds`: one per element, or empty where the columns are not known.
json term_json(const Term& term, const std::vector<ColumnKind>& kinds) {
  std::vector<std::string> variables;
  json factors = json::array();
  json elements = json::array();
  for (size_t k = 0; k < term.factors.size(); ++k) {
    const Expr& element = *term.factors[k];
    elements.push_back(to_string(element));
    columns_used(element, variables);
    if (k < kinds.size() && kinds[k] == ColumnKind::kFactor) {
      factors.push_back({{"label", to_string(element)}, {"name", display_name(element)}});
    }
  }
  return {{"label", term.label},    {"name", display_name(term)},
          {"variables", variables}, {"elements", elements},
          {"factors", factors},     {"kind", kinds.empty() ? "unknown" : kind_text(kinds)}};
}

}  // namespace

json describe_formula(std::string_view text, const json& columns) {
  const bool known = !columns.is_null();
  ResolvedFormula resolved;
  resolved.formula = parse_formula(text);
  if (known) resolved = resolve(resolved.formula, columns_of(columns));
  const Formula& formula = resolved.formula;

  std::vector<std::string> response_variables;
  if (formula.response) columns_used(*formula.response, response_variables);
  std::vector<std::string> variables = response_variables;
  json terms = json::array();
  for (size_t k = 0; k < formula.terms.size(); ++k) {
    for (const ExprPtr& factor : formula.terms[k].factors) columns_used(*factor, variables);
    terms.push_back(
        term_json(formula.terms[k], known ? resolved.kinds[k] : std::vector<ColumnKind>()));
  }
  json offsets = json::array();
  for (const ExprPtr& offset : formula.offsets) {
    columns_used(*offset, variables);
    offsets.push_back(to_string(*offset));
  }
  return {{"response", formula.response ? json(display_name(*formula.response)) : json()},
          {"response_kind",
           known && formula.response ? json(kind_text({resolved.response_kind})) : json()},
          {"response_variables", response_variables},
          {"intercept", formula.intercept},
          {"variables", known ? resolved.columns : variables},
          {"offsets", offsets},
          {"terms", terms}};
}

}  // namespace insitu
