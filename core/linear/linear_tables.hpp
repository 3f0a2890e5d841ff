// A linear model in one row.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/analysis.hpp"

namespace insitu {

// {"r_squared", "adj_r_squared", "sigma", "statistic", "p_value" (both of F), "df",
// "df_residual", "aic", "bic", "nobs"}. With frequency weights nobs is their sum. Other parts of
// the model may be left out.
Json glance_linear_model(const Json& model);

}  // namespace insitu
