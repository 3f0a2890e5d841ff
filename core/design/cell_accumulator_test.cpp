#include "design/cell_accumulator.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "design/cross_products.hpp"

namespace insitu {
namespace {

Design design_of(const std::string& formula) {
  const Json columns = {{{"name", "y"}, {"kind", "numeric"}},
                        {{"name", "a"}, {"kind", "factor"}},
                        {{"name", "b"}, {"kind", "factor"}},
                        {{"name", "c"}, {"kind", "factor"}}};
  return Design::make(formula, read_columns(columns), "");
}

TEST(CellPlan, CellsWithinALimit) {
  const std::vector<uint32_t> counts = {10, 0, 4'000'000'000u, 4'000'000'000u, 4'000'000'000u};
  EXPECT_TRUE(cells_within({0}, counts, 10));
  EXPECT_FALSE(cells_within({0}, counts, 9));
  EXPECT_TRUE(cells_within({0, 1}, counts, 10));
  EXPECT_FALSE(cells_within({2, 3, 4}, counts, UINT64_MAX));  // would overflow
  EXPECT_THROW(count_cells({2, 3}, counts), SpecError);
}

// Asking whether two tables could share one must not refuse a model whose own tables are small.
TEST(CellAccumulator, ALargeFactorBesideTwoSmallOnes) {
  const Design design = design_of("y ~ a + b + c");
  const CellPlan plan = CellPlan::make(design, true);
  CrossProducts products = empty_cross_products(design, plan);
  EXPECT_NO_THROW(CellAccumulator(plan, {12, 31, 250'000}, false, false, 8, products.tables));
}

}  // namespace
}  // namespace insitu
