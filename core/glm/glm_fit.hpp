// The generalised linear model as a fit: iteratively reweighted least squares, a pass a step.
//
// The first pass starts from the responses; those after it go on as glm_pace.hpp says. A step that
// raises the deviance, or leads to means that the family does not have, is shortened (its pass has
// told by how much). It ends when both tests of the original hold, no step is larger than a
// thousandth of its standard error, and what the deviance's quadratic leaves out is below its last
// digits; off the canonical link, where steps need not shrink in squares, the last is also below
// 1e-10. That step is always taken, and its deviance follows from the quadratic that it minimised.
// A robust covariance takes one more pass, at the end.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "glm/glm_analysis.hpp"
#include "glm/glm_null.hpp"
#include "glm/glm_options.hpp"
#include "glm/glm_pace.hpp"
#include "glm/glm_place.hpp"
#include "glm/glm_separation.hpp"
#include "glm/glm_theta.hpp"
#include "robust/robust_covariance.hpp"
#include "solve/linear_solver.hpp"

namespace insitu {

// How the iterations ended.
struct GlmEnd {
  bool converged = false;
  std::string why;
};

class GlmFit final : public Fit {
 public:
  // The spec of fit "glm" in docs/architecture.md.
  explicit GlmFit(const Json& spec);

  std::string_view name() const override { return "glm"; }
  AnalysisPtr next() override;
  void accept(const AnyState& state) override;
  Json result() const override;

 private:
  void finish(const GlmState& state, const LinearSystem& system, const LinearSolution& solution);
  void require_responses(const GlmState& state) const;
  void require_binomial() const;
  double objective(const GlmState& state, GlmStep step) const;
  bool start_again(const GlmState& state);
  bool shorten(const GlmState& state);
  bool shorten_penalised(double objective);
  void go_back(double part);
  struct StepSize {
    double largest = 0.0;
    double coefficient = 0.0;  // the largest
    double in_errors = 0.0;    // the largest over its standard error
    double relative = 0.0;  // the same over the coefficient, or its standard error if that is more
    double decrease = 0.0;  // of the deviance, by the quadratic that Fisher's step minimised
    double dispersion = 0.0;
  };
  StepSize size_of_step(const GlmState& state, const LinearSolution& solution,
                        const GlmPlace& next) const;
  struct Verdict {
    bool fisher = true;  // the step was Fisher's
    bool converged = false;
    bool separated = false;
    GlmPace::Step step;
  };
  Verdict judge(const GlmState& state, const LinearSolution& solution, const GlmPlace& next,
                double objective_here);
  bool wait_for_leverages(const GlmState& state, const LinearSystem& system,
                          const LinearSolution& solution);
  void end(const GlmState& state, const CrossProducts& products, const SolverOptions& solver,
           const LinearSystem& system, const LinearSolution& solution);
  bool ended(const GlmState& state, const StepSize& step) const;
  void require_covariances(const LinearSolution& solution) const;
  void take_step(const GlmState& state, const CrossProducts& products, const SolverOptions& solver,
                 const LinearSystem& system, const LinearSolution& solution);
  GlmEnd ending(const Verdict& verdict, const LinearSolution& solution) const;

  GlmOptions options_;
  Design design_;
  AnalysisPtr pass_;
  std::optional<GlmPlace> at_;        // where the pass handed out stands
  std::optional<GlmPlace> previous_;  // where its step came from
  bool precise_ = false;              // the pass takes double-double products
  bool parts_ = false;                // the pass tells deviances at parts of the step, too
  double decrease_ = 0.0;             // of the deviance by the step, relative, as foreseen
  double deviance_ = 0.0;             // there, or what else is minimised
  std::optional<GlmNull> null_;
  std::optional<double> likelihood_;  // what the responses contribute to it
  std::optional<ThetaSearch> theta_;  // where it is estimated
  std::optional<GlmSeparation> separation_;
  std::optional<GlmPace> pace_;
  double log_determinant_ = 0.0;           // of X'WX, where it is part of what is maximised
  std::optional<GlmLeverages> leverages_;  // where the next pass stands; none: it finds them
  size_t most_rank_ = 0;                   // of any step
  uint64_t iterations_ = 0;
  uint64_t shortened_ = 0;  // in a row
  bool last_ = false;       // what follows is the additional pass of a tight fit
  bool at_null_ = false;    // the iterations started at the null model
  bool waiting_ = false;    // the next pass only repeats the last step
  bool done_ = false;
  int passes_ = 0;
  GlmEnd end_;
  std::unique_ptr<RobustFit> robust_;  // the pass handed out is its own
  GlmState state_;                     // then: of the pass before it
  std::unique_ptr<Json> model_;
};

// The model as plain data.
struct GlmModelInput {
  const GlmOptions& options;
  const GlmState& state;
  const LinearSystem& system;
  const LinearSolution& solution;
  const RobustFit* robust;  // null: classical; else the solution is its own
  const GlmEnd& end;
  double null_deviance;
  double likelihood;  // what the responses contribute to it
  uint64_t iterations;
  int passes;
  const ThetaSearch* theta;  // null: it is given, or there is none
  const GlmSeparation& separation;
  double log_determinant;  // of X'WX where Firth's penalty is half of it, else 0
};
Json glm_model(const GlmModelInput& input);

}  // namespace insitu
