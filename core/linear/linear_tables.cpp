#include "linear/linear_tables.hpp"

#include <cmath>

#include "base/model_file.hpp"
#include "linalg/distributions.hpp"

namespace insitu {
namespace {

std::vector<double> column(const Json& table, const char* key) {
  const std::vector<double> values = numbers_from_json(model_part(table, key), key);
  const size_t names = model_part(table, "names").size();
  if (values.size() == names) return values;
  throw SpecError(std::string("the model lists ") + std::to_string(values.size()) + " of '" + key +
                  "' for " + std::to_string(names) + " coefficients; it is damaged");
}

// [estimated, residual, all]
double degrees_of_freedom(const Json& model) {
  const std::vector<double> df = numbers_from_json(model_part(model, "df"), "df");
  if (df.size() == 3) return df[1];
  throw SpecError("the model has " + std::to_string(df.size()) +
                  " degrees of freedom, expected 3; it is damaged");
}

// A count as a whole number where it is one; sums of weights need not be.
Json count(double value) {
  const bool whole = std::fabs(value) < 0x1p53 && value == std::trunc(value);
  return whole ? Json(static_cast<int64_t>(value)) : number_to_json(value);
}

double number_of(const Json& model, const char* key) {
  return number_from_json(model_part(model, key), key);
}

bool counts_weights(const Json& model) {
  const auto name = model.find("fweights");
  return name != model.end() && name->is_string() && *name != "";
}

}  // namespace

Json tidy_linear_model(const Json& model, double conf_level) {
  if (!(conf_level > 0.0 && conf_level < 1.0)) {
    throw SpecError("the level of an interval is " + std::to_string(conf_level) +
                    "; it must lie between 0 and 1");
  }
  const Json& table = model_part(model, "coefficients");
  const std::vector<double> estimate = column(table, "estimate");
  const std::vector<double> std_error = column(table, "std_error");
  const double reach = student_t_quantile((1.0 + conf_level) / 2.0, degrees_of_freedom(model));
  std::vector<double> low;
  std::vector<double> high;
  for (size_t i = 0; i < estimate.size(); ++i) {
    low.push_back(estimate[i] - reach * std_error[i]);
    high.push_back(estimate[i] + reach * std_error[i]);
  }
  return {{"term", table["names"]},
          {"estimate", numbers_to_json(estimate)},
          {"std_error", numbers_to_json(std_error)},
          {"statistic", numbers_to_json(column(table, "t_value"))},
          {"p_value", numbers_to_json(column(table, "p_value"))},
          {"conf_low", numbers_to_json(low)},
          {"conf_high", numbers_to_json(high)}};
}

Json glance_linear_model(const Json& model) {
  const auto shown = [&](const char* key) { return number_to_json(number_of(model, key)); };
  return {
      {"r_squared", shown("r_squared")},
      {"adj_r_squared", shown("adj_r_squared")},
      {"sigma", shown("sigma")},
      {"statistic", shown("f_statistic")},
      {"p_value", shown("f_pvalue")},
      {"df", count(number_of(model, "f_num_df"))},
      {"df_residual", count(degrees_of_freedom(model))},
      {"aic", shown("aic")},
      {"bic", shown("bic")},
      {"nobs", count(number_of(model, counts_weights(model) ? "sum_of_weights" : "n_valid_obs"))}};
}

}  // namespace insitu
