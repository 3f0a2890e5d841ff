#include "compose.hpp"

#include <gtest/gtest.h>

#include "testing/laws.hpp"
#include "testing/random_table.hpp"
#include "testing/toy.hpp"

namespace insitu {
namespace {

using laws::Case;
using laws::Rng;
using laws::Table;
using laws::Toy;

Table small_table() {
  Table table(6);
  table.doubles("y", {1, 2, 3, 4, 5, 6})
      .text("k", {"b", "a", std::nullopt, "b", "10", "b"})
      .doubles("x", {10, 20, 30, 40, 50, 60});
  return table;
}

Json result_of(const AnalysisPtr& analysis, const Table& table) {
  const auto state = analysis->empty();
  analysis->update(*state, table.all());
  return analysis->finalize(*state);
}

TEST(Tuple, IsItsPartsInOnePass) {
  const auto tuple = tuple_of({erase(Toy("x")), erase(Toy("y")), erase(Toy("x", 1))});
  EXPECT_EQ((std::vector<std::string>{"x", "y"}), tuple->columns());
  const Json result = result_of(tuple, small_table());
  EXPECT_EQ(35.0, result[0]["mean"]);
  EXPECT_EQ(3.5, result[1]["mean"]);
  EXPECT_EQ(Json({6}), result[2]["bins"]);
  const auto state = tuple->empty();
  tuple->update(*state, small_table().all());
  EXPECT_EQ(result[1], tuple_parts(*tuple)[1]->finalize(tuple_part(*tuple, *state, 1)));
}

TEST(Tuple, NamesAMissingColumn) {
  const auto tuple = tuple_of({erase(Toy("x")), erase(Toy("yy"))});
  try {
    result_of(tuple, small_table());
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_STREQ("there is no column 'yy' among the 3 columns of the data; did you mean 'y'?",
                 error.what());
  }
  EXPECT_THROW(tuple_of({}), SpecError);
}

TEST(Grouped, IsOneStatePerKey) {
  const Json result = result_of(grouped_by("k", erase(Toy("y"))), small_table());
  EXPECT_EQ(1u, result["missing_rows"]);
  ASSERT_EQ(3u, result["groups"].size());
  EXPECT_EQ("10", result["groups"][0]["key"]);
  EXPECT_EQ("a", result["groups"][1]["key"]);
  EXPECT_EQ("b", result["groups"][2]["key"]);
  EXPECT_EQ(5.0, result["groups"][0]["result"]["mean"]);
  EXPECT_EQ(2.0, result["groups"][1]["result"]["mean"]);
  EXPECT_EQ(11.0 / 3.0, result["groups"][2]["result"]["mean"]);
}

TEST(Grouped, AgreesWithTheWholeOverManyStretches) {
  Rng rng(7);
  const uint64_t rows = 50'000;
  std::vector<double> y(rows);
  for (double& value : y) value = static_cast<double>(rng.below(100));
  Table table(rows);
  table.doubles("y", y).dictionary("k", {"u", "v", "w"}, laws::random_codes(rng, rows, 3, 0.1));
  const Json groups = result_of(grouped_by("k", erase(Toy("y"))), table)["groups"];
  const Json whole = result_of(erase(Toy("y")), table);
  uint64_t count = 0;
  for (const Json& group : groups) count += group["result"]["count"].get<uint64_t>();
  const Json missing = result_of(grouped_by("k", erase(Toy("y"))), table)["missing_rows"];
  EXPECT_EQ(whole["count"].get<uint64_t>(), count + missing.get<uint64_t>());
}

TEST(Grouped, BoundsTheNumberOfGroups) {
  EXPECT_THROW(result_of(grouped_by("k", erase(Toy("y")), 2), small_table()), SpecError);
  EXPECT_THROW(grouped_by("k", erase(Toy("y")), 0), SpecError);
}

Case grouped_case(uint64_t seed) {
  Rng rng(seed);
  const uint64_t rows = seed < 3 ? seed : 1 + rng.below(300);
  return {grouped_by("f0", erase(Toy("x0"))), grouped_by("f1", erase(Toy("x0"))),
          laws::random_table(rng, rows, 2, 2)};
}
Case tuple_case(uint64_t seed) {
  Rng rng(seed);
  const uint64_t rows = seed < 3 ? seed : 1 + rng.below(300);
  const auto inner = grouped_by("f1", tuple_of({erase(Toy("x1")), erase(Toy("x0"))}));
  return {tuple_of({erase(Toy("x1")), inner}), tuple_of({inner, erase(Toy("x1"))}),
          laws::random_table(rng, rows, 2, 2)};
}
INSITU_LAWS(GroupedAnalysis, grouped_case);
INSITU_LAWS(TupleAnalysis, tuple_case);

}  // namespace
}  // namespace insitu
