// Robust covariances of the linear model, and the laws of the passes behind them.
#include <gtest/gtest.h>

#include <cmath>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "linear/linear_fit.hpp"
#include "robust/cluster_scores.hpp"
#include "robust/score_squares.hpp"
#include "testing/fits.hpp"
#include "testing/laws.hpp"
#include "testing/random_table.hpp"

namespace insitu {
namespace {

using laws::factor;
using laws::numeric;
using laws::pass_over;
using laws::Rng;
using laws::StatePtr;
using laws::Table;

Json fit(const Json& spec, const Table& table) {
  LinearFit model(spec);
  return laws::run_passes(model, table);
}

std::vector<double> errors(const Json& model) {
  return numbers_from_json(model["coefficients"]["std_error"], "std_error");
}

void expect_near(const std::vector<double>& expected, const std::vector<double>& got,
                 double relative) {
  ASSERT_EQ(expected.size(), got.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(got[i])) << i;
    } else {
      EXPECT_NEAR(expected[i], got[i], relative * std::abs(expected[i])) << i;
    }
  }
}

// Rows of unequal variance, in eight firms of two countries, each row with a number of its own.
struct Panel {
  Table table;
  std::vector<double> x, y, count;
  std::vector<int32_t> firm;
};

Panel make_panel(uint64_t rows, double offset = 0.0) {
  Rng rng(3);
  Panel panel{Table(rows), {}, {}, {}, {}};
  std::vector<double> row;
  std::vector<double> weight;
  std::vector<int32_t> group;
  std::vector<std::string> firms;
  for (int k = 0; k < 8; ++k) firms.push_back("firm " + std::to_string(k));
  for (uint64_t i = 0; i < rows; ++i) {
    const double x = rng.normal();
    panel.x.push_back(offset + x);
    panel.firm.push_back(static_cast<int32_t>(rng.below(8)));
    group.push_back(static_cast<int32_t>(rng.below(3)));
    panel.y.push_back(1.0 + 0.5 * x + 0.3 * panel.firm.back() + rng.normal() * (1.0 + x * x));
    row.push_back(static_cast<double>(i));
    panel.count.push_back(static_cast<double>(1 + rng.below(3)));
    weight.push_back(0.5 + rng.uniform());
  }
  panel.table.doubles("x", panel.x).doubles("y", panel.y).doubles("row", row);
  panel.table.doubles("n", panel.count).doubles("w", weight);
  panel.table.dictionary("firm", firms, panel.firm).dictionary("same", firms, panel.firm);
  panel.table.dictionary("g", {"a", "b", "c"}, group);
  return panel;
}

Json spec_of(const std::string& formula, const std::string& type,
             const std::vector<std::string>& clusters = {}) {
  const Json columns = {numeric("x"),   numeric("y"),
                        numeric("row"), numeric("w"),
                        factor("g"),    factor("firm"),
                        factor("same"), {{"name", "n"}, {"kind", "numeric"}, {"whole", true}}};
  return {{"formula", formula}, {"columns", columns}, {"cov_type", type}, {"clusters", clusters}};
}

// The slope's variance by the definition of White (1980), on one predictor.
TEST(LinearRobust, ByDefinition) {
  const Panel panel = make_panel(50);
  Json spec = spec_of("y ~ x", "HC0");
  spec["rows"] = 50u;
  const Json model = fit(spec, panel.table);
  const std::vector<double> b = numbers_from_json(model["coefficients"]["estimate"], "estimate");
  double mean = 0.0;
  for (const double x : panel.x) mean += x / 50.0;
  double square = 0.0;
  double inner = 0.0;
  for (size_t i = 0; i < 50; ++i) {
    const double away = panel.x[i] - mean;
    const double e = panel.y[i] - b[0] - b[1] * panel.x[i];
    square += away * away;
    inner += away * away * e * e;
  }
  EXPECT_NEAR(std::sqrt(inner) / square, errors(model)[1], 1e-13);
  EXPECT_EQ("HC0", model["cov_type"]);
  EXPECT_EQ(2, model["passes"]);
}

