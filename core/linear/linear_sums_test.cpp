// States made of sums against those made of the rows.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <tuple>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "linear/linear_analysis.hpp"
#include "testing/laws.hpp"

namespace insitu {
namespace {

using laws::Table;

constexpr size_t kRows = 500;
const std::vector<std::string> kLabels = {"u", "v", "w"};

// What a database would hold: x and y have holes, g too, w is sometimes zero.
struct Data {
  std::vector<double> y, x, w;
  std::vector<int32_t> g;

  Data() {
    laws::Rng rng(3);
    for (size_t i = 0; i < kRows; ++i) {
      x.push_back(rng.chance(0.05) ? NAN : 1000.0 + static_cast<double>(rng.below(4)));
      y.push_back(rng.chance(0.05) ? NAN : 7.0 + rng.normal());
      w.push_back(rng.chance(0.1) ? 0.0 : 0.5 + rng.uniform());
      g.push_back(rng.chance(0.05) ? -1 : static_cast<int32_t>(rng.below(3)));
    }
  }
  Table table() const {
    Table made(kRows);
    made.doubles("y", y).doubles("x", x).doubles("w", w).dictionary("g", kLabels, g);
    return made;
  }
  int status(size_t i, bool weighted) const {
    if (weighted && w[i] == 0.0) return 2;
    return std::isnan(x[i]) || std::isnan(y[i]) || g[i] < 0 ? 1 : 0;
  }
};

AnalysisPtr analysis_of(bool weighted, const std::string& formula = "y ~ x + g") {
  Json columns = Json::array();
  for (const char* name : {"y", "x", "w"}) columns.push_back({{"name", name}, {"kind", "numeric"}});
  columns.push_back({{"name", "g"}, {"kind", "factor"}});
  const Json design = {{"formula", formula}, {"columns", columns}, {"weight", weighted ? "w" : ""}};
  return erase(LinearAnalysis::from_spec({{"design", design}}));
}

// One line of an answer: its numbers by name.
struct Line {
  int label = -1;
  std::map<std::string, double> numbers;
};

// The answer of "GROUP BY status[, g][, x]" about an origin.
std::vector<Line> grouped(const Data& data, bool weighted, bool by_g, bool by_x, double x0,
                          double y0, int block) {
  std::map<std::tuple<int, int, double>, Line> lines;
  for (size_t i = 0; i < kRows; ++i) {
    const int label = by_g ? data.g[i] : -1;
    const double share = by_x && !std::isnan(data.x[i]) ? data.x[i] : -1.0;
    const int status = data.status(i, weighted);
    Line& line = lines[{status, label, share}];
    line.label = label;
    line.numbers["status"] = status;
    line.numbers["block"] = block;
    line.numbers["v1"] = by_x ? data.x[i] : NAN;
    ++line.numbers["rows"];
    const double w = weighted ? data.w[i] : 1.0;
    line.numbers["weight"] += w;
    line.numbers["log_weight"] += w > 0.0 ? std::log(w) : 0.0;
    const double x = data.x[i] - x0;
    const double y = data.y[i] - y0;
    line.numbers["s0_1"] += w * x;
    line.numbers["s0_2"] += w * y;
    line.numbers["s1_1"] += w * x * x;
    line.numbers["s1_2"] += w * x * y;
    line.numbers["s2_2"] += w * y * y;
  }
  std::vector<Line> answer;
  for (const auto& [key, line] : lines) answer.push_back(line);
  return answer;
}

Table table_of(const std::vector<Line>& lines) {
  Table table(lines.size());
  std::vector<int32_t> labels;
  for (const Line& line : lines) labels.push_back(line.label);
  table.dictionary("f0", kLabels, labels);
  for (const char* name : {"block", "status", "rows", "weight", "log_weight", "v1", "s0_1", "s0_2",
                           "s1_1", "s1_2", "s2_2"}) {
    std::vector<double> numbers;
    for (const Line& line : lines) numbers.push_back(line.numbers.at(name));
    table.doubles(name, numbers);
  }
  return table;
}

using Indices = std::vector<size_t>;
using Products = std::vector<Indices>;
const Products kAll = {{0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};

Json block_of(const Indices& factors, const Indices& shared, const Products& products) {
  return {{"factors", factors},
          {"shared", shared},
          {"products", products},
          {"described", Json::array()}};
}

Json facts_of(double x0, double y0, const std::vector<Json>& blocks, double rounding = 0x1p-50) {
  return {{"origin", {x0, y0}}, {"rounding", rounding}, {"blocks", blocks}};
}

double distance_from_rows(const AnyAnalysis& a, const Data& data, const AnyState& made) {
  const Table table = data.table();
  const auto state = a.empty();
  a.update(*state, table.all());
  return a.distance(*state, made);
}

TEST(LinearSums, OneGroupingServesAllTables) {
  const Data data;
  for (const bool weighted : {false, true}) {
    const AnalysisPtr a = analysis_of(weighted);
    const Table answer = table_of(grouped(data, weighted, true, false, 1001.5, 7.0, 0));
    const auto state = a->from_sums(facts_of(1001.5, 7.0, {block_of({0}, {}, kAll)}), answer.all());
    EXPECT_LE(distance_from_rows(*a, data, *state), laws::kSumBound);
    const Json found = a->finalize(*state);
    EXPECT_EQ(found["rows"], kRows);
    EXPECT_EQ(
        found["used"].get<int>() + found["missing"].get<int>() + found["zero_weight"].get<int>(),
        kRows);
  }
}

TEST(LinearSums, BlocksOfTheirOwnForNumbersAndCells) {
  const Data data;
  const AnalysisPtr a = analysis_of(true);
  std::vector<Line> lines = grouped(data, true, false, false, 1000.0, 6.0, 0);
  for (const Line& line : grouped(data, true, true, false, 1000.0, 6.0, 1)) lines.push_back(line);
  const Json facts =
      facts_of(1000.0, 6.0, {block_of({}, {}, kAll), block_of({0}, {}, {{0, 1}, {0, 2}})});
  const auto state = a->from_sums(facts, table_of(lines).all());
  EXPECT_LE(distance_from_rows(*a, data, *state), laws::kSumBound);
}

// x is 1000 to 1003: few rows differ, and only y is summed.
TEST(LinearSums, SharedValuesNeedNoProducts) {
  const Data data;
  const AnalysisPtr a = analysis_of(true);
  const Table answer = table_of(grouped(data, true, true, true, 1001.5, 7.0, 0));
  const auto state =
      a->from_sums(facts_of(1001.5, 7.0, {block_of({0}, {1}, {{0, 2}, {2, 2}})}), answer.all());
  EXPECT_LE(distance_from_rows(*a, data, *state), laws::kSumBound);
}

TEST(LinearSums, MergesWithStatesOfRows) {
  const Data data;
  const AnalysisPtr a = analysis_of(false);
  const Table answer = table_of(grouped(data, false, true, false, 1001.5, 7.0, 0));
  const auto made =
      a->from_sums(facts_of(1001.5, 7.0, {block_of({0}, {}, kAll)}, 1e-9), answer.all());
  const Table table = data.table();
  const auto both = a->empty();
  a->update(*both, table.all());
  a->merge(*both, *laws::copy(*a, *made));
  const auto twice = a->empty();
  for (int i = 0; i < 2; ++i) a->update(*twice, table.all());
  EXPECT_LE(a->distance(*twice, *both), laws::kSumBound);
  // How far the sums may be off stays known.
  EXPECT_EQ(1e-9, state_cast<LinearState>(*a, *both).products.rounding);
  EXPECT_EQ(0.0, state_cast<LinearState>(*a, *twice).products.rounding);
}

TEST(LinearSums, NoUsedRowsLeaveNoSums) {
  const AnalysisPtr a = analysis_of(false);
  Line line{0, {{"block", 0}, {"status", 1}, {"rows", 4}}};
  for (const char* name : {"weight", "log_weight", "v1", "s0_1", "s0_2", "s1_1", "s1_2", "s2_2"})
    line.numbers[name] = NAN;
  const Json facts = facts_of(1.0, 2.0, {block_of({0}, {}, kAll)});
  const auto state = a->from_sums(facts, table_of({line}).all());
  Data missing;
  missing.x.assign(kRows, NAN);
  missing.g.assign(kRows, 0);
  const Table rows = missing.table();
  const auto expected = a->empty();
  a->update(*expected, rows.slice(0, 4));
  EXPECT_EQ(a->save(*expected), a->save(*state));
}

std::string sentence(const AnyAnalysis& a, const Json& facts, const Table& answer) {
  try {
    a.from_sums(facts, answer.all());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(LinearSums, SaysWhatDoesNotFit) {
  const Data data;
  const AnalysisPtr a = analysis_of(false);
  const Table answer = table_of(grouped(data, false, true, false, 1001.5, 7.0, 0));
  const std::vector<Json> blocks = {block_of({0}, {}, kAll)};
  EXPECT_EQ("the facts of sums need 2 origins and a rounding between 0 and 1",
            sentence(*a, {{"origin", Json::array({1.0})}, {"blocks", blocks}}, answer));
  EXPECT_EQ("a factor of sums must be a whole number below 1, got 1",
            sentence(*a, facts_of(0.0, 0.0, {block_of({1}, {}, kAll)}), answer));
  EXPECT_EQ("the sums lack a table that the analysis asks for",
            sentence(*a, facts_of(0.0, 0.0, {block_of({0}, {}, Products{{0, 1}})}), answer));
  EXPECT_EQ("row 1 of the answer has no block, status or count that its facts know",
            sentence(*a, facts_of(0.0, 0.0, {}), answer));
}

TEST(LinearSums, FaultsAreTheErrorsOfRows) {
  const Data data;
  const AnalysisPtr a = analysis_of(true);
  const Table answer = table_of(grouped(data, true, true, false, 1001.5, 7.0, 0));
  Json facts = facts_of(1.0, 1.0, {block_of({0}, {}, kAll)});
  facts["faults"] = std::vector<Json>{
      {{"column", "x"}, {"value", "-Infinity"}, {"rows", 1}, {"fault", "infinite"}}};
  EXPECT_EQ(
      "column \"x\" holds -inf in 1 row; infinite values cannot be used: filter them out with "
      "row_selection, or store null",
      sentence(*a, facts, answer));
  facts["faults"] =
      std::vector<Json>{{{"column", "w"}, {"value", -2.5}, {"rows", 3}, {"fault", "negative"}}};
  EXPECT_EQ("column \"w\" holds -2.5 in 3 rows; a weight must not be negative",
            sentence(*a, facts, answer));
}

TEST(LinearSums, AreNotAskedForInDoubleDouble) {
  const Json design = analysis_of(false)->spec()["design"];
  EXPECT_FALSE(LinearAnalysis::from_spec({{"design", design}}).sums().is_null());
  EXPECT_TRUE(LinearAnalysis::from_spec({{"design", design}, {"precise", true}}).sums().is_null());
}

}  // namespace
}  // namespace insitu
