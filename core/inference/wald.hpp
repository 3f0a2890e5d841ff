// Wald's test of linear hypotheses R b = r about estimated coefficients: with d = R b - r and V
// their covariance, W = d' (R V R')^-1 d, in double-double. It is chi-squared with q degrees of
// freedom, q the number of independent lines of R, or W / q is F with q and `df`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/analysis.hpp"

namespace insitu {

// Spec: {"estimates", "covariance" (packed upper triangle by rows), "matrix": [lines of R],
// "values": r, "df": number | null (normal)}. Result: {"statistic", "df": q, "df_residual",
// "p_value"}. SpecError for lists that do not fit, for a line of zeros, and for lines that
// contradict each other; one that follows from others is not counted. Statistic and p are null
// where R V R' is singular: to the digits that doubles hold, some combination of the lines has no
// variance.
Json wald_test(const Json& spec);

// {"statistics", "df", "df_residual": number | null each}: lists -> {"p_values"}: upper tail areas,
// of F(df, df_residual), or of chi-squared(df) where there is no df_residual.
Json tail_areas(const Json& spec);

}  // namespace insitu