// Clusters of one row each: G / (G - 1) x (n - 1) / (n - p) is n / (n - p).
TEST(LinearRobust, RowsAsClustersAreHC1) {
  const Panel panel = make_panel(3000);
  for (const char* formula : {"y ~ x + g", "y ~ x:g + firm - 1"}) {
    const Json rows = fit(spec_of(formula, "cluster", {"row"}), panel.table);
    expect_near(errors(fit(spec_of(formula, "HC1"), panel.table)), errors(rows), 1e-11);
    EXPECT_EQ(2999.0, rows["test_df"]);
    EXPECT_EQ(Json::parse(R"([{"column": "row", "groups": 3000}])"), rows["clusters"]);
  }
}

// V1 + V2 - V12 with the same clusters twice.
TEST(LinearRobust, TheSameClustersTwiceAreOnce) {
  const Panel panel = make_panel(2500);
  const Json once = fit(spec_of("y ~ x + g", "cluster", {"firm"}), panel.table);
  const Json twice = fit(spec_of("y ~ x + g", "cluster", {"firm", "same"}), panel.table);
  expect_near(errors(once), errors(twice), 1e-12);
  EXPECT_EQ(7.0, once["test_df"]);
}

// A design's own factor may be the cluster too; its column is not needed for predictions otherwise.
TEST(LinearRobust, ClustersAreNotPartOfTheModel) {
  const Panel panel = make_panel(400);
  const Json apart = fit(spec_of("y ~ x", "cluster", {"firm"}), panel.table);
  EXPECT_EQ(fit(spec_of("y ~ x", "classical"), panel.table)["design"], apart["design"]);
  const Json own = fit(spec_of("y ~ x + firm", "cluster", {"firm"}), panel.table);
  const Json copy = fit(spec_of("y ~ x + firm", "cluster", {"same"}), panel.table);
  expect_near(errors(own), errors(copy), 1e-12);
}

TEST(LinearRobust, FrequencyWeightsRepeatRows) {
  const Panel panel = make_panel(300);
  std::vector<double> x, y;
  for (size_t i = 0; i < 300; ++i) {
    for (double k = 0.0; k < panel.count[i]; ++k) {
      x.push_back(panel.x[i]);
      y.push_back(panel.y[i]);
    }
  }
  Table repeated(x.size());
  repeated.doubles("x", x).doubles("y", y);
  for (const char* type : {"HC0", "HC1", "HC2", "HC3"}) {
    Json spec = spec_of("y ~ x", type);
    spec["fweights"] = "n";
    Json plain = spec_of("y ~ x", type);
    expect_near(errors(fit(plain, repeated)), errors(fit(spec, panel.table)), 1e-12);
  }
}

// Far from zero nothing changes but the intercept.
TEST(LinearRobust, OffsetsCostNoDigits) {
  for (const char* type : {"HC0", "HC3"}) {
    const std::vector<double> near = errors(fit(spec_of("y ~ x + g", type), make_panel(900).table));
    const std::vector<double> far =
        errors(fit(spec_of("y ~ x + g", type), make_panel(900, 0x1p30).table));
    EXPECT_NEAR(near[1], far[1], 1e-7 * near[1]) << type;  // x itself is rounded to 2^-22
  }
}

// Each firm of one row has a coefficient of its own.
TEST(LinearRobust, RowsOfFullLeverageAreTold) {
  Table table(7);
  table.doubles("y", {1.0, 2.0, 4.0, 3.0, 5.0, 9.0, 6.0});
  table.dictionary("f", {"a", "b", "c"}, {0, 0, 0, 1, 2, 2, 2});
  const Json columns = {numeric("y"), factor("f")};
  Json spec = {{"formula", "y ~ f"}, {"columns", columns}, {"cov_type", "HC3"}};
  const Json model = fit(spec, table);
  ASSERT_EQ(1, model["warnings"].size());
  EXPECT_NE(std::string::npos, model["warnings"][0].get<std::string>().find("1 rows have"));
  spec["cov_type"] = "HC1";
  EXPECT_TRUE(fit(spec, table)["warnings"].empty());
}

