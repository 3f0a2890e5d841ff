// Cross-products from sums that a database took (sum_groups.hpp): the same state as accumulate()
// makes of the rows, but for the rounding of the sums, which it carries along.
#pragma once

#include <vector>

#include "design/cross_products.hpp"
#include "design/sum_groups.hpp"

namespace insitu {

// All products of two values, first; then one for each table of the plan.
std::vector<SumTable> cross_product_tables(const CellPlan& plan);

// Counts the rows and adds the sum of ln w, as accumulate() does.
CrossProducts sum_cross_products(const Design& design, const CellPlan& plan,
                                 const SumGroups& groups, RowCounts& counts,
                                 DoubleDouble& log_weights);

}  // namespace insitu
