// The generalised linear model as a fit: iteratively reweighted least squares, a pass a step.
//
// The first pass starts from the responses. Where the link is not canonical, Fisher's steps shrink
// by a factor only: near the end Newton's take their place, by observed information, and one more
// pass of Fisher's gives the standard errors. A step that raises the deviance, or leads to means
// that the family does not have, is shortened (its pass has told by how much). It ends when both
// tests of the original hold and no step is larger than a thousandth of its standard error; the
// last step is always taken, and its deviance follows from the quadratic that it minimised. A
// robust covariance takes one more pass, at the end.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "glm/glm_analysis.hpp"
#include "glm/glm_options.hpp"
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
  // A point of the parameters: coefficients of the formula's columns, and the same about centers.
  struct Place {
    std::vector<double> coefficients;
    LinearPredictor predictor;
  };

  void finish(const GlmState& state, const LinearSystem& system, const LinearSolution& solution);
  void require_rows(const GlmState& state) const;
  void require_binomial() const;
  void start_at_given();
  double objective(const GlmState& state, GlmStep step) const;
  bool shorten(const GlmState& state);
  bool shorten_penalised(double objective);
  void go_back(double part);
  static Place between(const Place& from, const Place& to, double part);
  struct StepSize {
    double largest = 0.0;
    double coefficient = 0.0;  // the largest
    double in_errors = 0.0;    // the largest over its standard error
    double relative = 0.0;  // the same over the coefficient, or its standard error if that is more
    double decrease = 0.0;  // of the deviance, by the quadratic that Fisher's step minimised
    double dispersion = 0.0;
  };
  StepSize size_of_step(const GlmState& state, const LinearSolution& solution,
                        const Place& next) const;
  void choose_information(const StepSize& step);
  struct Verdict {
    bool fisher = true;  // the step was Fisher's
    bool converged = false;
    bool separated = false;
  };
  Verdict judge(const GlmState& state, const LinearSolution& solution, const Place& next,
                double objective_here);
  bool wait_for_leverages(const GlmState& state, const LinearSystem& system,
                          const LinearSolution& solution);
  void end(const GlmState& state, const CrossProducts& products, const SolverOptions& solver,
           const LinearSystem& system, const LinearSolution& solution);
  bool ended(const GlmState& state, const StepSize& step) const;
  void step_null(const GlmState& state);

  GlmOptions options_;
  Design design_;
  AnalysisPtr pass_;
  std::optional<Place> at_;        // where the pass handed out stands
  std::optional<Place> previous_;  // where its step came from
  bool parts_ = false;             // the pass tells deviances at parts of the step, too
  double decrease_ = 0.0;          // of the deviance by the step, relative, as foreseen
  double deviance_ = 0.0;          // there, or what else is minimised
  std::optional<double> null_;     // the constant of the null model that the pass tries
  bool null_ready_ = false;
  double null_deviance_ = 0.0;
  std::optional<double> likelihood_;  // what the responses contribute to it
  std::optional<ThetaSearch> theta_;  // where it is estimated
  std::optional<GlmSeparation> separation_;
  double log_determinant_ = 0.0;           // of X'WX, where it is part of what is maximised
  std::optional<GlmLeverages> leverages_;  // where the next pass stands; none: it finds them
  uint64_t iterations_ = 0;
  uint64_t shortened_ = 0;    // in a row
  bool observed_ = false;     // the next pass takes Newton's step
  bool newton_ = true;        // such steps are worth taking
  double newton_step_ = 0.0;  // the last of them, relative; 0: none yet
  bool last_ = false;         // what follows is the additional pass of a tight fit
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
