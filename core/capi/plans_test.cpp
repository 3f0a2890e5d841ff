// A short run of the aggregation fuzzer (fuzz/plans_fuzz.cpp runs it for longer).
#include "testing/plans.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "linalg/kernels.hpp"

namespace insitu::laws {
namespace {

constexpr uint64_t kSeeds = 160;

TEST(Plans, Agree) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) ASSERT_EQ("", plan_violation(seed, 400));
}

// Names of the analyses in a spec, at any depth.
void collect(const Json& spec, std::set<std::string>& names) {
  if (spec.is_object() && spec.contains("name") && spec.contains("spec"))
    names.insert(spec["name"].get<std::string>());
  if (!spec.is_structured()) return;
  for (const Json& part : spec) collect(part, names);
}

// So every analysis obeys the laws: a new line of the registry fails here until random_pass makes
// it.
TEST(Plans, MeetEveryRegisteredAnalysis) {
  std::set<std::string> met;
  for (uint64_t seed = 0; seed < kSeeds; seed += 4) {  // those that run the costly laws too
    const Case subject = random_plan(seed, 400);
    collect({{"name", subject.analysis->name()}, {"spec", subject.analysis->spec()}}, met);
  }
  for (const RegistryEntry& entry : registry_entries()) {
    EXPECT_TRUE(entry.kind != "analysis" || met.contains(entry.name)) << entry.name;
  }
}

// States do not depend on the machine, as long as it has fused multiply-add.
TEST(Plans, HaveTheSameBitsOnEveryInstructionSet) {
  const Isa before = active_isa();
  if (!isa_available(Isa::kAvx512)) GTEST_SKIP() << "this machine lacks AVX-512";
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Case subject = random_plan(seed, 3000);
    const auto bytes_on = [&](Isa isa) {
      EXPECT_TRUE(set_isa_for_testing(isa));
      return subject.analysis->save(*whole(subject));
    };
    EXPECT_EQ(bytes_on(Isa::kAvx2), bytes_on(Isa::kAvx512)) << seed;
  }
  set_isa_for_testing(before);
}

TEST(Plans, AgreeOnTablesOfManyTiles) {
  for (uint64_t seed = 1000; seed < 1003; ++seed) ASSERT_EQ("", plan_violation(seed, 30'000));
}

}  // namespace
}  // namespace insitu::laws
