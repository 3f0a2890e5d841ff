// The tables that a linear model is reported by: its coefficients, and the model in one row.
// They read only the parts they show, so that a caller may leave out the others.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/analysis.hpp"

namespace insitu {

// {"term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"}: lists, null
// where a coefficient is dropped; the interval is by Student's t with the model's degrees of
// freedom. Reads "coefficients" and "df". SpecError unless 0 < conf_level < 1.
Json tidy_linear_model(const Json& model, double conf_level);
// {"r_squared", "adj_r_squared", "sigma", "statistic", "p_value" (both of F), "df",
// "df_residual", "aic", "bic", "nobs"}. With frequency weights nobs is their sum.
Json glance_linear_model(const Json& model);

}  // namespace insitu
