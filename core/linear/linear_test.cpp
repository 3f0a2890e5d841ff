#include <gtest/gtest.h>

#include <cmath>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "linear/linear_fit.hpp"
#include "testing/fits.hpp"
#include "testing/laws.hpp"

namespace insitu {
namespace {

using laws::estimate;
using laws::factor;
using laws::numeric;
using laws::Rng;
using laws::Table;

Json fit(const Json& spec, const Table& table, uint64_t piece = 1000) {
  LinearFit model(spec);
  return laws::run_passes(model, table, piece);
}

std::vector<int32_t> cycle(size_t n, int32_t levels) {
  std::vector<int32_t> codes;
  for (size_t i = 0; i < n; ++i) codes.push_back(static_cast<int32_t>(i) % levels);
  return codes;
}

// y = 1 + 2 x on x = 1..4 with residuals (1, -1, -1, 1): slope 2, intercept 1, rss 4 by hand.
TEST(Linear, ByHand) {
  Table table(4);
  table.doubles("y", {4.0, 4.0, 6.0, 10.0}).doubles("x", {1.0, 2.0, 3.0, 4.0});
  const Json model = fit({{"formula", "y ~ x"}, {"columns", {numeric("y"), numeric("x")}}}, table);
  EXPECT_DOUBLE_EQ(estimate(model, "x"), 2.0);
  EXPECT_DOUBLE_EQ(estimate(model, "(Intercept)"), 1.0);
  EXPECT_DOUBLE_EQ(model["residual_squares"].get<double>(), 4.0);
  EXPECT_DOUBLE_EQ(estimate(model, "x", "std_error"), std::sqrt(2.0 / 5.0));  // s^2 = 2, Sxx = 5
  EXPECT_DOUBLE_EQ(model["r_squared"].get<double>(), 1.0 - 4.0 / 24.0);
  EXPECT_EQ(model["df"], Json({2, 2.0, 2}));
}

// Each row is counted once: used, missing, or left out by its weight.
TEST(Linear, CountsOfRows) {
  Table table(7);
  table.doubles("y", {1.0, 2.0, 4.0, 4.0, NAN, 5.0, NAN})
      .doubles("x", {1.0, 2.0, 3.0, 4.0, 5.0, NAN, 7.0})
      .doubles("w", {1.0, 0.0, 2.0, 1.0, 1.0, 1.0, 0.0});
  const Json columns = {numeric("y"), numeric("x"), numeric("w")};
  const Json model = fit({{"formula", "y ~ x"}, {"columns", columns}, {"pweights", "w"}}, table);
  EXPECT_EQ(model["n_valid_obs"], 3);
  EXPECT_EQ(model["n_missing_obs"], 2);
  EXPECT_EQ(model["n_zero_weight"], 2);
  EXPECT_EQ(model["sum_of_weights"], 4.0);
}

// y is 0.1^3 as a double, the offset 0.1^3 as a double-double: what is left is the low half, known
// from exact rational arithmetic.
TEST(Linear, OffsetsAreTakenOffInDoubleDouble) {
  Table table(3);
  table.doubles("y", std::vector<double>(3, 0x1.0624dd2f1a9fdp-10))
      .doubles("x", {0.0, 1.0, 2.0})
      .doubles("z", std::vector<double>(3, 0.1));
  const Json columns = {numeric("y"), numeric("x"), numeric("z")};
  const Json model = fit({{"formula", "y ~ x + offset(z^3)"}, {"columns", columns}}, table);
  EXPECT_DOUBLE_EQ(estimate(model, "(Intercept)"), 0x1.4fdf3b645a1cap-64);
}

// A one-way layout: coefficients are differences of means to the last level.
TEST(Linear, LastLevelIsTheReference) {
  Table table(6);
  table.doubles("y", {1.0, 3.0, 10.0, 12.0, 100.0, 104.0})
      .dictionary("g", {"c", "a", "b"}, {1, 1, 2, 2, 0, 0});
  const Json spec = {{"formula", "y ~ g"}, {"columns", {numeric("y"), factor("g")}}};
  const Json model = fit(spec, table);
  EXPECT_EQ(model["coefficients"]["names"], Json({"(Intercept)", "g=a", "g=b", "g=c"}));
  EXPECT_EQ(model["coefficients"]["aliased"], Json({false, false, false, true}));
  EXPECT_DOUBLE_EQ(estimate(model, "(Intercept)"), 102.0);
  EXPECT_DOUBLE_EQ(estimate(model, "g=a"), -100.0);
  EXPECT_DOUBLE_EQ(estimate(model, "g=b"), -91.0);
  Json first = spec;
  first["drop_first"] = true;
  EXPECT_DOUBLE_EQ(estimate(fit(first, table), "(Intercept)"), 2.0);
}

// An empty last level moves the reference to the first level of every factor.
TEST(Linear, EmptyLastLevelDropsTheFirst) {
  Table table(4);
  table.doubles("y", {1.0, 3.0, 10.0, 12.0}).dictionary("g", {"a", "b"}, {0, 0, 1, 1});
  Json column = factor("g");
  column["levels"] = {"a", "b", "z"};
  const Json model = fit({{"formula", "y ~ g"}, {"columns", {numeric("y"), column}}}, table);
  EXPECT_EQ(model["coefficients"]["aliased"], Json({false, true, false, true}));
  EXPECT_DOUBLE_EQ(estimate(model, "g=b"), 9.0);
}

TEST(Linear, OneLevelPresent) {
  Table table(3);
  table.doubles("y", {1.0, 3.0, 8.0}).dictionary("g", {"a"}, {0, 0, 0});
  const Json model = fit({{"formula", "y ~ g"}, {"columns", {numeric("y"), factor("g")}}}, table);
  EXPECT_DOUBLE_EQ(estimate(model, "(Intercept)"), 4.0);
  EXPECT_EQ(model["r_squared"], 0.0);
  EXPECT_TRUE(model["f_statistic"].is_null());
}

// Interactions with main effects: with drop_main the cells stay and the main effects go; the fit is
// the cell means.
TEST(Linear, Interactions) {
  Table table(8);
  table.doubles("y", {1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0})
      .dictionary("a", {"p", "q"}, cycle(8, 2))
      .dictionary("b", {"u", "v"}, {0, 0, 1, 1, 0, 0, 1, 1});
  const Json columns = {numeric("y"), factor("a"), factor("b")};
  const Json dropped = fit({{"formula", "y ~ a*b"}, {"columns", columns}}, table);
  EXPECT_DOUBLE_EQ(estimate(dropped, "(Intercept)"), 19.5);
  EXPECT_DOUBLE_EQ(estimate(dropped, "a=p, b=u"), 4.5 - 19.5);
  EXPECT_TRUE(std::isnan(estimate(dropped, "a=p")));
  const Json kept =
      fit({{"formula", "y ~ a*b"}, {"columns", columns}, {"drop_main", false}}, table);
  EXPECT_DOUBLE_EQ(estimate(kept, "a=p"), 12.0 - 19.5);
  EXPECT_EQ(dropped["rank"], 4);
  EXPECT_DOUBLE_EQ(dropped["residual_squares"].get<double>(),
                   kept["residual_squares"].get<double>());
}

// Slopes within levels: two lines without noise.
TEST(Linear, SlopesByLevel) {
  Table table(6);
  table.doubles("y", {1.0, 10.0, 3.0, 13.0, 5.0, 16.0})
      .doubles("x", {0.0, 0.0, 1.0, 1.0, 2.0, 2.0})
      .dictionary("g", {"a", "b"}, cycle(6, 2));
  const Json model = fit(
      {{"formula", "y ~ g + x:g"}, {"columns", {numeric("y"), numeric("x"), factor("g")}}}, table);
  EXPECT_NEAR(estimate(model, "x for g=a"), 2.0, 1e-14);
  EXPECT_NEAR(estimate(model, "x for g=b"), 3.0, 1e-14);
  EXPECT_NEAR(estimate(model, "(Intercept)"), 10.0, 1e-14);
  EXPECT_LE(model["residual_squares"].get<double>(), 1e-26);
}

// The eliminated-factor solution equals the direct one (which cov_coef asks for).
TEST(Linear, ReducedSolverAgrees) {
  Rng rng(7);
  const size_t n = 4000;
  std::vector<double> y;
  std::vector<double> x;
  std::vector<double> w;
  std::vector<int32_t> big;
  std::vector<int32_t> small;
  std::vector<std::string> labels;
  for (int i = 0; i < 80; ++i) labels.push_back("L" + std::to_string(1000 + i));
  for (size_t i = 0; i < n; ++i) {
    big.push_back(static_cast<int32_t>(i % 80));
    small.push_back(static_cast<int32_t>(rng.below(3)));
    x.push_back(1e6 + rng.normal());
    w.push_back(rng.uniform() + 0.5);
    y.push_back(0.01 * big.back() + small.back() + 2.0 * x.back() + rng.normal());
  }
  Table table(n);
  table.doubles("y", y)
      .doubles("x", x)
      .doubles("w", w)
      .dictionary("big", labels, big)
      .dictionary("small", {"r", "s", "t"}, small);
  Json small_given = factor("small");
  small_given["levels"] = {"q", "r", "s", "t"};  // the first is empty
  const char* formulas[] = {
      "y ~ x + small + big", "y ~ x + small + big - 1", "y ~ small * big",
      "y ~ x:big + small",   "y ~ small + big + x:big", "y ~ x + big + F(x, 999998, 1000002)",
      "y ~ big + x:big - 1", "y ~ big*x + small - 1",   "y ~ small + big + x - 1"};
  for (const char* formula : formulas) {
    for (int options = 0; options < 32; ++options) {
      const Json columns = {numeric("y"), numeric("x"), numeric("w"), factor("big"),
                            (options & 4) == 0 ? factor("small") : small_given};
      Json spec = {{"formula", formula},
                   {"columns", columns},
                   {"drop_first", (options & 1) != 0},
                   {"drop_main", (options & 2) != 0}};
      if ((options & 8) != 0) spec["pweights"] = "w";
      // Sums of weights in double round: what the coding makes redundant is known all the same.
      if ((options & 16) != 0) spec["precision"] = "double";
      const Json reduced = fit(spec, table);
      spec["cov_coef"] = true;
      const Json direct = fit(spec, table);
      SCOPED_TRACE(std::string(formula) + ", options " + std::to_string(options));
      EXPECT_EQ(reduced["coefficients"]["aliased"], direct["coefficients"]["aliased"]);
      const auto condition = direct["condition_number"].get<double>();
      EXPECT_NEAR(reduced["condition_number"].get<double>(), condition, 1e-6 * condition);
      EXPECT_NEAR(reduced["sigma"].get<double>(), direct["sigma"].get<double>(), 1e-12);
      for (const char* what : {"estimate", "std_error"}) {
        for (size_t i = 0; i < reduced["coefficients"]["names"].size(); ++i) {
          if (direct["coefficients"]["aliased"][i].get<bool>()) continue;
          const auto expected = direct["coefficients"][what][i].get<double>();
          EXPECT_NEAR(reduced["coefficients"][what][i].get<double>(), expected,
                      1e-11 * std::fabs(expected) + 1e-13)
              << what << " of " << direct["coefficients"]["names"][i];
        }
      }
    }
  }
}

TEST(Linear, AutomaticPrecision) {
  Rng rng(3);
  const size_t n = 3000;
  std::vector<double> y;
  std::vector<double> x;
  std::vector<double> z;
  for (size_t i = 0; i < n; ++i) {
    x.push_back(rng.normal());
    z.push_back(x.back() + 1e-6 * rng.normal());
    y.push_back(x.back() + rng.normal());
  }
  Table table(n);
  table.doubles("y", y).doubles("x", x).doubles("z", z);
  const Json columns = {numeric("y"), numeric("x"), numeric("z")};
  Json spec = {{"formula", "y ~ x + z"}, {"columns", columns}};
  EXPECT_EQ(fit(spec, table)["precision"], "double-double");  // small
  EXPECT_EQ(fit(spec, table)["passes"], 2);
  spec["rows"] = n;
  EXPECT_EQ(fit(spec, table)["passes"], 1);
  spec["precision"] = "double";
  EXPECT_EQ(fit(spec, table)["precision"], "double");
}

TEST(Linear, SquaresThatDoublesDoNotHoldAreAnError) {
  Table table(3);
  table.doubles("y", {1.0, 2.0, 4.0}).doubles("x", {1e-160, 2e-160, 5e-160});
  try {
    fit({{"formula", "y ~ x"}, {"columns", {numeric("y"), numeric("x")}}}, table);
    FAIL() << "fitted";
  } catch (const NumericError& error) {
    EXPECT_NE(std::string(error.what()).find("\"x\" has a standard deviation of about 1.7e-160"),
              std::string::npos)
        << error.what();
  }
}

TEST(Linear, BadInputIsASentence) {
  Table table(2);
  table.doubles("y", {1.0, 2.0})
      .doubles("x", {1.0, INFINITY})
      .doubles("w", {1.0, -1.0})
      .doubles("m", {NAN, NAN});
  const Json columns = {numeric("y"), numeric("x"), numeric("w"), numeric("m")};
  auto message = [&](Json spec) -> std::string {
    spec["columns"] = columns;
    try {
      fit(spec, table);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message({{"formula", "y ~ x"}}).find("column \"x\" holds inf at row"),
            std::string::npos);
  EXPECT_NE(message({{"formula", "y ~ m"}, {"pweights", "w"}}).find("must not be negative"),
            std::string::npos);
  EXPECT_NE(message({{"formula", "y ~ m"}}).find("of 2 rows 2 have a missing value"),
            std::string::npos);
  EXPECT_NE(message({{"formula", "y ~ q"}}).find("q"), std::string::npos);
  EXPECT_NE(
      message({{"formula", "y ~ 1"}}).find("there are no predictors at character 4; for a mean"),
      std::string::npos);
  EXPECT_NE(message({{"formula", "~ x"}}).find("there is no response at character 1; write"),
            std::string::npos);
}

// A level of F(x) that is no whole number would be met when the fit is accepted.
TEST(Linear, StatesThatDoNotFitAreRefused) {
  Table table(3);
  table.doubles("y", {1.0, 2.0, 4.0}).doubles("x", {1.0, 2.0, 2.5}).text("f", {"a", "b", "a"});
  const Json columns = {numeric("y"), numeric("x"), factor("f")};
  const LinearAnalysis analysis(Design::make("y ~ F(x) + f", read_columns(columns), ""), false);
  LinearState good = analysis.empty();
  analysis.update(good, table.all());
  EXPECT_NO_THROW(analysis.validate(good));
  const auto refused = [&](auto&& spoil) {
    LinearState bad = good;
    spoil(bad.products);
    EXPECT_THROW(analysis.validate(bad), StateError);
  };
  refused([](CrossProducts& p) { p.levels[0][0] = "one"; });
  refused([](CrossProducts& p) { p.levels[0][0] = "99999999999999999999"; });
  refused([](CrossProducts& p) { p.levels[1][0] = p.levels[1][1]; });
  refused([](CrossProducts& p) { p.levels.pop_back(); });
  refused([](CrossProducts& p) { p.mean_hi.pop_back(); });
  refused([](CrossProducts& p) { p.tables.pop_back(); });
  refused([](CrossProducts& p) { p.tables[0].hi.pop_back(); });
}

// A constant column is dropped, not refused, however its weighted squares round.
TEST(Linear, AConstantWeightedColumnIsDropped) {
  Rng rng(5);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<double> y;
    std::vector<double> w;
    for (int i = 0; i < 300; ++i) {
      y.push_back(rng.normal());
      w.push_back(rng.uniform() + 0.1);
    }
    Table table(300);
    table.doubles("y", y).doubles("x", std::vector<double>(300, 0.7)).doubles("w", w);
    const Json model = fit({{"formula", "y ~ x"},
                            {"columns", {numeric("y"), numeric("x"), numeric("w")}},
                            {"pweights", "w"},
                            {"precision", "double"}},
                           table);
    EXPECT_EQ(model["coefficients"]["aliased"], Json({false, true}));
  }
}

TEST(Linear, TheSmallestCellIsKnown) {
  const auto least = [](const std::string& formula, const std::string& weights = "") {
    Table table(7);
    table.doubles("y", {1, 2, 3, 4, 5, 6, std::nan("")});
    table.doubles("x", {2, 1, 2, 5, 4, 3, 1});
    table.doubles("w", {1, 2, 1, 2, 1, 2, 1});
    table.text("f", {"a", "a", "b", "b", "b", "a", "b"});
    table.text("g", {"u", "u", "u", "v", "u", "u", "u"});
    table.text("h", {"p", "p", "p", "p", "p", "p", "q"});
    Json spec = {
        {"formula", formula},
        {"columns",
         {numeric("y"), numeric("x"), numeric("w"), factor("f"), factor("g"), factor("h")}}};
    if (!weights.empty()) spec["pweights"] = weights;
    LinearFit fit(spec);
    const AnalysisPtr pass = fit.next();
    const auto state = pass->empty();
    pass->update(*state, table.all());
    return pass->smallest_cell(*state);
  };
  EXPECT_EQ(6U, least("y ~ x"));
  EXPECT_EQ(3U, least("y ~ x + f"));
  EXPECT_EQ(1U, least("y ~ f + g"));   // one row is (b, v)
  EXPECT_EQ(0U, least("y ~ h"));       // the only row of q has no response: its name is told
  EXPECT_EQ(0U, least("y ~ f", "w"));  // weighted rows are not counted by cell
  EXPECT_EQ(6U, least("y ~ x", "w"));
}

laws::Case random_case(uint64_t seed) {
  Rng rng(seed + 100);
  const uint64_t n = rng.below(4) == 0 ? rng.below(3) : rng.below(5000);
  std::vector<double> y;
  std::vector<double> x;
  std::vector<double> z;
  std::vector<double> w;
  std::vector<int32_t> a;
  std::vector<std::optional<std::string>> b;
  const double offset = rng.chance(0.3) ? 1e9 : 0.0;
  for (uint64_t i = 0; i < n; ++i) {
    y.push_back(rng.normal());
    x.push_back(rng.chance(0.05) ? std::nan("") : offset + rng.normal());
    z.push_back(rng.uniform());
    w.push_back(rng.chance(0.1) ? 0.0 : rng.uniform() * 10.0);
    a.push_back(static_cast<int32_t>(rng.below(4)) - (rng.chance(0.05) ? 4 : 0));
    b.push_back(rng.chance(0.05) ? std::nullopt
                                 : std::optional<std::string>(
                                       "level " + std::to_string(rng.below(1 + seed % 60))));
  }
  Table table(n);
  table.doubles("y", y).doubles("x", x).doubles("z", z).doubles("w", w);
  table.dictionary("a", {"p", "q", "r", "s"}, a).text("b", b);
  const Json columns = {numeric("y"), numeric("x"), numeric("z"),
                        numeric("w"), factor("a"),  factor("b")};
  const char* formulas[] = {"y ~ x + z", "y ~ a + b", "y ~ x + a + b + a:b",
                            "y ~ z:a + I(x^2) + F(z)", "y ~ x*b - 1"};
  const std::string formula = formulas[seed % 5];
  const bool precise = rng.chance(0.4);
  auto make = [&](const std::string& text) {
    return erase(LinearAnalysis(
        Design::make(text, read_columns(columns), rng.chance(0.5) ? "w" : ""), precise));
  };
  AnalysisPtr analysis = make(formula);
  return {analysis, make(formula + " + sqrt(z)"), std::move(table)};
}
INSITU_LAWS(LinearLaws, random_case)

}  // namespace
}  // namespace insitu
