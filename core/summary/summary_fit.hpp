// Fit "summary": one pass. `y ~ f` means the moments of y in each cell of f, that is the term y:f;
// `y ~ x` those of y and x.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "formula/formula.hpp"

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
  AnalysisPtr pass_;
  bool handed_out_ = false;
  Json result_;
};

}  // namespace insitu
