// The table of coefficients that every model with a linear predictor is reported by, and what
// tables of such models have in common. They read only the parts they show, so that a caller may
// leave out the others.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/analysis.hpp"

namespace insitu {

// {"term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"}: lists, null
// where a coefficient is dropped; the interval is normal where the table lists z values, by
// Student's t with the model's degrees of freedom elsewhere. Reads "coefficients" and "df".
// SpecError unless 0 < conf_level < 1.
Json tidy_coefficients(const Json& model, double conf_level);

// SpecError unless an interval can have the level.
void require_interval_level(double level);

// Residual, of "df". SpecError for a damaged model.
double residual_df(const Json& model);
// Of t tests of coefficients: clusters less one where rows are clustered.
double test_df(const Json& model);
// What degrees of freedom count: rows, or the sum of frequency weights.
double observations(const Json& model);
// Of standard errors: "classical", "HC0", …, "cluster".
std::string covariance_type(const Json& model);
double number_of(const Json& model, const char* key);

}  // namespace insitu
