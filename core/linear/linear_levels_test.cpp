// The linear model's levels: given, found in the data, of dictionaries, of states merged.
#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.hpp"
#include "linear/linear_analysis.hpp"
#include "linear/linear_fit.hpp"
#include "testing/fits.hpp"
#include "testing/laws.hpp"

namespace insitu {
namespace {

using laws::factor;
using laws::numeric;
using laws::Table;

Json fit(const Json& spec, const Table& table, uint64_t piece = 1000) {
  LinearFit model(spec);
  return laws::run_passes(model, table, piece);
}

// Levels that are given as open come first, and those found in the data after them: the same as if
// all had been given.
TEST(LinearLevels, OpenLevels) {
  Table table(5);
  table.doubles("y", {1.0, 3.0, 10.0, 12.0, 20.0})
      .dictionary("g", {"d", "c", "a"}, {2, 2, 1, 1, 0})
      .doubles("x", {1.0, 2.0, 4.0, 3.0, 5.0});
  Json open = factor("g");
  open["levels"] = {"b", "a"};
  open["open"] = true;
  Json given = factor("g");
  given["levels"] = {"b", "a", "c", "d"};
  const auto fitted = [&](const Json& column) {
    return fit({{"formula", "y ~ x + g"}, {"columns", {numeric("y"), numeric("x"), column}}},
               table);
  };
  const Json model = fitted(open);
  EXPECT_EQ(model["coefficients"], fitted(given)["coefficients"]);
  for (const Json& column : model.at("design").at("columns")) {
    EXPECT_FALSE(column.contains("open"));
    if (column["name"] != "g") continue;
    EXPECT_EQ(column["levels"], Json({"b", "a", "c", "d"}));
  }
  EXPECT_EQ(model.at("n_valid_obs"), 5);
}

// N(f) counts positions in the sorted levels, which the last row may still change: the same as a
// column of those numbers, in one more pass.
TEST(LinearLevels, CodesOfLevelsFoundInTheData) {
  Table table(8);
  const std::vector<std::string> labels = {"d", "c", "10", "a"};  // sorted: 10, a, c, d
  const std::vector<double> position = {3, 2, 0, 1};
  const std::vector<int32_t> rows = {0, 0, 1, 1, 2, 2, 3, 3};
  std::vector<double> codes;
  for (const int32_t row : rows) codes.push_back(position[static_cast<size_t>(row)]);
  table.doubles("y", {1.0, 2.0, 4.0, 3.0, 7.0, 5.0, 8.0, 13.0})
      .doubles("x", {1.0, 0.0, 2.0, 5.0, 1.0, 3.0, 0.0, 4.0})
      .doubles("n", codes)
      .dictionary("f", labels, rows);
  const Json columns = {numeric("y"), numeric("x"), numeric("n"), factor("f")};
  for (const auto& [coded, plain] : std::initializer_list<std::pair<const char*, const char*>>{
           {"y ~ N(f)", "y ~ n"},
           {"y ~ x + N(f)^2", "y ~ x + n^2"},
           {"y ~ N(f) + x:N(f) + I(2 * N(f)^3)", "y ~ n + x:n + I(2 * n^3)"},
           {"y ~ f + x:N(f)", "y ~ f + x:n"},
           {"y ~ f:N(f)", "y ~ f:n"},
           {"N(f) ~ x", "n ~ x"},
           {"y ~ x + offset(N(f))", "y ~ x + offset(n)"}}) {
    const Json got = fit({{"formula", coded}, {"columns", columns}}, table, 3);
    const Json expected = fit({{"formula", plain}, {"columns", columns}}, table, 3);
    EXPECT_EQ(got["coefficients"]["estimate"], expected["coefficients"]["estimate"]) << coded;
    EXPECT_EQ(got["coefficients"]["std_error"], expected["coefficients"]["std_error"]) << coded;
    EXPECT_EQ(got["passes"].get<int>(), expected["passes"].get<int>() + 1) << coded;
  }
}

// A dictionary is taken whole; a level is what some row has, be its response missing.
TEST(LinearLevels, LevelsOfADictionaryAreThoseOfRows) {
  Table table(4);
  table.doubles("y", {1.0, NAN, 3.0, 4.0}).dictionary("f", {"p", "q", "r", "s"}, {0, 3, 1, -1});
  const LinearAnalysis analysis(
      Design::make("y ~ f", read_columns({numeric("y"), factor("f")}), ""), false);
  LinearState state = analysis.empty();
  analysis.update(state, table.all());
  EXPECT_EQ(state.products.levels, (std::vector<std::vector<std::string>>{{"p", "q", "s"}}));
  EXPECT_EQ(state.products.tables[0].cells(), 3u);
  EXPECT_EQ(state.products.tables[0].at(1, 0).hi, 1.0);
  EXPECT_EQ(state.products.tables[0].at(2, 0).hi, 0.0);
}

// So is a cluster, whose factor no term has.
TEST(LinearLevels, ClustersOfADictionaryAreThoseOfRows) {
  Table table(5);
  table.doubles("y", {1.0, NAN, 3.0, 4.0, 5.0})
      .doubles("x", {1.0, 2.0, 3.0, 5.0, 4.0})
      .dictionary("c", {"p", "q", "r", "s"}, {0, 3, 0, 3, 1});
  const std::vector<DesignColumn> columns = read_columns({numeric("y"), numeric("x"), factor("c")});
  const LinearAnalysis analysis(Design::make("y ~ x", columns, "", {"c"}), false);
  LinearState state = analysis.empty();
  analysis.update(state, table.all());
  EXPECT_EQ(state.products.levels, (std::vector<std::vector<std::string>>{{"p", "q", "s"}}));
}

// Dictionaries much larger than what rows use are not crossed whole.
TEST(LinearLevels, LargeDictionariesOfFewRows) {
  std::vector<std::string> labels;
  for (int i = 0; i < 1000; ++i) labels.push_back("l" + std::to_string(i));
  Table table(3);
  table.doubles("y", {1.0, 2.0, 3.0});
  for (const char* name : {"a", "b", "c"}) table.dictionary(name, labels, {900, 17, 900});
  const Json columns = {numeric("y"), factor("a"), factor("b"), factor("c")};
  const LinearAnalysis analysis(Design::make("y ~ a:b:c", read_columns(columns), ""), false);
  LinearState state = analysis.empty();
  analysis.update(state, table.all());
  for (const auto& levels : state.products.levels) {
    EXPECT_EQ(levels, (std::vector<std::string>{"l900", "l17"}));
  }
  EXPECT_EQ(state.products.tables[0].cells(), 8u);
}

TEST(LinearLevels, StatesTogetherKeepToTheLimitOfLevels) {
  const LinearAnalysis analysis(
      Design::make("y ~ f", read_columns({numeric("y"), factor("f")}), ""), false);
  LinearState states[2] = {analysis.empty(), analysis.empty()};
  for (size_t s = 0; s < 2; ++s) {
    for (size_t i = 0; i < 500'001; ++i) {
      states[s].products.levels[0].push_back(std::to_string(2 * i + s));
    }
  }
  try {
    analysis.merge(states[0], states[1]);
    FAIL() << "merged";
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("column \"f\" has more than 1,000,000 distinct"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace insitu
