// The predictions of a model with a linear predictor as one scalar SQL expression, for servers
// where nothing can be installed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/analysis.hpp"

namespace insitu {

// What LinearPredict gives as "pred", about the same centers: columns are named as the model names
// them, cast to double or compared as text. NULL where it gives a missing value; infinite values,
// which it refuses, give NULL or what the server's arithmetic makes of them. SpecError for a
// dialect that is not known, and for an expression of more than kMostSqlBytes.
std::string prediction_to_sql(const Json& model, std::string_view dialect);

}  // namespace insitu
