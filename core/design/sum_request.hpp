// What a database must sum so that a state can be built from its answer: plain data, without SQL.
//
// A request (docs/architecture.md, Pushdown) names the numbers, factors and weight of a design, and
// tables: for every cell of some factors the sums of some products of two values about an origin,
// and of some values how many rows have them, the least and the greatest. sum_groups.hpp reads what
// comes back.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "design/cell_plan.hpp"
#include "design/design.hpp"

namespace insitu {

// Values are numbered as in cell_plan.hpp: 0 is the constant one.
struct SumTable {
  std::vector<size_t> factors;
  std::vector<std::array<size_t, 2>> products;
  std::vector<size_t> described;  // values whose rows, least and greatest are wanted
};

struct SumNeeds {
  bool response = true;
  bool complete = true;      // rows with a missing value are left out; otherwise values are
  bool log_weights = false;  // the sum of ln w
};

// Null for a design that nobody would write as SQL (expressions nested too deeply). The response is
// the last value, less the offsets.
Json sum_request(const Design& design, const SumNeeds& needs, const std::vector<SumTable>& tables);

}  // namespace insitu
