// A short run of the aggregation fuzzer (fuzz/plans_fuzz.cpp runs it for longer).
#include "testing/plans.hpp"

#include <gtest/gtest.h>

namespace insitu::laws {
namespace {

TEST(Plans, Agree) {
  for (uint64_t seed = 0; seed < 100; ++seed) ASSERT_EQ("", plan_violation(seed, 400));
}

TEST(Plans, AgreeOnTablesOfManyTiles) {
  for (uint64_t seed = 1000; seed < 1003; ++seed) ASSERT_EQ("", plan_violation(seed, 30'000));
}

}  // namespace
}  // namespace insitu::laws
