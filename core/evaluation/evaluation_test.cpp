#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "evaluation/evaluation_fit.hpp"
#include "evaluation/sorted_rows.hpp"
#include "testing/fits.hpp"
#include "testing/laws.hpp"

namespace insitu {
namespace {

using laws::numeric;
using laws::Rng;
using laws::Table;

Json evaluate(const Json& spec, const Table& table, uint64_t piece = 1000) {
  EvaluationFit fit(spec);
  return laws::run_passes(fit, table, piece);
}

std::string told(const Json& spec, const Table& table) {
  try {
    evaluate(spec, table);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

Json spec_of(const Json& more = Json::object()) {
  Json spec = {{"formula", "y ~ p"}, {"columns", {numeric("y"), numeric("p"), numeric("w")}}};
  spec.update(more);
  return spec;
}

struct Rows {
  std::vector<double> y, p, w;

  Table table() const {
    Table table(y.size());
    table.doubles("y", y).doubles("p", p).doubles("w", w);
    return table;
  }
};

// The definition: all pairs of an event and another row.
double pairs_won(const Rows& rows, bool weighted) {
  long double wins = 0.0L;
  long double all = 0.0L;
  for (size_t i = 0; i < rows.y.size(); ++i) {
    for (size_t j = 0; rows.y[i] == 1.0 && j < rows.y.size(); ++j) {
      if (rows.y[j] == 1.0) continue;
      const long double pair = weighted ? static_cast<long double>(rows.w[i]) * rows.w[j] : 1.0L;
      all += pair;
      wins += pair * (rows.p[i] > rows.p[j] ? 1.0L : rows.p[i] == rows.p[j] ? 0.5L : 0.0L);
    }
  }
  return static_cast<double>(wins / all);
}

// The definition: precision at the threshold of each event.
double precision_of(const Rows& rows) {
  double sum = 0.0;
  double events = 0.0;
  for (size_t i = 0; i < rows.y.size(); ++i) {
    if (rows.y[i] != 1.0) continue;
    double above = 0.0;
    double right = 0.0;
    for (size_t j = 0; j < rows.y.size(); ++j) {
      above += rows.p[j] >= rows.p[i];
      right += rows.p[j] >= rows.p[i] && rows.y[j] == 1.0;
    }
    sum += right / above;
    ++events;
  }
  return sum / events;
}

// Probabilities of every size, or few different ones, or close together, or at the ends.
Rows random_rows(Rng& rng, uint64_t n, uint64_t kind) {
  Rows rows;
  for (uint64_t i = 0; i < n; ++i) {
    const double u = rng.uniform();
    double p = u;
    if (kind == 1) p = static_cast<double>(rng.below(7)) / 7.0;
    if (kind == 2) p = 0.3 + 1e-12 * u;
    if (kind == 3) p = std::exp(-300.0 * u);
    if (kind == 4) p = rng.chance(0.3) ? 0.0 : rng.chance(0.3) ? 1.0 : u;
    rows.p.push_back(p);
    rows.y.push_back(rng.chance(0.2 + 0.5 * u) ? 1.0 : 0.0);
    rows.w.push_back(0.5 + 3.0 * rng.uniform());
  }
  return rows;
}

// Handmade: 4 pairs, of which 3 are right; precision 1 at 0.8 and 2/3 at 0.35.
TEST(Evaluation, FourRows) {
  const Rows rows{{0, 0, 1, 1}, {0.1, 0.4, 0.35, 0.8}, {1, 1, 1, 1}};
  const Json result = evaluate(spec_of({{"rows", 4}}), rows.table());
  const Json& one = result["predictions"][0];
  EXPECT_EQ(one["auc"], 0.75);
  EXPECT_EQ(one["auc_error"], 0.0);
  EXPECT_NEAR(one["average_precision"].get<double>(), 5.0 / 6.0, 1e-15);
  EXPECT_NEAR(one["log_loss"].get<double>(),
              -(std::log(0.9) + std::log(0.6) + std::log(0.35) + std::log(0.8)) / 4.0, 1e-15);
  EXPECT_NEAR(one["brier_score"].get<double>(), (0.01 + 0.16 + 0.4225 + 0.04) / 4.0, 1e-15);
  EXPECT_EQ(one["curve"]["threshold"], Json({0.1, 0.35, 0.4, 0.8}));
  EXPECT_EQ(one["curve"]["events"], Json({0.0, 1.0, 0.0, 1.0}));
  EXPECT_EQ(result["passes"], 1);
}

// However rows are kept or counted, the area is that of all pairs.
TEST(Evaluation, AreaIsThatOfAllPairs) {
  Rng rng(5);
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const bool weighted = seed % 3 == 2;
    const Rows rows = random_rows(rng, 300 + rng.below(300), seed % 5);
    const Table table = rows.table();
    const double expected = pairs_won(rows, weighted);
    Json more = {{"points", 1 + rng.below(50)}};
    if (weighted) more["pweights"] = "w";
    if (seed % 2 == 0) more["rows"] = rows.y.size();
    if (seed % 4 > 1) more["most_kept"] = 1 + rng.below(100);
    const Json result = evaluate(spec_of(more), table);
    const Json& one = result["predictions"][0];
    EXPECT_NEAR(one["auc"].get<double>(), expected, 1e-14) << seed << " " << more;
    EXPECT_EQ(one["auc_error"], 0.0) << seed;
    if (!weighted) {
      EXPECT_NEAR(one["average_precision"].get<double>(), precision_of(rows),
                  one["average_precision_error"].get<double>() + 1e-14)
          << seed << " " << more;
    }
    if (!more.contains("most_kept")) {
      EXPECT_EQ(one["average_precision_error"], 0.0);
      EXPECT_EQ(result["passes"], more.contains("rows") ? 1 : 2);
    }
  }
}

TEST(Evaluation, BoundsHold) {
  Rng rng(6);
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Rows rows = random_rows(rng, 400, seed % 5);
    Json more = {{"most_kept", 1 + rng.below(20)},
                 {"error_bound", std::pow(10.0, -1.0 - 5.0 * rng.uniform())}};
    if (seed % 3 == 0) more = {{"grid", 1 + rng.below(20)}};
    const Json result = evaluate(spec_of(more), rows.table());
    const Json& one = result["predictions"][0];
    const double error = one["auc_error"].get<double>();
    EXPECT_NEAR(one["auc"].get<double>(), pairs_won(rows, false), error + 1e-14) << seed;
    EXPECT_NEAR(one["average_precision"].get<double>(), precision_of(rows),
                one["average_precision_error"].get<double>() + 1e-14)
        << seed;
    if (more.contains("error_bound")) {
      EXPECT_LE(error, more["error_bound"].get<double>());
    }
  }
}

// Thresholds at i / 10 alone: rows at a threshold lie above it.
TEST(Evaluation, Grid) {
  Rows rows;
  for (int i = 0; i <= 10; ++i) {
    rows.p.push_back(i / 10.0);
    rows.y.push_back(i % 2);
    rows.w.push_back(1.0);
  }
  const Json result = evaluate(spec_of({{"grid", 10}}), rows.table());
  const Json& curve = result["predictions"][0]["curve"];
  for (size_t i = 0; i <= 10; ++i) {
    EXPECT_EQ(curve["threshold"][i], static_cast<double>(i) / 10.0);
    EXPECT_EQ(curve["events"][i], static_cast<double>(i % 2));
    EXPECT_EQ(curve["others"][i], static_cast<double>(1 - i % 2));
  }
  EXPECT_EQ(result["passes"], 1);
}

// Curves of fewer points than values have the exact coordinates of those they keep.
TEST(Evaluation, ThinnedCurve) {
  Rng rng(7);
  const Rows rows = random_rows(rng, 5000, 0);
  const Json result = evaluate(spec_of({{"rows", 5000}, {"points", 20}}), rows.table());
  const Json& curve = result["predictions"][0]["curve"];
  EXPECT_LE(curve["threshold"].size(), 41U);
  EXPECT_GE(curve["threshold"].size(), 10U);
  for (size_t k = 0; k < curve["threshold"].size(); ++k) {
    double events = 0.0;
    double at_least = 0.0;
    for (size_t i = 0; i < rows.y.size(); ++i)
      at_least += rows.y[i] == 1.0 && rows.p[i] >= curve["threshold"][k].get<double>();
    for (size_t j = k; j < curve["events"].size(); ++j) events += curve["events"][j].get<double>();
    EXPECT_EQ(events, at_least) << k;
  }
}

TEST(Evaluation, WhatHadNoProbability) {
  const Rows rows{{0, 1, 1, 0}, {0.0, 0.0, 1.0, 0.5}, {1, 1, 1, 1}};
  const Json result = evaluate(spec_of(), rows.table());
  EXPECT_EQ(result["predictions"][0]["log_loss"], "Infinity");
  EXPECT_EQ(result["predictions"][0]["impossible"], 1);
  EXPECT_EQ(result["predictions"][0]["brier_score"], 1.25 / 4.0);
}

TEST(Evaluation, SeveralPredictionsOfTheSameRows) {
  Table table(5);
  table.doubles("y", {1, 0, 1, 0, 1}).doubles("p", {0.9, 0.1, 0.8, std::nan(""), 0.7});
  table.doubles("q", {0.1, 0.9, 0.2, 0.5, 0.3}).doubles("w", {1, 1, 1, 1, 0});
  Json spec = spec_of({{"formula", "y ~ p + q"}, {"pweights", "w"}});
  spec["columns"].push_back(numeric("q"));
  const Json result = evaluate(spec, table);
  EXPECT_EQ(result["predictions"][0]["auc"], 1.0);
  EXPECT_EQ(result["predictions"][1]["auc"], 0.0);
  EXPECT_EQ(result["n_valid_obs"], 3);
  EXPECT_EQ(result["n_missing_obs"], 1);
  EXPECT_EQ(result["n_zero_weight"], 1);
}

TEST(Evaluation, OutcomesAsLabels) {
  Table table(4);
  table.dictionary("y", {"yes", "no", "so"}, {0, 1, 0, 1}).doubles("p", {0.1, 0.7, 0.6, 0.5});
  const Json columns = {{{"name", "y"}, {"kind", "factor"}}, numeric("p")};
  const Json result = evaluate({{"formula", "y ~ p"}, {"columns", columns}}, table);
  EXPECT_EQ(result["outcome"], "y");
  EXPECT_EQ(result["predictions"][0]["auc"], 0.25);  // "yes" is the event
  Table three(3);
  three.dictionary("y", {"a", "b", "c"}, {0, 1, 2}).doubles("p", {0.1, 0.2, 0.3});
  EXPECT_EQ(told({{"formula", "y ~ p"}, {"columns", columns}}, three),
            "the outcome \"y\" has 3 levels (\"a\", \"b\", \"c\"), and two are needed, the second "
            "of which is the event: select rows, or make it a logical");
}

TEST(Evaluation, SaysWhatIsWrong) {
  const auto error = [](std::vector<double> y, std::vector<double> p) {
    const Rows rows{std::move(y), p, std::vector<double>(p.size(), 1.0)};
    return told(spec_of(), rows.table());
  };
  EXPECT_EQ(error({0, 1, 1}, {0.5, 0.5, 1.5}),
            "the prediction \"p\" is 1.5 in row 3: predictions are probabilities, from 0 to 1");
  EXPECT_EQ(error({0, 2, 1}, {0.5, 0.5, 0.5}),
            "the outcome \"y\" is 2 in row 2: outcomes are 1 for the event and 0 for none, or true "
            "and false");
  EXPECT_EQ(error({1, 1}, {0.5, 0.5}),
            "the outcome \"y\" is 1 in all of 2 rows: there is nothing to tell apart");
  EXPECT_EQ(error({}, {}),
            "there are no rows to evaluate: the data, after row_selection, is empty");
  EXPECT_EQ(
      error({1}, {std::nan("")}),
      "no complete row is left to evaluate: of 1 rows 1 have a missing value in a used column "
      "and 0 have weight zero");
}

TEST(ProbabilityPlan, PlacesEveryProbability) {
  const ProbabilityPlan coarse({KeyRange{0, kKeyBits, false, 16}});
  Rng rng(8);
  double before = 0.0;
  std::vector<double> sorted = {0.0, -0.0, 5e-324, 1.0, 0.5, std::nextafter(1.0, 0.0)};
  for (int i = 0; i < 1000; ++i) sorted.push_back(std::exp(-700.0 * rng.uniform()));
  std::sort(sorted.begin(), sorted.end());
  for (const double p : sorted) {
    EXPECT_LE(coarse.place(before), coarse.place(p));
    EXPECT_LT(coarse.place(p), coarse.bins());
    before = p;
  }
  const uint64_t half = key_of(0.5);
  const ProbabilityPlan parts(
      {KeyRange{half, 46, true, 0}, KeyRange{half + (uint64_t{1} << 47), 46, false, 3}});
  EXPECT_EQ(parts.place(0.4), ProbabilityPlan::kNowhere);
  EXPECT_EQ(parts.place(0.5), ProbabilityPlan::kKept);
  EXPECT_EQ(parts.place(probability_of(half + (uint64_t{1} << 46))), ProbabilityPlan::kNowhere);
  EXPECT_EQ(parts.place(probability_of(half + (uint64_t{1} << 47))), 0U);
  EXPECT_EQ(parts.place(probability_of(half + (uint64_t{1} << 47) + (uint64_t{1} << 43))), 1U);
  EXPECT_THROW(ProbabilityPlan({KeyRange{1, 4, true, 0}}), SpecError);
  EXPECT_THROW(ProbabilityPlan({KeyRange{16, 4, true, 0}, KeyRange{16, 4, true, 0}}), SpecError);
}

TEST(SortedRows, AreSorted) {
  Rng rng(9);
  std::vector<uint64_t> keys;
  for (int i = 0; i < 5000; ++i) keys.push_back(rng.below(~uint64_t{0}) >> rng.below(64));
  std::vector<uint64_t> expected = keys;
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(sorted_by_digits(keys), expected);
  EXPECT_TRUE(sorted_by_digits(std::vector<uint64_t>()).empty());
}

laws::Case random_case(uint64_t seed) {
  Rng rng(seed + 11);
  Rows rows = random_rows(rng, rng.below(4) == 0 ? rng.below(3) : rng.below(2000), seed % 5);
  for (size_t i = 0; i < rows.y.size(); ++i) {
    if (rng.chance(0.05)) rows.p[i] = std::nan("");
    if (rng.chance(0.1)) rows.w[i] = 0.0;
  }
  const Json columns = {numeric("y"), numeric("p"), numeric("w")};
  const auto make = [&](const std::vector<ProbabilityPlan>& plans, const std::string& weight) {
    const char* formula = plans.size() == 1 ? "y ~ p" : "y ~ p + sqrt(p)";
    return erase(
        OutcomeCountsAnalysis(Design::make(formula, read_columns(columns), weight), plans));
  };
  const ProbabilityPlan kept({KeyRange{0, kKeyBits, true, 0}});
  const ProbabilityPlan counted({KeyRange{0, kKeyBits, false, 9}});
  const ProbabilityPlan parts(
      {KeyRange{0, 61, true, 0}, KeyRange{uint64_t{1} << 61, 61, false, 7}});
  const std::string weight = rng.chance(0.5) ? "w" : "";
  const std::vector<std::vector<ProbabilityPlan>> plans = {
      {kept}, {counted}, {parts}, {kept, parts}, {ProbabilityPlan::grid(10), counted}};
  return {make(plans[seed % plans.size()], weight), make({ProbabilityPlan::grid(3)}, weight),
          rows.table()};
}
INSITU_LAWS(OutcomeCountsLaws, random_case)

}  // namespace
}  // namespace insitu
