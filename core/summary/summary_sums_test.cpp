// Summaries made of sums against those made of the rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "summary/summary_analysis.hpp"
#include "testing/laws.hpp"

namespace insitu {
namespace {

using laws::Table;

constexpr size_t kRows = 400;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::vector<std::string> kLabels = {"u", "v"};
const std::vector<std::string> kNumbers = {"block", "status", "rows", "weight", "s0_1", "s1_1",
                                           "n1",    "w1",     "m1",   "l1",     "g1",   "o1"};

struct Data {
  std::vector<double> x, w;
  std::vector<int32_t> g;

  Data() {
    laws::Rng rng(8);
    for (size_t i = 0; i < kRows; ++i) {
      g.push_back(rng.chance(0.1) ? -1 : static_cast<int32_t>(rng.below(2)));
      // The means of the cells lie far apart.
      x.push_back(rng.chance(0.1) ? NAN : (g.back() == 0 ? 1e6 : 3.0) + rng.normal());
      w.push_back(rng.chance(0.1) ? 0.0 : rng.chance(0.1) ? NAN : rng.uniform());
    }
  }
  Table table() const {
    Table made(kRows);
    made.doubles("x", x).doubles("w", w).dictionary("g", kLabels, g);
    return made;
  }
};

AnalysisPtr analysis_of(const std::string& formula, bool weighted) {
  Json columns = Json::array();
  for (const char* name : {"x", "w"}) columns.push_back({{"name", name}, {"kind", "numeric"}});
  columns.push_back({{"name", "g"}, {"kind", "factor"}});
  const Json design = {{"formula", formula}, {"columns", columns}, {"weight", weighted ? "w" : ""}};
  return erase(SummaryAnalysis::from_spec(
      {{"design", design}, {"weighting", weighted ? "pweights" : "none"}}));
}

struct Line {
  int label = -1;
  std::map<std::string, double> numbers;
};

// The answer of "GROUP BY status, g", each cell about an origin of its own.
Table answer_of(const Data& data, bool weighted) {
  std::map<std::tuple<int, int>, Line> lines;
  for (size_t i = 0; i < kRows; ++i) {
    const double w = weighted ? data.w[i] : 1.0;
    const int status = w == 0.0 ? 2 : std::isnan(w) ? 1 : 0;
    Line& line = lines[{status, data.g[i]}];
    line.label = data.g[i];
    auto& numbers = line.numbers;
    if (numbers.empty()) {
      for (const std::string& name : kNumbers) numbers[name] = 0.0;
      numbers["l1"] = kInfinity;
      numbers["g1"] = -kInfinity;
      numbers["o1"] = data.g[i] == 0 ? 1e6 : data.g[i] == 1 ? 3.0 : NAN;
    }
    numbers["status"] = status;
    ++numbers["rows"];
    if (!std::isnan(w)) numbers["weight"] += w;
    const double x = data.x[i];
    if (std::isnan(x)) {
      if (!std::isnan(w)) numbers["m1"] += w;
      continue;
    }
    const double d = x - (std::isnan(numbers["o1"]) ? 5.0 : numbers["o1"]);
    ++numbers["n1"];
    if (!std::isnan(w)) numbers["w1"] += w;
    numbers["s0_1"] += w * d;
    numbers["s1_1"] += w * d * d;
    numbers["l1"] = std::min(numbers["l1"], x);
    numbers["g1"] = std::max(numbers["g1"], x);
  }
  Table table(lines.size());
  std::vector<int32_t> labels;
  for (const auto& [key, line] : lines) labels.push_back(line.label);
  table.dictionary("f0", kLabels, labels);
  for (const std::string& name : kNumbers) {
    std::vector<double> numbers;
    for (const auto& [key, line] : lines) numbers.push_back(line.numbers.at(name));
    table.doubles(name, numbers);
  }
  return table;
}

TEST(SummarySums, AreThoseOfTheRows) {
  const Data data;
  const Json block = {{"factors", std::vector<size_t>{0}},
                      {"shared", Json::array()},
                      {"products", std::vector<std::vector<size_t>>{{0, 1}, {1, 1}}},
                      {"described", std::vector<size_t>{1}}};
  const Json facts = {{"origin", Json::array({5.0})}, {"blocks", std::vector<Json>{block}}};
  const Table rows = data.table();
  for (const bool weighted : {false, true}) {
    for (const char* formula : {"~ x:g + g", "~ x + g"}) {
      const AnalysisPtr a = analysis_of(formula, weighted);
      const auto made = a->from_sums(facts, answer_of(data, weighted).all());
      const auto expected = a->empty();
      a->update(*expected, rows.all());
      EXPECT_LE(a->distance(*expected, *made), laws::kSumBound)
          << formula << a->debug_string(*expected) << a->debug_string(*made);
    }
  }
}

TEST(SummarySums, AskForEachTerm) {
  const Json asked = analysis_of("~ x + x:g", true)->sums();
  EXPECT_EQ(asked["complete"], false);
  EXPECT_EQ(asked["weight"]["column"], "w");
  EXPECT_EQ(asked["tables"][0]["described"], Json::array({1}));
  EXPECT_EQ(asked["tables"][1]["factors"], Json::array({0}));
}

}  // namespace
}  // namespace insitu
