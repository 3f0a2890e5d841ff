// The laws hold for a right analysis and catch each mutation of it: the test of the tests.
#include "testing/laws.hpp"

#include "testing/random_table.hpp"
#include "testing/toy.hpp"

namespace insitu::laws {
namespace {

Case toy_case(uint64_t seed, Mutation mutation = Mutation::kNone) {
  Rng rng(seed);
  const uint64_t rows = seed < 3 ? seed : 1 + rng.below(400);
  return {erase(Toy("x0", 4, mutation)), erase(Toy("x0", 5)), random_table(rng, rows, 1, 0)};
}

INSITU_LAWS(ToyAnalysis, [](uint64_t seed) { return toy_case(seed); });

class Mutations : public ::testing::TestWithParam<Mutation> {};

TEST_P(Mutations, AreCaught) {
  std::string found;
  for (uint64_t seed = 0; seed < kLawSeeds && found.empty(); ++seed) {
    found = first_violation(toy_case(seed, GetParam()), seed);
  }
  EXPECT_NE("", found);
}

INSTANTIATE_TEST_SUITE_P(Toy, Mutations,
                         ::testing::Values(Mutation::kEmptyCountsOne, Mutation::kMergeForgetsCount,
                                           Mutation::kMergeKeepsOwnMinimum,
                                           Mutation::kMergeLosesLowPart,
                                           Mutation::kUpdateCountsChunks,
                                           Mutation::kUpdateIgnoresFirstRow,
                                           Mutation::kFinalizeCountsCalls,
                                           Mutation::kEmptyHasNoResult, Mutation::kNoValidation));

TEST(Laws, FindAStateThatAnotherSpecAccepts) {
  Case same = toy_case(5);
  same.other = same.analysis;
  EXPECT_NE("", first_violation(same, 5));
}

}  // namespace
}  // namespace insitu::laws
