// The linear model as a fit: one pass, before it one over the levels that N() needs and nobody
// gave, and after it one in double-double where the first would keep fewer than 9 digits, where a
// pivot is suspicious, or where rows x columns^2 is so small that it costs nothing (DESIGN:
// automatic precision). A robust covariance takes one more pass, at the end.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/analysis.hpp"
#include "linear/linear_analysis.hpp"
#include "robust/robust_covariance.hpp"
#include "solve/linear_solver.hpp"

namespace insitu {

struct LinearOptions {
  std::string formula;  // as asked
  std::string pweights;
  std::string fweights;
  bool drop_first = false;
  bool drop_main = true;
  bool cube = false;
  bool cov_coef = false;
  bool cov_data = false;
  // "double", "double-double", or "needed": double-double only where doubles keep too few digits,
  // not where it costs nothing here
  std::string precision = "auto";
  std::optional<uint64_t> rows;  // where the source knows
  CovarianceOptions covariance;
};

class LinearFit final : public Fit {
 public:
  // The spec of fit "linear" in docs/architecture.md.
  explicit LinearFit(const Json& spec);

  std::string_view name() const override { return "linear"; }
  AnalysisPtr next() override;
  void accept(const AnyState& state) override;
  Json result() const override;

 private:
  void finish(const LinearState& state, const LinearSystem& system, const LinearSolution& solution);
  bool needs_precision(const Design& frozen, const LinearState& state,
                       const LinearSolution& solution) const;

  LinearOptions options_;
  Design design_;
  AnalysisPtr pass_;  // the one handed out
  bool precise_ = false;
  bool done_ = false;
  int passes_ = 0;
  std::unique_ptr<RobustFit> robust_;  // the pass handed out is its own
  LinearState state_;                  // then: of the pass before it
  std::unique_ptr<Json> model_;
};

// The model as plain data, from a solved system. Throws DataError where there is nothing to fit.
struct LinearModelInput {
  const LinearOptions& options;
  const LinearState& state;
  const LinearSystem& system;
  const LinearSolution& solution;
  const RobustFit* robust;  // null: classical; else the solution is its own
  bool precise;
  int passes;
};
Json linear_model(const LinearModelInput& input);

}  // namespace insitu
