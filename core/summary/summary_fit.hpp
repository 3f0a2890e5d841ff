// Fit "summary": one pass, before it one over the levels that N() needs and nobody gave. `y ~ f`
// means the moments of y in each cell of f, that is the term y:f; `y ~ x` those of y and x.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "design/design.hpp"
#include "formula/formula.hpp"
#include "summary/moments.hpp"

namespace insitu {

// The same formula without a response: its terms within the response's, as a summary reads it.
// SpecError on offsets.
std::string summary_terms(const std::string& formula, const std::vector<FormulaColumn>& columns,
                          const std::vector<std::string>& not_in_all);

class SummaryFit final : public Fit {
 public:
  // {formula, columns, by_term: true, pweights, fweights, rows}; docs/architecture.md has the
  // result.
  explicit SummaryFit(const Json& spec);

  std::string_view name() const override { return "summary"; }
  AnalysisPtr next() override;
  void accept(const AnyState& state) override;
  Json result() const override;

 private:
  std::string formula_;
  Design design_;
  bool by_term_ = true;
  Weighting weighting_ = Weighting::kNone;
  AnalysisPtr pass_;  // the one handed out
  Json result_;
};

}  // namespace insitu
