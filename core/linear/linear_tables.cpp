#include "linear/linear_tables.hpp"

#include "base/json.hpp"
#include "solve/model_tables.hpp"

namespace insitu {

Json glance_linear_model(const Json& model) {
  const auto shown = [&](const char* key) { return number_to_json(number_of(model, key)); };
  return {{"r_squared", shown("r_squared")},
          {"adj_r_squared", shown("adj_r_squared")},
          {"sigma", shown("sigma")},
          {"statistic", shown("f_statistic")},
          {"p_value", shown("f_pvalue")},
          {"df", count_to_json(number_of(model, "f_num_df"))},
          {"df_residual", count_to_json(residual_df(model))},
          {"aic", shown("aic")},
          {"bic", shown("bic")},
          {"nobs", count_to_json(observations(model))},
          {"cov_type", covariance_type(model)}};
}

}  // namespace insitu
