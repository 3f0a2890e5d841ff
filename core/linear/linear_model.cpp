// The published model: statistics of a solved linear system, as in R's summary.lm.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/json.hpp"
#include "linalg/distributions.hpp"
#include "linear/linear_fit.hpp"
#include "solve/model_covariance.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Fitness {
  double observations = 0.0;  // rows, or the sum of frequency weights
  double df = 0.0;            // residual, may be negative
  DoubleDouble rss;
  DoubleDouble total;      // about the mean with an intercept, about zero without
  double variance = kNaN;  // rss / df
  // Of coefficients: (X'WX)^-1, or a robust covariance, times this.
  DoubleDouble spread = kNaN;
  double test_df = 0.0;
};

DoubleDouble response_about_mean(const CrossProducts& products) {
  const size_t last = products.values() - 1;
  const size_t at = packed_index(last, last, products.values());
  return {products.cross_hi[at], products.cross_lo[at]};
}

Fitness measure(const LinearModelInput& input) {
  Fitness fit;
  fit.observations = input.options.fweights.empty() ? static_cast<double>(input.state.used)
                                                    : input.state.products.weight.hi;
  fit.df = fit.observations - static_cast<double>(input.solution.rank);
  fit.rss = input.solution.residual_squares;
  const bool about_mean = input.system.intercept() || input.options.cube;
  fit.total =
      about_mean ? response_about_mean(input.state.products) : input.system.raw_response_square();
  fit.test_df = input.robust == nullptr ? fit.df : input.robust->df();
  if (fit.df > 0.0) {
    fit.variance = static_cast<double>(fit.rss / DoubleDouble(fit.df));
    fit.spread = input.robust == nullptr ? fit.rss / DoubleDouble(fit.df) : DoubleDouble(1.0);
  }
  return fit;
}

Json coefficients(const LinearModelInput& input, const Fitness& fit) {
  const LinearSolution& solution = input.solution;
  std::vector<std::string> names;
  std::vector<double> estimate;
  std::vector<double> error;
  std::vector<double> t;
  std::vector<double> p;
  std::vector<size_t> empty;  // cells without rows: nothing can be predicted there
  for (size_t i = 0; i < solution.aliased.size(); ++i) {
    names.push_back(input.system.name(i));
    if (input.system.empty_cell(i)) empty.push_back(i);
    const bool dropped = solution.aliased[i];
    estimate.push_back(dropped ? kNaN : static_cast<double>(solution.coefficients[i]));
    double std_error = kNaN;
    if (!dropped && fit.df > 0.0)
      std_error = static_cast<double>(sqrt(solution.variances[i] * fit.spread));
    error.push_back(std_error);
    t.push_back(estimate.back() / std_error);
    p.push_back(student_t_two_sided(t.back(), fit.test_df));
  }
  return {{"names", names},
          {"estimate", numbers_to_json(estimate)},
          {"std_error", numbers_to_json(error)},
          {"t_value", numbers_to_json(t)},
          {"p_value", numbers_to_json(p)},
          {"aliased", solution.aliased},
          {"empty", empty}};
}

void add_fitness(Json& model, const LinearModelInput& input, const Fitness& fit) {
  const double constant = input.system.intercept() || input.options.cube ? 1.0 : 0.0;
  const double num_df = static_cast<double>(input.solution.rank) - constant;
  const DoubleDouble explained = fit.total - fit.rss;
  double r_squared = kNaN;
  if (fit.total.hi > 0.0)
    r_squared = num_df > 0.0 ? static_cast<double>(explained / fit.total) : 0.0;
  double f = kNaN;
  if (num_df > 0.0 && fit.df > 0.0) {
    f = fit.rss.hi > 0.0     ? static_cast<double>(explained / DoubleDouble(num_df) /
                                                   (fit.rss / DoubleDouble(fit.df)))
        : explained.hi > 0.0 ? std::numeric_limits<double>::infinity()
                             : kNaN;
  }
  if (input.robust != nullptr) f = input.options.cube ? kNaN : input.robust->wald() / num_df;
  model["rank"] = input.solution.rank;
  model["df"] = {input.solution.rank, number_to_json(fit.df), input.solution.aliased.size()};
  model["residual_squares"] = number_to_json(static_cast<double>(fit.rss));
  model["residual_variance"] = number_to_json(fit.variance);
  model["sigma"] = number_to_json(
      fit.df > 0.0 ? static_cast<double>(sqrt(fit.rss / DoubleDouble(fit.df))) : kNaN);
  model["total_squares"] = number_to_json(static_cast<double>(input.system.raw_response_square()));
  model["y_var"] = number_to_json(static_cast<double>(response_about_mean(input.state.products)));
  model["response_mean"] = number_to_json(input.state.products.mean_hi.back());
  model["r_squared"] = number_to_json(r_squared);
  model["adj_r_squared"] = number_to_json(
      fit.df > 0.0 ? 1.0 - (1.0 - r_squared) * (fit.observations - constant) / fit.df : kNaN);
  model["f_statistic"] = number_to_json(f);
  model["f_num_df"] = number_to_json(num_df);
  model["f_den_df"] = number_to_json(fit.test_df);
  model["f_pvalue"] = number_to_json(f_upper_tail(f, num_df, fit.test_df));
}

