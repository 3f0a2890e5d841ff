#include "glm/glm_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/erased.hpp"
#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/levels_analysis.hpp"
#include "family/likelihood.hpp"
#include "formula/formula.hpp"
#include "solve/model_covariance.hpp"

namespace insitu {
namespace {

constexpr double kPlainEps = 0x1p-50;  // see linear_fit.cpp
constexpr double kLargestStep = 1e-3;  // of the last step, in standard errors
constexpr double kSlowStep = 1e-10;    // where steps shrink by a factor only, not in squares
constexpr double kNearEnd = 1e-2;  // part of the deviance that a step takes before Newton's begin
constexpr double kNewtonStep = 1e-5;    // the square of the last of these is lost in kSlowStep
constexpr double kNewtonShrinks = 0.1;  // less than this, from one step to the next
constexpr double kRoundingOfDeviance = 1e-9;
constexpr uint64_t kMostShortened = 10;

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\n");
  const size_t last = text.find_last_not_of(" \t\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// A column's name as a formula has it.
std::string back_quoted(const std::string& name) {
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

// A response that is a factor counts as its level's number, from 0.
std::string with_numeric_response(const std::string& formula,
                                  const std::vector<DesignColumn>& columns) {
  const size_t tilde = formula.find('~');
  if (tilde == std::string::npos) return formula;
  const std::string response = trimmed(formula.substr(0, tilde));
  for (const DesignColumn& column : columns) {
    const bool named = response == column.name || response == back_quoted(column.name);
    if (named && column.kind == ColumnKind::kFactor)
      return "N(" + response + ") " + formula.substr(tilde);
  }
  return formula;
}

// The offsets that are asked for beside the formula, as terms of it. An exposure must be positive.
std::string offset_terms(const GlmOptions& options, std::vector<DesignColumn>& columns) {
  std::string terms;
  if (!options.offset.empty()) terms += " + offset(" + back_quoted(options.offset) + ")";
  if (options.exposure.empty()) return terms;
  if (options.family.link.kind != LinkKind::kLog) {
    throw SpecError("an exposure needs the log link, and the family is " + options.family.title() +
                    ": give an offset instead");
  }
  for (DesignColumn& column : columns) {
    if (column.name == options.exposure) column.positive = true;
  }
  return terms + " + offset(log(" + back_quoted(options.exposure) + "))";
}

GlmOptions read_options(const Json& spec, Json& columns) {
  SpecReader reader(spec, "glm");
  GlmOptions options;
  options.formula = reader.text("formula");
  columns = reader.list("columns");
  options.family = Family::from_json(reader.required("family"));
  options.pweights = reader.text_or_none("pweights").value_or("");
  options.fweights = reader.text_or_none("fweights").value_or("");
  options.offset = reader.text_or_none("offset").value_or("");
  options.exposure = reader.text_or_none("exposure").value_or("");
  options.drop_first = reader.flag("drop_first", false);
  options.drop_main = reader.flag("drop_main", true);
  options.cov_coef = reader.flag("cov_coef", false);
  if (const Json* values = reader.optional("initial_values");
      values != nullptr && !values->is_null()) {
    if (values->is_array()) {
      options.initial_values = numbers_from_json(*values, "initial_values");
    } else {
      options.initial_value = number_from_json(*values, "initial_values");
    }
  }
  options.max_iterations = reader.count("max_iterations", 25);
  options.coefficient_tolerance = reader.number("coefficient_tolerance", 1e-6);
  options.objective_tolerance = reader.number("objective_function_tolerance", 1e-8);
  options.tight = reader.one_of("tolerance", {"default", "tight"}, "default") == "tight";
  reader.optional("rows");
  options.covariance = CovarianceOptions::read(reader);
  reader.finish();
  if (!options.pweights.empty() && !options.fweights.empty())
    throw SpecError("pweights and fweights were both given; a model takes one of them");
  if (!(options.coefficient_tolerance >= 0.0) || !(options.objective_tolerance >= 0.0))
    throw SpecError("a tolerance is a number of at least 0; 0 leaves its test out");
  if (options.max_iterations == 0) throw SpecError("max_iterations is a number of at least 1");
  return options;
}

// Whether steps are Newton's: then they shrink in squares.
bool is_canonical(const Family& family) {
  switch (family.kind) {
    case FamilyKind::kGaussian:
      return family.link.kind == LinkKind::kIdentity;
    case FamilyKind::kBinomial:
      return family.link.kind == LinkKind::kLogit;
    case FamilyKind::kPoisson:
      return family.link.kind == LinkKind::kLog;
    case FamilyKind::kGamma:
      return family.link.kind == LinkKind::kInverse;
    case FamilyKind::kInverseGaussian:
      return family.link.kind == LinkKind::kInverseSquare;
    case FamilyKind::kNegativeBinomial:
      return false;
    case FamilyKind::kTweedie: {
      const double power = 1.0 - family.parameter;
      if (power == 0.0) return family.link.kind == LinkKind::kLog;
      if (power == 1.0) return family.link.kind == LinkKind::kIdentity;
      return family.link.kind == LinkKind::kPower && family.link.power == power;
    }
  }
  return false;
}

}  // namespace

GlmFit::GlmFit(const Json& spec) {
  Json list;
  options_ = read_options(spec, list);
  std::vector<DesignColumn> columns = read_columns(list);
  const std::string formula =
      with_numeric_response(options_.formula, columns) + offset_terms(options_, columns);
  design_ = Design::make(formula, columns,
                         options_.pweights.empty() ? options_.fweights : options_.pweights,
                         options_.covariance.clusters);
  if (!design_.response.has_value())
    formula_error(options_.formula, 0, "there is no response", "write \"y ~ …\"");
  if (design_.terms.empty()) {
    formula_error(options_.formula, options_.formula.find('~') + 1, "there are no predictors",
                  "for a mean and its deviation use rx_summary");
  }
  if (formula != options_.formula && options_.formula.find('~') != std::string::npos)
    design_.response->label = trimmed(options_.formula.substr(0, options_.formula.find('~')));
}

AnalysisPtr GlmFit::next() {
  if (done_) return nullptr;
  pass_ = robust_ ? robust_->pass() : levels_pass(design_);
  if (!pass_) {
    GlmPoint point;
    if (at_.has_value()) point.predictor = at_->predictor;
    if (previous_.has_value()) point.previous = previous_->predictor;
    if (!null_ready_) point.null = null_;
    point.observed = observed_;
    point.likelihood = !likelihood_.has_value() && has_likelihood(options_.family);
    pass_ = erase(GlmAnalysis(design_, options_.family, std::move(point)));
  }
  ++passes_;
  return pass_;
}

void GlmFit::require_rows(const GlmState& state) const {
  if (state.rows == 0)
    throw DataError("there are no rows to fit: the data, after row_selection, is empty");
  if (state.used == 0) {
    throw DataError("no complete row is left to fit: of " + std::to_string(state.rows) + " rows " +
                    std::to_string(state.missing) + " have a missing value in a used column and " +
                    std::to_string(state.zero_weight) + " have weight zero");
  }
  const double mean = static_cast<double>(state.response / state.prior);
  if (options_.family.kind == FamilyKind::kBinomial && (mean == 0.0 || mean == 1.0)) {
    throw DataError("the response \"" + design_.response->label + "\" is " +
                    (mean == 0.0 ? "0" : "1") + " in all of " + std::to_string(state.used) +
                    " rows: there is nothing to tell apart");
  }
}

// Of a response that is a factor, once its levels are known.
void GlmFit::require_two_levels() const {
  if (options_.family.kind != FamilyKind::kBinomial) return;
  for (const NumericProgram::Input& input : design_.response->program.inputs()) {
    const DesignColumn* column = design_.find_column(input.column);
    if (!input.codes || !column->levels.has_value() || column->levels->size() <= 2) continue;
    std::string named;
    for (size_t k = 0; k < std::min<size_t>(3, column->levels->size()); ++k)
      named += (k == 0 ? "\"" : ", \"") + (*column->levels)[k] + "\"";
    throw DataError("the response \"" + column->name + "\" has " +
                    std::to_string(column->levels->size()) + " levels (" + named +
                    (column->levels->size() > 3 ? ", …" : "") +
                    "), and a binomial family takes two: select rows, or make it a logical");
  }
}

// Given values are coefficients of the formula's columns, dropped ones included.
void GlmFit::start_at_given() {
  LinearPredictor predictor = LinearPredictor::zero(design_);
  std::vector<double> values = options_.initial_values;
  if (options_.initial_value.has_value())
    values.assign(predictor.coefficients.size(), *options_.initial_value);
  if (values.size() != predictor.coefficients.size()) {
    throw SpecError("initial_values holds " + std::to_string(values.size()) +
                    " numbers, and the model has " + std::to_string(predictor.coefficients.size()) +
                    " coefficients");
  }
  for (const double value : values) {
    if (std::isinf(value)) throw SpecError("initial_values must be finite");
  }
  predictor.coefficients = values;
  for (double& value : predictor.coefficients) value = std::isnan(value) ? 0.0 : value;
  if (design_.intercept) predictor.constant = predictor.coefficients[0];
  at_ = Place{predictor.coefficients, predictor};
}

GlmFit::Place GlmFit::between(const Place& from, const Place& to, double part) {
  Place place = from;
  const bool cells = [&] {
    for (size_t t = 0; t < from.predictor.terms.size(); ++t) {
      const bool within = !from.predictor.terms[t].factors.empty();
      if (within && from.predictor.terms[t].center != to.predictor.terms[t].center) return true;
    }
    return false;
  }();
  auto mean = [&](double a, double b) { return a + part * (b - a); };
  for (size_t i = 0; i < place.coefficients.size(); ++i)
    place.coefficients[i] = mean(from.coefficients[i], to.coefficients[i]);
  if (cells) {  // about zero
    LinearPredictor& raw = place.predictor;
    for (LinearPredictor::Term& term : raw.terms) term.center = 0.0;
    raw.coefficients = place.coefficients;
    raw.constant = raw.terms.empty() || raw.terms[0].first == 0 ? 0.0 : place.coefficients[0];
    return place;
  }
  double constant = to.predictor.constant;
  for (size_t t = 0; t < to.predictor.terms.size(); ++t) {
    const LinearPredictor::Term& term = to.predictor.terms[t];
    if (!term.factors.empty()) continue;
    constant +=
        to.predictor.coefficients[term.first] * (from.predictor.terms[t].center - term.center);
  }
  place.predictor.constant = mean(from.predictor.constant, constant);
  for (size_t i = 0; i < place.predictor.coefficients.size(); ++i)
    place.predictor.coefficients[i] =
        mean(from.predictor.coefficients[i], to.predictor.coefficients[i]);
  return place;
}

// True if the step led too far: the next pass stands nearer to where it came from.
bool GlmFit::shorten(const GlmState& state) {
  if (!at_.has_value() || !previous_.has_value()) return false;
  const double full = state.deviances[kFullStep].hi;
  const double most = deviance_ + kRoundingOfDeviance * (std::abs(deviance_) + 0.1);
  if (state.outside[kFullStep] == 0 && full <= most) {
    shortened_ = 0;
    return false;
  }
  if (++shortened_ > kMostShortened) {
    throw NumericError(
        "the iterations do not converge: steps shortened " + std::to_string(kMostShortened) +
        " times still raise the deviance, or lead to means that the family does not have; give "
        "initial_values, or another link");
  }
  const bool half = state.outside[kHalfStep] == 0 && state.deviances[kHalfStep].hi <= most;
  at_ = between(*previous_, *at_, half ? 0.5 : 0.25);
  return true;
}

void GlmFit::step_null(const GlmState& state) {
  if (null_ready_) return;
  const Link& link = options_.family.link;
  if (!null_.has_value()) {
    double mean = static_cast<double>(state.response / state.prior);
    double eta = 0.0;
    if (design_.intercept) link.eta(&mean, 1, &eta);
    null_ = eta;
    return;
  }
  null_deviance_ = state.outside[kNullModel] == 0 ? state.deviances[kNullModel].hi
                                                  : std::numeric_limits<double>::quiet_NaN();
  const double next = static_cast<double>(state.null_working / state.null_weight);
  const bool exact = design_.offsets.empty() || !design_.intercept;
  null_ready_ =
      exact || !std::isfinite(next) || std::abs(next - *null_) <= 1e-8 * (1.0 + std::abs(next));
  null_ = next;
}

// Sizes of a step over the coefficients that are estimated.
GlmFit::StepSize GlmFit::size_of_step(const GlmState& state, const LinearSolution& solution,
                                      const Place& next) const {
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
  const bool steps = step.in_errors <= kLargestStep &&
                     (is_canonical(options.family) || step.relative <= kSlowStep);
  // Without residuals there are no standard errors to compare with: the model fits perfectly.
  const bool perfect =
      step.dispersion == 0.0 || deviance <= 0x1p-50 * static_cast<double>(state.used);
  return coefficients && objective && (steps || perfect);
}

// Newton's steps, until their squares do not count; then Fisher's, for the standard errors. Where
// much of the observed information cannot be trusted (see GlmRows) Newton's steps do not shrink in
// squares either, and Fisher's are as good.
void GlmFit::choose_information(const StepSize& step) {
  if (is_canonical(options_.family) || !newton_) return;
  if (!observed_) {
    observed_ = step.decrease <= kNearEnd;
    return;
  }
  newton_ = newton_step_ == 0.0 || step.relative <= kNewtonShrinks * newton_step_;
  newton_step_ = step.relative;
  observed_ = newton_ && step.relative > kNewtonStep;
}

void GlmFit::accept(const AnyState& any) {
  if (!pass_) throw InternalError("accept() before next()");
  if (!design_.open_codes().empty()) {
    design_ = with_levels(design_, *pass_, any);
    require_two_levels();
    return;
  }
  if (robust_) {
    robust_->accept(any);
    finish(state_, robust_->system(), robust_->solution());
    return;
  }
  const auto& state = state_cast<GlmState>(*pass_, any);
  require_rows(state);
  require_two_levels();
  const bool frozen = design_.frozen();
  const Design design = freeze_levels(design_, state.products);
  step_null(state);
  if (!likelihood_.has_value()) likelihood_ = static_cast<double>(state.likelihood);
  const bool given = options_.initial_value.has_value() || !options_.initial_values.empty();
  if (!at_.has_value() && given) {
    design_ = design;
    start_at_given();
    return;
  }
  if (frozen && shorten(state)) return;
  const CellPlan plan = CellPlan::make(design, true);
  const CrossProducts products = align_levels(design, plan, state.products);
  SolverOptions solver;
  if (options_.cov_coef) solver.direct_columns = kMostCovarianceColumns;
  solver.drop_first = options_.drop_first;
  solver.drop_main = options_.drop_main;
  solver.eps = std::max(kPlainEps, state.products.rounding);
  const auto [system, solution] = solve(design, plan, products, solver);
  design_ = design;

  Place next{{}, predictor_of(system, solution)};
  for (size_t i = 0; i < solution.coefficients.size(); ++i)
    next.coefficients.push_back(
        solution.aliased[i] ? 0.0 : static_cast<double>(solution.coefficients[i]));
  bool converged = false;
  const bool fisher = !observed_;
  if (at_.has_value()) {
    const StepSize step = size_of_step(state, solution, next);
    converged = fisher && ended(state, step);
    choose_information(step);
    ++iterations_;
  }
  const bool limit = iterations_ >= options_.max_iterations;
  const bool more = options_.tight && !last_ && converged;
  if (converged || limit) observed_ = false;
  if (null_ready_ && fisher && ((converged && !more) || limit)) {
    end_ = converged ? GlmEnd{true, "converged"}
                     : GlmEnd{false, "stopped after max_iterations=" +
                                         std::to_string(options_.max_iterations) + " steps"};
    if (!options_.covariance.robust()) {
      finish(state, system, solution);
      return;
    }
    state_ = state;
    const double observations =
        options_.fweights.empty() ? static_cast<double>(state.used) : state.prior.hi;
    robust_ = std::make_unique<RobustFit>(RobustFit::Input{options_.covariance, options_.family,
                                                           design, products, solver, observations});
    return;
  }
  last_ = last_ || more;
  deviance_ = state.deviances[kFullStep].hi;
  previous_ = std::move(at_);
  at_ = std::move(next);
}

void GlmFit::finish(const GlmState& state, const LinearSystem& system,
                    const LinearSolution& solution) {
  model_ = std::make_unique<Json>(glm_model({options_, state, system, solution, robust_.get(), end_,
                                             null_deviance_, *likelihood_, iterations_, passes_}));
  done_ = true;
}

Json GlmFit::result() const {
  if (!model_) throw SpecError("the fit is not finished: a pass is still to be run");
  return *model_;
}

}  // namespace insitu
