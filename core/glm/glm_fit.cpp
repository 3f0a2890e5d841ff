#include "glm/glm_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/erased.hpp"
#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/levels_analysis.hpp"
#include "design/numeric_response.hpp"
#include "design/rows.hpp"
#include "family/likelihood.hpp"
#include "formula/formula.hpp"
#include "solve/model_covariance.hpp"
#include "solve/precision.hpp"

namespace insitu {
namespace {

constexpr double kLargestStep = 1e-3;  // of the last step, in standard errors
constexpr double kPerfect = 0x1p-50;
constexpr double kLeftOut = 1e-12;   // of the deviance
constexpr double kSlowStep = 1e-10;  // where steps shrink by a factor only, not in squares
// Part of the deviance that a step takes. Below it Newton's begin, and steps are not expected to
// raise the deviance: should one, it is halved blindly, which may cost a pass.
constexpr double kNearEnd = 1e-2;
constexpr double kThetaMoves = 1e-5;       // relative, of a step whose square counts
constexpr double kDevianceSettled = 1e-8;  // of separated responses, about to change by less
constexpr double kRoundingOfPenalty = 1e-6;
constexpr double kThetaStep = 1e-9;  // the last of theta, relative
constexpr double kRoundingOfDeviance = 1e-9;
constexpr uint64_t kMostShortened = 30;

}  // namespace

GlmFit::GlmFit(const Json& spec) {
  Json list;
  options_ = read_options(spec, list);
  if (options_.estimate_theta) theta_.emplace();
  null_.emplace(options_.estimate_theta);
  separation_.emplace(options_.family);
  pace_.emplace(options_.family.is_canonical());
  std::vector<DesignColumn> columns = read_columns(list);
  const std::string formula = full_formula(options_, columns);
  design_ = Design::make(formula, columns,
                         options_.pweights.empty() ? options_.fweights : options_.pweights,
                         options_.covariance.clusters);
  if (!design_.response.has_value())
    formula_error(options_.formula, 0, "there is no response", "write \"y ~ …\"");
  if (design_.terms.empty()) {
    formula_error(options_.formula, options_.formula.find('~') + 1, "there are no predictors",
                  "for a mean and its deviation use rx_summary");
  }
  if (design_.trials.has_value()) require_binomial();
  if (formula != options_.formula && options_.formula.find('~') != std::string::npos)
    design_.response->label = response_text(options_.formula);
  precise_ = options_.rows.has_value() && precision_is_free(design_, *options_.rows);
}

AnalysisPtr GlmFit::next() {
  if (done_) return nullptr;
  pass_ = robust_ ? robust_->pass() : levels_pass(design_);
  if (!pass_) {
    GlmPoint point;
    if (at_.has_value()) point.predictor = at_->predictor;
    parts_ = previous_.has_value() && !options_.firth && decrease_ > kNearEnd;
    if (parts_) point.previous = previous_->predictor;
    point.null = null_->next();
    point.precise = precise_;
    point.observed = pace_->observed();
    point.firth = leverages_;
    point.extremes = !options_.firth && separation_->counting(design_);
    point.held = separation_->held();
    point.theta = theta_.has_value() && at_.has_value();
    point.likelihood =
        !theta_.has_value() && !likelihood_.has_value() && has_likelihood(options_.family);
    pass_ = erase(GlmAnalysis(design_, options_.family, std::move(point)));
  }
  ++passes_;
  return pass_;
}

// Of a response cbind(success, failure).
void GlmFit::require_binomial() const {
  if (options_.family.kind != FamilyKind::kBinomial) design_.refuse_counts();
  if (options_.fweights.empty()) return;
  throw SpecError("\"" + design_.response->label +
                  "\" counts trials already: give no fweights, or multiply both counts by them");
}

// A mean at a bound leaves nothing to tell apart.
void GlmFit::require_responses(const GlmState& state) const {
  require_rows({state.rows, state.used, state.missing, state.zero_weight}, "to fit");
  const double mean = static_cast<double>(state.response / state.prior);
  const auto [low, high] = options_.family.range();
  if ((low == 0.0 && mean == 0.0) || (high == 1.0 && mean == 1.0)) {
    throw DataError("the response \"" + design_.response->label + "\" is " +
                    (mean == 0.0 ? "0" : "1") + " in all of " + std::to_string(state.used) +
                    " rows: there is nothing to tell apart");
  }
}

// What a step has to lower: where theta moves, deviances alone cannot be compared.
double GlmFit::objective(const GlmState& state, GlmStep step) const {
  const double deviance = state.deviances[step].hi - log_determinant_;
  return theta_.has_value() ? ThetaSearch::objective(state, deviance) : deviance;
}

// True if the step led too far: the next pass stands nearer to where it came from.
bool GlmFit::shorten(const GlmState& state) {
  if (!at_.has_value() || !previous_.has_value()) return false;
  const double full = objective(state, kFullStep);
  const double most = deviance_ + kRoundingOfDeviance * (std::abs(deviance_) + 0.1);
  if (state.outside[kFullStep] == 0 && full <= most) {
    shortened_ = 0;
    return false;
  }
  if (std::optional<GlmPlace> unmixed = pace_->unmixed()) {
    at_ = std::move(unmixed);
    pace_->restart();
    return true;
  }
  if (++shortened_ > kMostShortened) {
    throw NumericError(
        "the iterations do not converge: steps shortened " + std::to_string(kMostShortened) +
        " times still raise the deviance, or lead to means that the family does not have; give "
        "initial_values, or another link");
  }
  const bool half =
      !parts_ || (state.outside[kHalfStep] == 0 && objective(state, kHalfStep) <= most);
  const double part = half ? 0.5 : 0.25;
  go_back(part);
  return true;
}

void GlmFit::go_back(double part) {
  at_ = between(*previous_, *at_, part);
  pace_->restart();
  if (theta_.has_value()) {
    theta_->shorten(part);
    options_.family.parameter = theta_->theta();
  }
}

// The same where what is minimised is known only with the solution. Steps are of a fixed
// information, so that near the end they need not lower it by its last digits.
bool GlmFit::shorten_penalised(double objective) {
  if (!previous_.has_value() ||
      objective <= deviance_ + kRoundingOfPenalty * (std::abs(deviance_) + 1.0)) {
    shortened_ = 0;
    return false;
  }
  if (++shortened_ > kMostShortened) {
    throw NumericError("the iterations do not converge: steps shortened " +
                       std::to_string(kMostShortened) +
                       " times still lower the penalised likelihood; give initial_values");
  }
  go_back(0.5);
  return true;
}

// Sizes of a step over the coefficients that are estimated.
GlmFit::StepSize GlmFit::size_of_step(const GlmState& state, const LinearSolution& solution,
                                      const GlmPlace& next) const {
  StepSize size;
  const double decrease = static_cast<double>(state.pearson - solution.residual_squares);
  size.decrease = std::abs(decrease) / (std::abs(state.deviances[kFullStep].hi) + 0.1);
  size.dispersion =
      options_.family.dispersion_is_one()
          ? 1.0
          : static_cast<double>(solution.residual_squares) /
                std::max(1.0, static_cast<double>(state.used) - static_cast<double>(solution.rank));
  for (size_t i = 0; i < next.coefficients.size(); ++i) {
    if (solution.aliased[i]) continue;
    const double step = std::abs(next.coefficients[i] - at_->coefficients[i]);
    const double error = std::sqrt(static_cast<double>(solution.variances[i]) * size.dispersion);
    size.largest = std::max(size.largest, step);
    size.coefficient = std::max(size.coefficient, std::abs(next.coefficients[i]));
    if (step == 0.0) continue;
    size.in_errors = std::max(size.in_errors, step / error);
    size.relative = std::max(size.relative, step / std::max(std::abs(next.coefficients[i]), error));
  }
  return size;
}

bool GlmFit::ended(const GlmState& state, const StepSize& step) const {
  const GlmOptions& options = options_;
  const double deviance = state.deviances[kFullStep].hi;
  const bool coefficients = options.coefficient_tolerance == 0.0 ||
                            step.largest <= options.coefficient_tolerance * step.coefficient;
  const bool objective =
      options.objective_tolerance == 0.0 || step.decrease <= options.objective_tolerance;
  // The deviance after the step is known by its quadratic, up to terms of the third order.
  const double squared_step = step.decrease * (std::abs(deviance) + 0.1) / step.dispersion;
  const double left_out = step.dispersion * std::pow(squared_step, 1.5);
  const bool steps =
      step.in_errors <= kLargestStep && left_out <= kLeftOut * std::abs(deviance) &&
      ((options.family.is_canonical() && !options.firth) || step.relative <= kSlowStep);
  // Without residuals there are no standard errors to compare with: the model fits perfectly.
  // A deviance is of the size that the family gives it, but for the gaussian's, whose size is that
  // of the squared responses.
  const double size = options.family.kind == FamilyKind::kGaussian
                          ? null_->deviance()
                          : static_cast<double>(state.used);
  const bool perfect = step.dispersion == 0.0 || deviance <= kPerfect * size;
  const bool theta = !theta_.has_value() || theta_->relative_step() <= kThetaStep;
  return coefficients && objective && theta && (steps || perfect);
}

// Firth's penalty takes two passes a step: the first tells the leverages at its place, unless the
// step went too far. True where the next pass stands here, or nearer.
bool GlmFit::wait_for_leverages(const GlmState& state, const LinearSystem& system,
                                const LinearSolution& solution) {
  log_determinant_ = -log_determinant(solution.inverse);
  if (at_.has_value() && !leverages_.has_value()) {
    if (!shorten_penalised(objective(state, kFullStep)))
      leverages_ = GlmLeverages{predictor_of(system, solution), solution.kept, solution.inverse.hi};
    return true;
  }
  leverages_.reset();
  return false;
}

// What a step says of the iterations; chooses how the next pass is made.
GlmFit::Verdict GlmFit::judge(const GlmState& state, const LinearSolution& solution,
                              const GlmPlace& next, double objective_here) {
  Verdict verdict;
  verdict.fisher = !pace_->observed();
  const bool more_held =
      !state.extremes.empty() && separation_->accept(design_, state, solution.rank);
  if (!options_.firth) separation_->watch(solution);
  most_rank_ = std::max(most_rank_, separation_->rank(solution.rank));
  if (!at_.has_value()) return verdict;
  if (theta_.has_value()) {
    likelihood_ = state.theta[kThetaSaturated].hi;
    theta_->step(state);
    options_.family.parameter = theta_->theta();
  }
  StepSize step = size_of_step(state, solution, next);
  if (options_.firth && previous_.has_value())
    step.decrease = std::abs(objective_here - deviance_) / (std::abs(deviance_) + 0.1);
  verdict.separated = separation_->diverging() && step.decrease <= kDevianceSettled;
  verdict.converged = verdict.fisher && !verdict.separated && !more_held && ended(state, step);
  verdict.step = {step.relative, step.in_errors, step.decrease,
                  theta_.has_value() && theta_->relative_step() > kThetaMoves};
  decrease_ = step.decrease;
  if (!waiting_) ++iterations_;
  return verdict;
}

// The last pass over the rows, but for that of a robust covariance.
void GlmFit::end(const GlmState& state, const CrossProducts& products, const SolverOptions& solver,
                 const LinearSystem& system, const LinearSolution& solution) {
  if (!options_.covariance.robust()) {
    finish(state, system, solution);
    return;
  }
  state_ = state;
  const double observations =
      options_.fweights.empty() ? static_cast<double>(state.used) : state.prior.hi;
  RobustFit::Input input{options_.covariance, options_.family, design_, products, solver,
                         observations};
  for (const size_t column : separation_->held())
    input.infinite.emplace_back(column, separation_->infinite(column));
  input.more_rank = separation_->rank(solution.rank) - solution.rank;
  robust_ = std::make_unique<RobustFit>(std::move(input));
}

// Where the first step leads to means that the family does not have, or no nearer than the constant
// mean is, the iterations start at that instead. Of initial values nothing better is known.
bool GlmFit::start_again(const GlmState& state) {
  if (!at_.has_value() || previous_.has_value() || at_null_) return false;
  const uint64_t outside = state.outside[kFullStep];
  const bool given = options_.initial_value.has_value() || !options_.initial_values.empty();
  const std::optional<double> constant = null_->tried();
  const bool farther =
      constant.has_value() && !options_.firth && state.deviances[kFullStep].hi > null_->deviance();
  if (outside == 0 && (given || !farther)) return false;
  if (given || !constant.has_value()) {
    throw NumericError(std::string(given ? "initial_values lead to" : "the iterations begin with") +
                       " means that the family " + options_.family.name() + " does not have in " +
                       std::to_string(outside) + " of " + std::to_string(state.used) +
                       " rows: give " + (given ? "others" : "initial_values") +
                       ", or another link");
  }
  at_ = constant_place(design_, *constant);
  at_null_ = true;
  return true;
}

void GlmFit::accept(const AnyState& any) {
  if (!pass_) throw InternalError("accept() before next()");
  const bool binomial = options_.family.kind == FamilyKind::kBinomial;
  if (!design_.open_codes().empty()) {
    design_ = with_levels(design_, *pass_, any);
    if (binomial) require_two_levels(design_, "response");
    return;
  }
  if (robust_) {
    robust_->accept(any);
    finish(state_, robust_->system(), robust_->solution());
    return;
  }
  const auto& state = state_cast<GlmState>(*pass_, any);
  require_responses(state);
  if (binomial) require_two_levels(design_, "response");
  const bool frozen = design_.frozen();
  const Design design = freeze_levels(design_, state.products);
  null_->accept(design_, options_.family.link, state);
  if (!likelihood_.has_value() && !theta_.has_value())
    likelihood_ = static_cast<double>(state.likelihood);
  const bool given = options_.initial_value.has_value() || !options_.initial_values.empty();
  if (!at_.has_value() && given) {
    design_ = design;
    at_ = place_of_initial_values(design_, options_);
    return;
  }
  if (start_again(state)) return;
  if (frozen && !options_.firth && shorten(state)) return;
  const CellPlan plan = CellPlan::make(design, true);
  const CrossProducts products = align_levels(design, plan, state.products);
  SolverOptions solver;
  if (options_.cov_coef || options_.firth) solver.direct_columns = kMostCovarianceColumns;
  solver.drop_first = options_.drop_first;
  solver.drop_main = options_.drop_main;
  solver.eps = relative_rounding(state.products, precise_);
  const auto [system, solution] = solve(design, plan, products, solver);
  design_ = design;
  require_covariances(solution);
  if (options_.firth && wait_for_leverages(state, system, solution)) return;
  take_step(state, products, solver, system, solution);
}

void GlmFit::require_covariances(const LinearSolution& solution) const {
  if (options_.cov_coef) require_covariance(solution, "cov_coef=True");
  if (options_.firth) require_covariance(solution, "method='firth'");
  options_.covariance.require_possible(solution);
}

// Ends the iterations, or says where the next pass stands.
void GlmFit::take_step(const GlmState& state, const CrossProducts& products,
                       const SolverOptions& solver, const LinearSystem& system,
                       const LinearSolution& solution) {
  GlmPlace next = place_of(system, solution);
  const double objective_here = at_.has_value() ? objective(state, kFullStep) : 0.0;
  const Verdict verdict = judge(state, solution, next, objective_here);
  const bool limit = iterations_ >= options_.max_iterations;
  const bool lacking = !precise_ && lacks_digits(solution);
  const bool more = verdict.converged && ((options_.tight && !last_) || lacking);
  const bool last = (verdict.converged && !more) || limit || verdict.separated;
  if (null_->ready() && verdict.fisher && last) {
    end_ = ending(verdict, solution);
    end(state, products, solver, system, solution);
    return;
  }
  if (last) {  // the same step once more, for the standard errors or the null model
    pace_->end_with_fisher();
    waiting_ = true;
    return;
  }
  waiting_ = false;
  last_ = last_ || more;
  precise_ = precise_ || (verdict.converged && lacking) || precision_is_free(design_, state.rows);
  deviance_ = objective_here;
  if (at_.has_value()) next = pace_->after(*at_, next, solution, verdict.step);
  if (more) pace_->end_with_fisher();
  previous_ = std::move(at_);
  at_ = std::move(next);
}

GlmEnd GlmFit::ending(const Verdict& verdict, const LinearSolution& solution) const {
  if (verdict.separated) return {false, "stopped where coefficients grow without end"};
  if (const size_t rank = separation_->rank(solution.rank); rank < most_rank_) {
    return {false, "stopped where rows have lost their weights, so that " +
                       std::to_string(most_rank_ - rank) +
                       " coefficients can be estimated no longer"};
  }
  if (verdict.converged) return {true, "converged"};
  return {false,
          "stopped after max_iterations=" + std::to_string(options_.max_iterations) + " steps"};
}

void GlmFit::finish(const GlmState& state, const LinearSystem& system,
                    const LinearSolution& solution) {
  model_ = std::make_unique<Json>(
      glm_model({options_, state, system, solution, robust_.get(), end_, null_->deviance(),
                 *likelihood_, iterations_, passes_, theta_.has_value() ? &*theta_ : nullptr,
                 *separation_, log_determinant_}));
  done_ = true;
}

Json GlmFit::result() const {
  if (!model_) throw SpecError("the fit is not finished: a pass is still to be run");
  return *model_;
}

}  // namespace insitu
