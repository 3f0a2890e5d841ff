#include "engine/cache.hpp"

#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "engine/engine_testing.hpp"

namespace insitu {
namespace {

using namespace testing;

using LocalRun = ::insitu::Run;  // gtest has a Run of its own

constexpr size_t kBlock = 8192;

struct CacheTest : ::testing::Test {
  AnalysisPtr analysis = erase(OrderedSum());
  std::vector<double> values = wild_numbers(3 * kBlock + 5);
  Script script = script_of(table_of(values), random_sizes(30000, 3));

  std::string pass(Cache& cache, Script of, unsigned threads = 2) {
    ArrowArrayStream stream = scripted(std::move(of));
    return analysis->save(*LocalRun(analysis, &stream, &cache, {.threads = threads}).finish());
  }
  std::string pass_from(Cache& cache, unsigned threads = 2) {
    return analysis->save(*LocalRun(analysis, nullptr, &cache, {.threads = threads}).finish());
  }
};

TEST_F(CacheTest, ServesLaterPasses) {
  Cache cache(values.size() * 8);  // exactly enough
  EXPECT_FALSE(cache.complete());
  EXPECT_THROW(pass_from(cache), SpecError);
  const std::string first = pass(cache, script);
  EXPECT_TRUE(cache.complete());
  EXPECT_EQ(cache.bytes(), values.size() * 8);
  EXPECT_EQ(pass_from(cache, 1), first);
  EXPECT_EQ(pass_from(cache, 3), first);
}

TEST_F(CacheTest, ACompleteCacheIsUsedInsteadOfTheStream) {
  Cache cache(1 << 20);
  const std::string first = pass(cache, script);
  Script broken = script;
  broken.before = [](size_t) { FAIL() << "the stream was read"; };
  const auto released = broken.released;
  EXPECT_EQ(pass(cache, broken), first);
  EXPECT_TRUE(released->wait());
}

TEST_F(CacheTest, IsFilledAnewForColumnsThatItLacks) {
  const ArrowTable other = std::move(ArrowTable().add("z", plain(values)));
  OrderedSum of_other;
  of_other.names.assign(1, "z");
  const AnalysisPtr before = erase(of_other);
  Cache cache(values.size() * 8);
  ArrowArrayStream stream = scripted(script_of(other));
  LocalRun(before, &stream, &cache).finish();
  EXPECT_TRUE(cache.serves(before->columns()));
  EXPECT_FALSE(cache.serves(analysis->columns()));
  EXPECT_THROW(pass_from(cache), SpecError);
  const std::string first = pass(cache, script);
  EXPECT_TRUE(cache.serves(analysis->columns()));
  EXPECT_EQ(cache.bytes(), values.size() * 8);
  EXPECT_EQ(pass_from(cache), first);
}

TEST_F(CacheTest, DropsEverythingBeyondItsBudget) {
  Cache cache(values.size() * 8 - 1);
  const std::string first = pass(cache, script);
  EXPECT_FALSE(cache.complete());
  EXPECT_EQ(cache.bytes(), 0U);
  Script again = script;
  again.before = [&](size_t) { EXPECT_EQ(cache.bytes(), 0U); };  // it does not try in vain
  EXPECT_EQ(pass(cache, again), first);
  EXPECT_FALSE(cache.complete());
  EXPECT_THROW(pass_from(cache), SpecError);
}

TEST_F(CacheTest, StaysEmptyAfterAFailedOrCancelledRun) {
  Cache cache(1 << 20);
  Script broken = script;
  broken.error = "gone";
  EXPECT_THROW(pass(cache, broken), SourceError);
  EXPECT_FALSE(cache.complete());
  EXPECT_EQ(cache.bytes(), 0U);

  auto gate = std::make_shared<Gate>();
  Script blocked = script;
  blocked.before = [gate](size_t batch) {
    if (batch == 2) gate->wait();
  };
  const auto released = blocked.released;
  ArrowArrayStream stream = scripted(std::move(blocked));
  {
    LocalRun run(analysis, &stream, &cache);
    run.cancel();
    EXPECT_THROW(run.finish(), CancelledError);
  }
  gate->open();
  ASSERT_TRUE(released->wait());
  EXPECT_FALSE(cache.complete());
  pass(cache, script);  // and can be filled later
  EXPECT_TRUE(cache.complete());
}

TEST_F(CacheTest, MayBeFreedDuringARun) {
  auto cache = std::make_unique<Cache>(1 << 20);
  const std::string first = pass(*cache, script);
  LocalRun run(analysis, nullptr, cache.get());
  cache.reset();
  EXPECT_EQ(analysis->save(*run.finish()), first);
}

TEST_F(CacheTest, CountsASharedDictionaryOnce) {
  const ArrowTable table =
      std::move(ArrowTable()
                    .add("x", plain<double>({1, 2, 3, 4}))
                    .add("f", dictionary(plain<int8_t>({0, 1, 0, 1}), text({"long level", "b"}))));
  Cache cache(1 << 20);
  pass(cache, script_of(table, {2, 2}));
  // 4 doubles, 4 codes, 2 offsets of 4 bytes, 11 bytes of text.
  EXPECT_EQ(cache.bytes(), 32U + 4U + 8U + 11U);
}

}  // namespace
}  // namespace insitu
