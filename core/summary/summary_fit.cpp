#include "summary/summary_fit.hpp"

#include <algorithm>

#include "base/erased.hpp"
#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/levels_analysis.hpp"
#include "summary/summary_analysis.hpp"

namespace insitu {
namespace {

// An operation, as in y > 15 ~ f, is an element of a term only within I().
ExprPtr as_element(const ExprPtr& response) {
  if (response == nullptr) return response;
  const bool operation = response->kind == ExprKind::kNegate ||
                         response->kind == ExprKind::kNumber ||
                         (response->kind == ExprKind::kBinary && response->op != BinaryOp::kPower);
  if (!operation) return response;
  auto call = std::make_shared<Expr>();
  call->kind = ExprKind::kCall;
  call->name = "I";
  call->args = {response};
  call->position = response->position;
  call->depth = response->depth + 1;
  return call;
}

}  // namespace

std::string summary_terms(const std::string& formula, const std::vector<FormulaColumn>& columns,
                          const std::vector<std::string>& not_in_all) {
  const ResolvedFormula resolved = resolve(parse_formula(formula), columns, not_in_all);
  if (!resolved.formula.offsets.empty()) {
    formula_error(formula, resolved.formula.offsets[0]->position, "a summary has no offset");
  }
  if (resolved.formula.response != nullptr && is_counts(*resolved.formula.response)) {
    formula_error(formula, resolved.formula.response->position,
                  "cbind() is the response of a binomial family", "summarise its columns: ~ a + b");
  }
  Formula terms;
  const ExprPtr response = as_element(resolved.formula.response);
  if (response == nullptr) {
    terms.terms = resolved.formula.terms;
  } else {
    const Term alone{{response}, to_string(*response)};
    if (resolved.formula.terms.empty()) terms.terms.push_back(alone);
    for (size_t t = 0; t < resolved.formula.terms.size(); ++t) {
      Term term = resolved.formula.terms[t];
      const auto& kinds = resolved.kinds[t];
      const bool cells = resolved.response_kind == ColumnKind::kFactor ||
                         std::count(kinds.begin(), kinds.end(), ColumnKind::kFactor) > 0;
      if (cells) {
        term.factors.insert(term.factors.begin(), response);
        term.label = alone.label + ":" + term.label;
      } else {
        terms.terms.push_back(alone);
      }
      terms.terms.push_back(std::move(term));
    }
  }
  return to_string(terms);
}

SummaryFit::SummaryFit(const Json& spec) {
  SpecReader reader(spec, "summary");
  formula_ = reader.text("formula");
  const std::vector<DesignColumn> columns = read_columns(reader.required("columns"));
  by_term_ = reader.flag("by_term", true);
  const std::string pweights = reader.text_or_none("pweights").value_or("");
  const std::string fweights = reader.text_or_none("fweights").value_or("");
  reader.count("rows", 0);
  reader.finish();
  if (!pweights.empty() && !fweights.empty()) {
    throw SpecError("give pweights or fweights, not both: \"" + pweights + "\" and \"" + fweights +
                    "\"");
  }
  const std::string weight = pweights.empty() ? fweights : pweights;
  std::vector<FormulaColumn> names;
  for (const DesignColumn& column : columns) names.push_back({column.name, column.kind});
  const std::string terms = summary_terms(formula_, names, {weight});
  weighting_ = !pweights.empty()   ? Weighting::kProbability
               : !fweights.empty() ? Weighting::kFrequency
                                   : Weighting::kNone;
  design_ = Design::make(terms, columns, weight);
  pass_ = next();  // what cannot be summarised is refused at once
}

AnalysisPtr SummaryFit::next() {
  if (!result_.is_null()) return nullptr;
  pass_ = levels_pass(design_);
  if (!pass_) pass_ = erase(SummaryAnalysis(design_, by_term_, weighting_));
  return pass_;
}

void SummaryFit::accept(const AnyState& state) {
  if (!design_.open_codes().empty()) {
    design_ = with_levels(design_, *pass_, state);
    return;
  }
  result_ = pass_->finalize(state);
  result_["formula"] = formula_;
}

Json SummaryFit::result() const {
  if (result_.is_null()) throw SpecError("the summary has not seen its rows yet");
  return result_;
}

}  // namespace insitu
