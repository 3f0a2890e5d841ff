#include "glm/glm_tables.hpp"

#include "base/json.hpp"
#include "solve/model_tables.hpp"

namespace insitu {

Json glance_glm(const Json& model) {
  const auto shown = [&](const char* key) { return number_to_json(number_of(model, key)); };
  return {{"null_deviance", shown("null_deviance")},
          {"df_null", count_to_json(number_of(model, "null_df"))},
          {"log_likelihood", shown("log_likelihood")},
          {"aic", shown("aic")},
          {"bic", shown("bic")},
          {"deviance", shown("deviance")},
          {"df_residual", count_to_json(residual_df(model))},
          {"dispersion", shown("dispersion")},
          {"nobs", count_to_json(observations(model))},
          {"cov_type", covariance_type(model)}};
}

}  // namespace insitu
