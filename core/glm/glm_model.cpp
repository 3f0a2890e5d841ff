// The published model: statistics of converged iterations, as in R's summary.glm.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "family/likelihood.hpp"
#include "glm/glm_fit.hpp"
#include "linalg/distributions.hpp"
#include "solve/model_covariance.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Fitness {
  double observations = 0.0;  // rows, or the sum of frequency weights
  size_t rank = 0;            // with columns of infinite coefficients
  double df = 0.0;            // residual
  double deviance = 0.0;
  double pearson = 0.0;
  double dispersion = kNaN;
  double spread = kNaN;   // of coefficients: (X'WX)^-1, or a robust covariance, times this
  bool normal = false;    // tests are
  double test_df = kNaN;  // where they are not
  double log_likelihood = kNaN;
  double null_log_likelihood = kNaN;
  double parameters = 0.0;  // that the likelihood was maximised over
};

// The last step is taken after the last pass: there, sums follow from the quadratic it minimised.
Fitness measure(const GlmModelInput& input) {
  Fitness fit;
  fit.observations =
      input.options.fweights.empty() ? static_cast<double>(input.state.used) : input.state.prior.hi;
  fit.rank = input.separation.rank(input.solution.rank);
  fit.df = fit.observations - static_cast<double>(fit.rank);
  const DoubleDouble decrease = input.state.pearson - input.solution.residual_squares;
  if (input.options.firth) {  // that quadratic is not the deviance's
    fit.deviance = input.state.deviances[kFullStep].hi;
    fit.pearson = input.state.pearson.hi;
  } else {
    fit.deviance = std::max(0.0, static_cast<double>(input.state.deviances[kFullStep] - decrease));
    fit.pearson = static_cast<double>(input.solution.residual_squares);
  }
  if (input.options.family.dispersion_is_one()) {
    fit.dispersion = 1.0;
  } else if (fit.df > 0.0) {
    fit.dispersion = fit.pearson / fit.df;
  }
  const Family& family = input.options.family;
  fit.spread = input.robust == nullptr ? fit.dispersion : 1.0;
  fit.normal = family.dispersion_is_one() && input.options.covariance.clusters.empty();
  if (!fit.normal) fit.test_df = input.robust == nullptr ? fit.df : input.robust->df();
  LikelihoodSums sums{fit.deviance, input.likelihood, input.state.prior.hi, fit.observations};
  fit.log_likelihood = log_likelihood(family, sums);
  sums.deviance = input.null_deviance;
  fit.null_log_likelihood = log_likelihood(family, sums);
  fit.parameters = static_cast<double>(fit.rank) + (family.dispersion_is_one() ? 0.0 : 1.0) +
                   (input.theta == nullptr ? 0.0 : 1.0);
  return fit;
}

Json coefficients(const GlmModelInput& input, const Fitness& fit) {
  const LinearSolution& solution = input.solution;
  std::vector<std::string> names;
  std::vector<double> estimate;
  std::vector<double> error;
  std::vector<double> statistic;
  std::vector<double> p;
  std::vector<bool> aliased;
  std::vector<size_t> empty;
  for (size_t i = 0; i < solution.aliased.size(); ++i) {
    names.push_back(input.system.name(i));
    const bool counted = input.separation.counted();
    const bool empty_cell = input.system.empty_cell(i);
    if (empty_cell && (!counted || input.separation.empty(i))) empty.push_back(i);
    const double infinite = input.separation.infinite(i);
    const bool dropped = solution.aliased[i] && infinite == 0.0;
    aliased.push_back(dropped);
    if (infinite != 0.0) {
      estimate.push_back(infinite);
      for (auto* list : {&error, &statistic, &p}) list->push_back(kNaN);
      continue;
    }
    estimate.push_back(dropped ? kNaN : static_cast<double>(solution.coefficients[i]));
    error.push_back(dropped ? kNaN
                            : std::sqrt(static_cast<double>(solution.variances[i]) * fit.spread));
    statistic.push_back(estimate.back() / error.back());
    p.push_back(fit.normal ? normal_two_sided(statistic.back())
                           : student_t_two_sided(statistic.back(), fit.test_df));
  }
  return {{"names", names},
          {"estimate", numbers_to_json(estimate)},
          {"std_error", numbers_to_json(error)},
          {fit.normal ? "z_value" : "t_value", numbers_to_json(statistic)},
          {"p_value", numbers_to_json(p)},
          {"aliased", aliased},
          {"empty", empty}};
}

// Coefficients about centers, where predictions take those.
void tell_infinite(const GlmSeparation& separation, Json& scoring) {
  if (!scoring.contains("coefficients")) return;
  for (const size_t column : separation.held())
    scoring["coefficients"][column] = number_to_json(separation.infinite(column));
}

