#include "linear/linear_fit.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <utility>

#include "base/erased.hpp"
#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/levels_analysis.hpp"
#include "design/rows.hpp"
#include "formula/formula.hpp"
#include "solve/model_covariance.hpp"
#include "solve/precision.hpp"

namespace insitu {
namespace {

LinearOptions read_options(const Json& spec, Json& columns) {
  SpecReader reader(spec, "linear");
  LinearOptions options;
  options.formula = reader.text("formula");
  columns = reader.list("columns");
  options.pweights = reader.text_or_none("pweights").value_or("");
  options.fweights = reader.text_or_none("fweights").value_or("");
  options.drop_first = reader.flag("drop_first", false);
  options.drop_main = reader.flag("drop_main", true);
  options.cube = reader.flag("cube", false);
  options.cov_coef = reader.flag("cov_coef", false);
  options.cov_data = reader.flag("cov_data", false);
  options.precision =
      reader.one_of("precision", {"auto", "needed", "double", "double-double"}, "auto");
  options.rows = reader.count_or_none("rows");
  options.covariance = CovarianceOptions::read(reader);
  reader.finish();
  if (!options.pweights.empty() && !options.fweights.empty()) {
    throw SpecError("pweights and fweights were both given; a model takes one of them");
  }
  return options;
}

Design make_design(const std::string& formula, const Json& columns, const LinearOptions& options) {
  // A cube has no intercept: its first factor keeps all levels.
  Design design = Design::make(options.cube ? formula + " - 1" : formula, read_columns(columns),
                               options.pweights.empty() ? options.fweights : options.pweights,
                               options.covariance.clusters);
  if (!design.response.has_value()) {
    formula_error(formula, 0, "there is no response", "write \"y ~ …\"");
  }
  if (design.terms.empty()) {
    formula_error(formula, formula.find('~') + 1, "there are no predictors",
                  "for a mean and its deviation use rx_summary");
  }
  if (options.cube && design.terms.front().feature.has_value()) {
    throw SpecError(
        "cube=True needs a factor, or an interaction of factors, as the first term; \"" +
        design.terms.front().label + "\" has a number in it");
  }
  return design;
}

// Squares of values whose deviation is below about 1e-136 lose digits, or vanish.
void refuse_underflow(const Design& design, const CrossProducts& products) {
  constexpr double kLeastMeanSquare = 0x1p-900;
  const size_t k = products.values();
  for (size_t v = 0; v < k; ++v) {
    const double mean_square = products.cross_hi[packed_index(v, v, k)] / products.weight.hi;
    if (!(mean_square > 0.0) || mean_square >= kLeastMeanSquare) continue;
    const std::string& label =
        v < design.features.size() ? design.features[v].label : design.response->label;
    std::ostringstream deviation;
    deviation << std::setprecision(2) << std::sqrt(mean_square);
    throw NumericError("\"" + label + "\" has a standard deviation of about " + deviation.str() +
                       ", whose square a double does not hold exactly: multiply it by a power of "
                       "ten");
  }
}

}  // namespace

LinearFit::LinearFit(const Json& spec) {
  Json columns;
  options_ = read_options(spec, columns);
  design_ = make_design(options_.formula, columns, options_);
  precise_ = options_.precision == "double-double" ||
             (options_.precision == "auto" && options_.rows.has_value() &&
              precision_is_free(design_, *options_.rows));
}

AnalysisPtr LinearFit::next() {
  if (done_) return nullptr;
  pass_ = robust_ ? robust_->pass() : levels_pass(design_);
  if (!pass_) pass_ = erase(LinearAnalysis(design_, precise_));
  ++passes_;
  return pass_;
}

bool LinearFit::needs_precision(const Design& frozen, const LinearState& state,
                                const LinearSolution& solution) const {
  if (precise_ || options_.precision == "double") return false;
  const bool free = options_.precision == "auto" && precision_is_free(frozen, state.rows);
  return free || lacks_digits(solution);
}

void LinearFit::accept(const AnyState& any) {
  if (!pass_) throw InternalError("accept() before next()");
  if (!design_.open_codes().empty()) {
    design_ = with_levels(design_, *pass_, any);
    return;
  }
  if (robust_) {
    robust_->accept(any);
    finish(state_, robust_->system(), robust_->solution());
    return;
  }
  const auto& state = state_cast<LinearState>(*pass_, any);
  require_rows({state.rows, state.used, state.missing, state.zero_weight}, "to fit");
  refuse_underflow(design_, state.products);
  const Design frozen = freeze_levels(design_, state.products);
  const CellPlan plan = CellPlan::make(frozen, true);
  const CrossProducts products = align_levels(frozen, plan, state.products);
  SolverOptions solver;
  if (options_.cov_coef) solver.direct_columns = kMostCovarianceColumns;
  solver.drop_first = options_.drop_first;
  solver.drop_main = options_.drop_main && !options_.cube;
  solver.cube = options_.cube;
  solver.eps = relative_rounding(state.products, precise_);
  const auto [system, solution] = solve(frozen, plan, products, solver);
  if (options_.cov_coef) require_covariance(solution, "cov_coef=True");
  options_.covariance.require_possible(solution);
  if (needs_precision(frozen, state, solution)) {
    design_ = frozen;
    precise_ = true;
    return;
  }
  if (!options_.covariance.robust()) {
    finish(state, system, solution);
    return;
  }
  state_ = state;
  const double observations =
      options_.fweights.empty() ? static_cast<double>(state.used) : state.products.weight.hi;
  const Family gaussian = Family::from_json({{"name", "gaussian"}, {"link", nullptr}});
  robust_ = std::make_unique<RobustFit>(RobustFit::Input{
      options_.covariance, gaussian, frozen, products, solver, observations, !options_.cube});
}

void LinearFit::finish(const LinearState& state, const LinearSystem& system,
                       const LinearSolution& solution) {
  model_ = std::make_unique<Json>(
      linear_model({options_, state, system, solution, robust_.get(), precise_, passes_}));
  done_ = true;
}

Json LinearFit::result() const {
  if (!model_) throw SpecError("the fit is not finished: a pass is still to be run");
  return *model_;
}

}  // namespace insitu
