#include "design/levels_analysis.hpp"

#include <gtest/gtest.h>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "testing/laws.hpp"
#include "testing/random_table.hpp"

namespace insitu {
namespace {

using laws::Rng;
using laws::Table;

// Whole numbers sort by value, text by bytes; a missing value is no level.
TEST(Levels, ArePublishedInOrder) {
  Table table(5);
  table.text("t", {"b", std::nullopt, "é", "B", "b"})
      .dictionary("d", {"10", "9", "unused", "-1"}, {0, 1, 0, 3, -1});
  const AnalysisPtr analysis = erase(LevelsAnalysis({"d", "t"}));
  const auto state = analysis->empty();
  analysis->update(*state, table.slice(0, 2));
  EXPECT_EQ(analysis->finalize(*state)["levels"], Json({{"d", {"9", "10"}}, {"t", {"b"}}}));
  analysis->update(*state, table.slice(2, 3));
  EXPECT_EQ(analysis->finalize(*state)["levels"],
            Json({{"d", {"-1", "9", "10"}}, {"t", {"B", "b", "é"}}}));
}

TEST(Levels, SpecsAreChecked) {
  EXPECT_THROW(LevelsAnalysis({}), SpecError);
  EXPECT_THROW(LevelsAnalysis({"f", "f"}), SpecError);
}

TEST(Levels, StatesThatDoNotFitAreRefused) {
  const LevelsAnalysis analysis({"f"});
  EXPECT_NO_THROW(analysis.validate({{{"a", "b"}}}));
  EXPECT_THROW(analysis.validate({{}}), StateError);
  EXPECT_THROW(analysis.validate({{{"b", "a"}}}), StateError);
  EXPECT_THROW(analysis.validate({{{"a", "a"}}}), StateError);
}

TEST(Levels, AreNeededByOpenCodesOnly) {
  const auto columns = read_columns({{{"name", "y"}, {"kind", "numeric"}},
                                     {{"name", "f"}, {"kind", "factor"}},
                                     {{"name", "g"}, {"kind", "factor"}},
                                     {{"name", "h"}, {"kind", "factor"}, {"levels", {"u", "v"}}}});
  const auto open = [&](const std::string& formula) {
    return Design::make(formula, columns, "").open_codes();
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(open("y ~ f + F(y) + N(h)"), Names{});
  EXPECT_EQ(open("y ~ N(g)^2 + f:N(f) + I(N(f) + N(g))"), (Names{"g", "f"}));
  EXPECT_EQ(open("N(f) ~ y + offset(N(g))"), (Names{"f", "g"}));
  EXPECT_EQ(open("y ~ F(g, 2, 3) + F(h, 1, 2) + F(y, 1, 2)"), (Names{"g"}));
  const Design design = Design::make("y ~ f:N(f)", columns, "");
  EXPECT_FALSE(design.frozen());
  EXPECT_THROW(design.require_codes(), SpecError);
  const AnalysisPtr pass = levels_pass(design);
  ASSERT_NE(pass, nullptr);
  const auto state = pass->empty();
  pass->update(*state, Table(2).text("f", {"q", "p"}).all());
  const Design frozen = with_levels(design, *pass, *state);
  EXPECT_TRUE(frozen.frozen());
  EXPECT_EQ(*frozen.factors[0].levels, (Names{"p", "q"}));
  EXPECT_EQ(levels_pass(frozen), nullptr);
  EXPECT_TRUE(Design::from_json(frozen.to_json()).frozen());
}

laws::Case law_case(uint64_t seed) {
  Rng rng(seed);
  const uint64_t rows = seed < 3 ? seed : 1 + rng.below(3000);
  return {erase(LevelsAnalysis({"f1", "f0"})), erase(LevelsAnalysis({"f0", "f1"})),
          laws::random_table(rng, rows, 1, 2)};
}
INSITU_LAWS(LevelsLaws, law_case)

}  // namespace
}  // namespace insitu