Json warnings(const GlmModelInput& input, const Fitness& fit) {
  Json list = Json::array();
  for (std::string& warning :
       input.separation.warnings(input.system, fit.deviance, input.null_deviance))
    list.push_back(std::move(warning));
  if (!input.end.converged && !input.separation.diverging()) {
    list.push_back("the iterations did not converge: they " + input.end.why +
                   "; allow more by max_iterations, or look for levels and columns that tell the "
                   "response exactly");
  }
  if (input.state.at_bounds > 0 && !input.separation.diverging()) {
    const Family& family = input.options.family;
    const bool rounds = family.link.onto_unit() ||
                        (family.link.approaches_zero() && family.kind != FamilyKind::kBinomial);
    const std::string bound = family.kind == FamilyKind::kBinomial ? "0 or 1" : "0";
    list.push_back(
        "the fitted means of " + std::to_string(input.state.at_bounds) +
        (rounds ? " rows are " + bound + " but for rounding: columns may tell the response exactly"
                : " rows lie at the bound " + bound +
                      " of the family: the estimates are at the edge of what the link "
                      "allows, where standard errors do not hold"));
  }
  if (input.theta != nullptr && std::isinf(input.theta->theta())) {
    list.push_back(
        "the responses are not overdispersed: their variance about the fitted means is not above "
        "that of a Poisson model, so that theta is infinite and the model is Poisson's");
  }
  if (fit.df <= 0.0) {
    list.push_back("no degrees of freedom are left: " + std::to_string(fit.rank) +
                   " coefficients from " + std::to_string(input.state.used) + " rows");
  }
  if (!input.solution.suspicious.empty()) {
    list.push_back("\"" + input.system.name(input.solution.suspicious.front()) +
                   "\" is nearly a combination of other columns; its coefficient is sensitive to "
                   "the last digits of the data");
  }
  if (input.robust != nullptr) {
    for (const std::string& warning : input.robust->warnings()) list.push_back(warning);
  }
  return list;
}

}  // namespace

Json glm_model(const GlmModelInput& input) {
  if (input.state.outside[kFullStep] > 0) {
    throw NumericError("the iterations ended where " +
                       std::to_string(input.state.outside[kFullStep]) +
                       " rows have a mean that the family " + input.options.family.name() +
                       " does not have: give initial_values, or another link");
  }
  const Fitness fit = measure(input);
  const GlmState& state = input.state;
  const Design& design = input.system.design();
  const double constant = input.system.intercept() ? 1.0 : 0.0;
  Json family = input.options.family.to_json();
  family["title"] = input.options.family.title();
  Json model = {
      {"kind", "glm"},
      {"version", 1},
      {"formula", input.options.formula},
      {"response", design.response->label},
      {"family", std::move(family)},
      {"design", design.without_clusters().to_json()},
      {"coefficients", coefficients(input, fit)},
      {"n_valid_obs", state.used},
      {"n_missing_obs", state.missing},
      {"n_zero_weight", state.zero_weight},
      {"sum_of_weights", number_to_json(state.prior.hi)},
      {"rank", fit.rank},
      {"df", {fit.rank, number_to_json(fit.df), input.solution.aliased.size()}},
      {"null_df", number_to_json(fit.observations - constant)},
      {"deviance", number_to_json(fit.deviance)},
      {"null_deviance", number_to_json(input.null_deviance)},
      {"log_likelihood", number_to_json(fit.log_likelihood)},
      {"null_log_likelihood", number_to_json(fit.null_log_likelihood)},
      {"aic", number_to_json(2.0 * (fit.parameters - fit.log_likelihood))},
      {"bic",
       number_to_json(fit.parameters * std::log(fit.observations) - 2.0 * fit.log_likelihood)},
      {"pearson", number_to_json(fit.pearson)},
      {"method", input.options.firth ? "firth" : "ml"},
      {"penalized_log_likelihood",
       input.options.firth ? number_to_json(fit.log_likelihood + 0.5 * input.log_determinant)
                           : Json()},
      {"theta_std_error",
       input.theta == nullptr ? Json() : number_to_json(input.theta->std_error())},
      {"theta_estimated", input.theta != nullptr},
      {"dispersion", number_to_json(fit.dispersion)},
      {"condition_number", number_to_json(1.0 / input.solution.condition)},
      {"iterations", input.iterations},
      {"passes", input.passes},
      {"converged", input.end.converged},
      {"ended", input.end.why},
      {"intercept", input.system.intercept()},
      {"pweights", input.options.pweights},
      {"fweights", input.options.fweights},
      {"cov_type", input.options.covariance.type},
      {"clusters", input.robust == nullptr ? Json::array() : input.robust->clusters()},
      {"test_df", number_to_json(fit.test_df)}};
  model["cov_coef"] =
      input.options.cov_coef ? coefficient_covariance(input.solution, fit.spread) : Json();
  model["scoring"] = scoring(input.system, input.solution, fit.spread, input.options.cov_coef);
  tell_infinite(input.separation, model["scoring"]);
  model["warnings"] = warnings(input, fit);
  return model;
}

}  // namespace insitu
