#include "engine/options.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/errors.hpp"

namespace insitu {
namespace {

TEST(Options, AllAreOptional) {
  EXPECT_EQ(run_options(Json::object()).threads, 0U);
  EXPECT_TRUE(run_options(Json::object()).ordered);
  EXPECT_TRUE(map_options(Json::object()).keep.empty());
  EXPECT_EQ(run_options({{"threads", nullptr}}).threads, 0U);
}

TEST(Options, AreRead) {
  const RunOptions run = run_options(
      {{"threads", 3}, {"queue", 5}, {"memory_budget", 1ULL << 40}, {"ordered", false}});
  EXPECT_EQ(run.threads, 3U);
  EXPECT_EQ(run.queue, 5U);
  EXPECT_EQ(run.memory_budget, 1ULL << 40);
  EXPECT_FALSE(run.ordered);
  const MapOptions map = map_options({{"keep", {"a", "b"}}, {"output_names", {"p"}}});
  EXPECT_EQ(map.keep, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(map.output_names, std::vector<std::string>{"p"});
}

TEST(Options, RefuseWhatTheyDoNotKnow) {
  EXPECT_THROW(run_options({{"thread", 3}}), SpecError);
  EXPECT_THROW(run_options({{"threads", -1}}), SpecError);
  EXPECT_THROW(run_options({{"threads", 1ULL << 40}}), SpecError);
  EXPECT_THROW(run_options({{"threads", 1.5}}), SpecError);
  EXPECT_THROW(run_options({{"ordered", 1}}), SpecError);
  EXPECT_THROW(run_options(Json::array()), SpecError);
  EXPECT_THROW(map_options({{"keep", "a"}}), SpecError);
  EXPECT_THROW(map_options({{"keep", {1}}}), SpecError);
}

}  // namespace
}  // namespace insitu
