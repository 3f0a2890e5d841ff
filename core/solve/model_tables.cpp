#include "solve/model_tables.hpp"

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

}  // namespace

double residual_df(const Json& model) {
  const std::vector<double> df = numbers_from_json(model_part(model, "df"), "df");
  if (df.size() == 3) return df[1];
  throw SpecError("the model has " + std::to_string(df.size()) +
                  " degrees of freedom, expected 3; it is damaged");
}

double test_df(const Json& model) {
  return model.contains("test_df") ? number_of(model, "test_df") : residual_df(model);
}

double observations(const Json& model) {
  const auto name = model.find("fweights");
  const bool counted = name != model.end() && name->is_string() && *name != "";
  return number_of(model, counted ? "sum_of_weights" : "n_valid_obs");
}

std::string covariance_type(const Json& model) {
  const auto found = model.find("cov_type");
  return found != model.end() && found->is_string() ? found->get<std::string>() : "classical";
}

double number_of(const Json& model, const char* key) {
  return number_from_json(model_part(model, key), key);
}

void require_interval_level(double level) {
  if (level > 0.0 && level < 1.0) return;
  throw SpecError("the level of an interval is " + number_to_json(level).dump() +
                  "; it must lie between 0 and 1");
}

Json tidy_coefficients(const Json& model, double conf_level) {
  require_interval_level(conf_level);
  const Json& table = model_part(model, "coefficients");
  const std::vector<double> estimate = column(table, "estimate");
  const std::vector<double> std_error = column(table, "std_error");
  const bool normal = table.contains("z_value");
  const double probability = (1.0 + conf_level) / 2.0;
  const double reach =
      normal ? normal_quantile(probability) : student_t_quantile(probability, test_df(model));
  std::vector<double> low;
  std::vector<double> high;
  for (size_t i = 0; i < estimate.size(); ++i) {
    low.push_back(estimate[i] - reach * std_error[i]);
    high.push_back(estimate[i] + reach * std_error[i]);
  }
  return {{"term", table["names"]},
          {"estimate", numbers_to_json(estimate)},
          {"std_error", numbers_to_json(std_error)},
          {"statistic", numbers_to_json(column(table, normal ? "z_value" : "t_value"))},
          {"p_value", numbers_to_json(column(table, "p_value"))},
          {"conf_low", numbers_to_json(low)},
          {"conf_high", numbers_to_json(high)}};
}

}  // namespace insitu
