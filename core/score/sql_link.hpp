// The mean of a row from its linear predictor, in SQL.
#pragma once

#include <string>

#include "family/link.hpp"
#include "score/sql_writer.hpp"

namespace insitu {

// What Link::means gives as the mean of `eta`, an expression that is NULL where it is missing. NULL
// where the link has no mean for it. Where the mean takes several looks at eta, it is bound in a
// subquery, so that the text grows by a constant only.
std::string mean_to_sql(const Link& link, const std::string& eta, const SqlDialect& dialect);

}  // namespace insitu
