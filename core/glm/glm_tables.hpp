// A generalised linear model in one row.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/analysis.hpp"

namespace insitu {

// {"null_deviance", "df_null", "log_likelihood", "aic", "bic", "deviance", "df_residual",
// "dispersion", "nobs"}. With frequency weights nobs is their sum. Other parts of the model may be
// left out.
Json glance_glm(const Json& model);

}  // namespace insitu
