// Which coefficients belong to which term of a fitted model's formula.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/analysis.hpp"

namespace insitu {

// {"design": frozen} -> {"intercept": bool, "terms": [{"label", "first", "count"}, …]}: positions
// in the list of coefficients.
Json model_terms(const Json& spec);

}  // namespace insitu