// As R's logLik.lm: sigma counts as a parameter; probability weights enter by their logarithms.
void add_likelihood(Json& model, const LinearModelInput& input, const Fitness& fit) {
  const double n = fit.observations;
  const double logs = input.options.pweights.empty() ? 0.0 : input.state.log_weights.hi;
  const double rss = static_cast<double>(fit.rss);
  const double likelihood =
      0.5 * (logs - n * (std::log(2.0 * std::numbers::pi) + 1.0 - std::log(n) + std::log(rss)));
  const double parameters = static_cast<double>(input.solution.rank) + 1.0;
  model["log_likelihood"] = number_to_json(likelihood);
  model["deviance"] = number_to_json(-2.0 * likelihood);
  model["aic"] = number_to_json(-2.0 * likelihood + 2.0 * parameters);
  model["bic"] = number_to_json(-2.0 * likelihood + std::log(n) * parameters);
}

std::string near_combinations(const LinearModelInput& input) {
  constexpr size_t kNamed = 3;
  const std::vector<size_t>& columns = input.solution.suspicious;
  std::string names;
  for (size_t i = 0; i < std::min(kNamed, columns.size()); ++i)
    names += (i == 0 ? "\"" : ", \"") + input.system.name(columns[i]) + "\"";
  if (columns.size() == 1) {
    return names +
           " is nearly a combination of other columns; its coefficient is sensitive to the last "
           "digits of the data";
  }
  if (columns.size() > kNamed) names += ", …";
  return std::to_string(columns.size()) + " columns (" + names +
         ") are nearly combinations of others; their coefficients are sensitive to the last digits "
         "of the data";
}

Json warnings(const LinearModelInput& input, const Fitness& fit) {
  Json list = Json::array();
  if (fit.df <= 0.0) {
    list.push_back("no degrees of freedom are left: " + std::to_string(input.solution.rank) +
                   " coefficients from " + std::to_string(input.state.used) +
                   " rows; standard errors and tests are not defined");
  }
  if (input.state.used > 1 && !(response_about_mean(input.state.products).hi > 0.0)) {
    list.push_back("the response is constant: R-squared and F are not defined");
  }
  if (!input.solution.suspicious.empty()) list.push_back(near_combinations(input));
  if (input.options.precision == "double" && input.solution.doubtful) {
    list.push_back(
        "sums in double cannot tell whether columns that were dropped depend on others exactly or "
        "nearly; precision=\"auto\" can");
  }
  if (input.options.precision == "double" && !(input.solution.error_bound <= 1e-9)) {
    list.push_back(
        "precision=\"double\" may keep fewer than 9 digits of these coefficients; use \"auto\"");
  }
  if (input.robust != nullptr) {
    for (const std::string& warning : input.robust->warnings()) list.push_back(warning);
  }
  return list;
}

Json counts_of_cube(const LinearModelInput& input) {
  Json counts = Json::array();
  const Design& design = input.system.design();
  const size_t first = input.system.first_column(0);
  for (uint64_t cell = 0; cell < design.cells(design.terms[0]); ++cell) {
    counts.push_back(number_to_json(input.system.entry(first + cell, first + cell).hi));
  }
  return counts;
}

}  // namespace

Json linear_model(const LinearModelInput& input) {
  const Fitness fit = measure(input);
  const Design& design = input.system.design();
  Json model = {{"kind", "linear_model"},
                {"version", 1},
                {"formula", input.options.formula},
                {"response", design.response->label},
                {"design", design.without_clusters().to_json()},
                {"intercept", input.system.intercept()},
                {"cube", input.options.cube},
                {"pweights", input.options.pweights},
                {"fweights", input.options.fweights},
                {"cov_type", input.options.covariance.type},
                {"clusters", input.robust == nullptr ? Json::array() : input.robust->clusters()},
                {"test_df", number_to_json(fit.test_df)},
                {"n_valid_obs", input.state.used},
                {"n_missing_obs", input.state.missing},
                {"n_zero_weight", input.state.zero_weight},
                {"sum_of_weights", number_to_json(input.state.products.weight.hi)},
                {"precision", input.precise ? "double-double" : "double"},
                {"passes", input.passes}};
  model["coefficients"] = coefficients(input, fit);
  add_fitness(model, input, fit);
  add_likelihood(model, input, fit);
  model["condition_number"] = number_to_json(1.0 / input.solution.condition);
  const auto spread = static_cast<double>(fit.spread);
  model["scoring"] = scoring(input.system, input.solution, spread, input.options.cov_coef);
  model["cov_coef"] =
      input.options.cov_coef ? coefficient_covariance(input.solution, spread) : Json();
  model["cov_data"] = input.options.cov_data && input.system.intercept()
                          ? data_covariance(input.system, fit.observations)
                          : Json();
  model["counts"] = input.options.cube ? counts_of_cube(input) : Json();
  model["warnings"] = warnings(input, fit);
  return model;
}

}  // namespace insitu