TEST(LinearRobust, SaysWhatCannotBe) {
  const Panel panel = make_panel(100);
  const auto said = [&](const Json& spec) -> std::string {
    try {
      fit(spec, panel.table);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(std::string::npos, said(spec_of("y ~ x", "cluster", {"firn"})).find("did you mean"));
  EXPECT_NE(std::string::npos, said(spec_of("y ~ x", "HC1", {"firm"})).find("must be 'cluster'"));
  EXPECT_NE(std::string::npos, said(spec_of("y ~ x", "cluster", {})).find("needs the columns"));
  EXPECT_NE(std::string::npos,
            said(spec_of("y ~ x", "cluster", {"firm", "g", "row"})).find("one or two columns"));
  EXPECT_NE(std::string::npos,
            said(spec_of("y ~ x", "cluster", {"firm", "firm"})).find("named twice"));
  Table one(3);
  one.doubles("x", {1, 2, 3}).doubles("y", {1, 2, 4}).text("firm", {"a", "a", "a"});
  EXPECT_THROW(fit({{"formula", "y ~ x"},
                    {"columns", {numeric("x"), numeric("y"), factor("firm")}},
                    {"cov_type", "cluster"},
                    {"clusters", {"firm"}}},
                   one),
               DataError);
}

TEST(LinearRobust, HostileSpecsAreRefused) {
  const Panel panel = make_panel(60);
  const auto scores = [&](const Json& asked) {
    LinearFit model(asked);
    AnalysisPtr pass = model.next();
    while (pass->name() == "linear") {
      model.accept(*pass_over(*pass, panel.table));
      pass = model.next();
    }
    return pass->spec();
  };
  Json spec = scores(spec_of("y ~ x", "HC3"));
  for (const uint64_t power : {uint64_t{0}, uint64_t{3}, (uint64_t{1} << 32) + 1}) {
    spec["leverage"]["power"] = power;
    EXPECT_THROW(ScoreSquaresAnalysis::from_spec(spec), SpecError) << power;
  }
  spec["leverage"].erase("power");
  EXPECT_THROW(ScoreSquaresAnalysis::from_spec(spec), SpecError);
  const ClusterScoresAnalysis clusters =
      ClusterScoresAnalysis::from_spec(scores(spec_of("y ~ x", "cluster", {"firm", "g"})));
  ClusterScoresState state = clusters.empty();
  EXPECT_NO_THROW(clusters.validate(state));
  state.counts[2][0] = 1;  // of no row
  EXPECT_THROW(clusters.validate(state), StateError);
}

// A perfect fit has no scores.
TEST(LinearRobust, APerfectFitHasErrorsOfZero) {
  Table table(5);
  table.doubles("x", {1, 2, 3, 4, 5}).doubles("y", {2, 4, 6, 8, 10});
  const Json columns = {numeric("x"), numeric("y")};
  for (const char* type : {"HC0", "HC3"}) {
    const Json model = fit({{"formula", "y ~ x"}, {"columns", columns}, {"cov_type", type}}, table);
    for (const double error : errors(model)) EXPECT_LE(error, 1e-14) << type;
  }
}

// The second pass of a fit on a random table.
laws::Case random_case(uint64_t seed, bool clusters) {
  Rng rng(seed);
  Table table = laws::random_table(rng, 300 + rng.below(3000), 3, 3);
  Json columns = {factor("f0"), factor("f1"), factor("f2"), numeric("w")};
  for (const char* name : {"x0", "x1", "x2"}) columns.push_back(numeric(name));
  columns.push_back({{"name", "n"}, {"kind", "numeric"}, {"whole", true}});
  Json spec = {{"columns", columns}, {"formula", seed % 2 == 0 ? "x0 ~ x1 + f0" : "x0 ~ x2:f1"}};
  if (seed % 3 == 1) spec["pweights"] = "w";
  if (seed % 3 == 2) spec["fweights"] = "n";
  const char* types[] = {"HC0", "HC1", "HC2", "HC3"};
  spec["cov_type"] = clusters ? "cluster" : types[seed % 4];
  if (clusters) spec["clusters"] = seed % 4 < 2 ? Json({"f2"}) : Json({"f0", "f2"});
  const auto second = [&](const Json& asked) {
    LinearFit model(asked);
    AnalysisPtr pass = model.next();
    while (pass->name() == "linear") {
      model.accept(*pass_over(*pass, table));
      pass = model.next();
    }
    return pass;
  };
  const AnalysisPtr pass = second(spec);
  spec["formula"] = "x0 ~ x1 + f1";
  const AnalysisPtr other = second(spec);
  return {pass, other, std::move(table)};
}
INSITU_LAWS(ScoreSquaresLaws, [](uint64_t seed) { return random_case(seed, false); })
INSITU_LAWS(ClusterScoresLaws, [](uint64_t seed) { return random_case(seed, true); })

}  // namespace
}  // namespace insitu
