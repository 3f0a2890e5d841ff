// Predicted probabilities against what happened: the ROC curve and its area, precision, calibration
// and proper scores of one or several predictions of the same rows. Rows with a missing value in
// any of the columns are left out. One pass where the rows are few enough to be kept, or where a
// grid is asked for; else a pass that counts, and others that look closer (ranking.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "evaluation/outcome_counts.hpp"
#include "evaluation/ranking.hpp"

namespace insitu {

class EvaluationFit final : public Fit {
 public:
  // The spec of fit "evaluation" in docs/architecture.md.
  explicit EvaluationFit(const Json& spec);

  std::string_view name() const override { return "evaluation"; }
  AnalysisPtr next() override;
  void accept(const AnyState& state) override;
  Json result() const override;

 private:
  Design design_;
  std::vector<Ranking> rankings_;
  AnalysisPtr pass_;
  OutcomeCountsState first_;  // of the first pass over rows, without its counts
  bool done_ = false;
  int passes_ = 0;
};

}  // namespace insitu
