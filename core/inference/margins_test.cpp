#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "inference/margins_analysis.hpp"
#include "inference/margins_fit.hpp"
#include "testing/laws.hpp"
#include "testing/random_table.hpp"

namespace insitu {
namespace {

using laws::Rng;
using laws::StatePtr;
using laws::Table;

const Json kColumns = {{{"name", "x"}, {"kind", "numeric"}},
                       {{"name", "z"}, {"kind", "numeric"}},
                       {{"name", "w"}, {"kind", "numeric"}},
                       {{"name", "y"}, {"kind", "numeric"}},
                       {{"name", "f"}, {"kind", "factor"}, {"levels", {"a", "b", "c"}}}};

struct Rows {
  std::vector<double> x, z, w;
  std::vector<int32_t> f;
  Table table() const {
    Table table(x.size());
    table.doubles("x", x).doubles("z", z).doubles("w", w).doubles("y", x);
    table.dictionary("f", {"a", "b", "c"}, f);
    return table;
  }
};

Rows make_rows(uint64_t n) {
  Rng rng(7);
  Rows rows;
  for (uint64_t i = 0; i < n; ++i) {
    rows.x.push_back(0.5 + 2.0 * rng.uniform());
    rows.z.push_back(rng.normal());
    rows.w.push_back(0.1 + rng.uniform());
    rows.f.push_back(static_cast<int32_t>(rng.below(3)));
  }
  return rows;
}

// y ~ x + I(x^2) + log(x):z + f + x:f, with the weights w; coefficients about centers.
const char* const kFormula = "y ~ x + I(x^2) + log(x):z + f + x:f";
const std::vector<double> kCoefficients = {0.0, 0.3, -0.2, 0.15, 0.4, -0.1, 0.2, 0.05, -0.3, 0.12};
const std::vector<double> kCenters = {1.4, 2.2, -0.1, 0.0, 0.0};

double linear(const std::vector<double>& b, double x, double z, int32_t f) {
  const auto cell = static_cast<size_t>(f);
  return 0.2 + b[0] + b[1] * (x - kCenters[0]) + b[2] * (x * x - kCenters[1]) +
         b[3] * (std::log(x) * z - kCenters[2]) + b[4 + cell] + b[7 + cell] * x;
}

double mean(const std::string& family, double eta) {
  if (family == "binomial") return 1.0 / (1.0 + std::exp(-eta));
  return family == "poisson" ? std::exp(eta) : eta;
}

Json spec_of(const std::string& family, const Json& quantities) {
  const Json design = {{"formula", kFormula}, {"columns", kColumns}, {"weight", "w"}};
  return {
      {"design", design},
      {"family", {{"name", family}, {"link", nullptr}}},
      {"predictor", {{"constant", 0.2}, {"centers", kCenters}, {"coefficients", kCoefficients}}},
      {"quantities", quantities},
      {"response", false}};
}

Json slope(const char* column, const std::vector<Json>& settings = {}) {
  return {{"slope", column}, {"settings", settings}};
}
Json means(const std::vector<Json>& settings) {
  return {{"slope", nullptr}, {"settings", settings}};
}
Json set(const char* column, const Json& value) { return {{"column", column}, {"value", value}}; }

Json found_in(const Json& spec, const Table& table) {
  const MarginsAnalysis analysis = MarginsAnalysis::from_spec(spec);
  MarginsState state = analysis.empty();
  analysis.update(state, table.all());
  return analysis.finalize(state);
}

// The weighted mean over rows of what a row predicts with coefficients b.
using OfRow = std::function<double(const std::vector<double>& b, double x, double z, int32_t f)>;

double average(const Rows& rows, const OfRow& of, const std::vector<double>& b) {
  double sum = 0.0;
  double weight = 0.0;
  for (size_t i = 0; i < rows.x.size(); ++i) {
    sum += rows.w[i] * of(b, rows.x[i], rows.z[i], rows.f[i]);
    weight += rows.w[i];
  }
  return sum / weight;
}

// The value, and its gradient by central differences.
void expect_same(const Json& quantity, const Rows& rows, const OfRow& of) {
  EXPECT_NEAR(average(rows, of, kCoefficients), quantity["mean"].get<double>(), 1e-9);
  const std::vector<double> gradient = numbers_from_json(quantity["gradient"], "gradient");
  ASSERT_EQ(kCoefficients.size(), gradient.size());
  constexpr double h = 1e-5;
  for (size_t k = 0; k < gradient.size(); ++k) {
    std::vector<double> up = kCoefficients;
    std::vector<double> down = kCoefficients;
    up[k] += h;
    down[k] -= h;
    EXPECT_NEAR((average(rows, of, up) - average(rows, of, down)) / (2.0 * h), gradient[k], 1e-5)
        << k;
  }
}

TEST(Margins, SlopesAndMeansByBruteForce) {
  const Rows rows = make_rows(3000);
  const Json quantities = {slope("x"),
                           slope("z"),
                           slope("x", {set("f", "b"), set("z", 0.5)}),
                           slope("x", {set("x", 2.0)}),
                           means({set("f", "c")}),
                           means({set("x", 1.5)}),
                           means({})};
  for (const std::string family : {"gaussian", "binomial", "poisson"}) {
    const Json found = found_in(spec_of(family, quantities), rows.table());
    const auto mu = [&](const std::vector<double>& b, double x, double z, int32_t f) {
      return mean(family, linear(b, x, z, f));
    };
    const auto along_x = [&](const std::vector<double>& b, double x, double z, int32_t f) {
      return (mu(b, x + 1e-5, z, f) - mu(b, x - 1e-5, z, f)) / 2e-5;
    };
    const std::vector<OfRow> of = {
        along_x,
        [&](const auto& b, double x, double z, int32_t f) {
          return (mu(b, x, z + 1e-5, f) - mu(b, x, z - 1e-5, f)) / 2e-5;
        },
        [&](const auto& b, double x, double, int32_t) { return along_x(b, x, 0.5, 1); },
        [&](const auto& b, double, double z, int32_t f) { return along_x(b, 2.0, z, f); },
        [&](const auto& b, double x, double z, int32_t) { return mu(b, x, z, 2); },
        [&](const auto& b, double, double z, int32_t f) { return mu(b, 1.5, z, f); },
        mu};
    for (size_t q = 0; q < of.size(); ++q) {
      SCOPED_TRACE(family + " " + std::to_string(q));
      expect_same(found["quantities"][q], rows, of[q]);
    }
  }
}

TEST(Margins, RowsThatDoNotCount) {
  Rows rows = make_rows(8);
  const Json quantities = {slope("x"), means({set("f", "a")})};
  const Json before = found_in(spec_of("poisson", quantities), rows.table());
  const double nan = std::nan("");
  const auto append = [&](double x, double z, double w, int32_t f) {
    rows.x.push_back(x);
    rows.z.push_back(z);
    rows.w.push_back(w);
    rows.f.push_back(f);
  };
  append(nan, 1.0, 1.0, 0);
  append(1.0, nan, 1.0, 0);
  append(1.0, 1.0, nan, 0);
  append(1.0, 1.0, 1.0, -1);
  append(-1.0, 1.0, 1.0, 1);  // its logarithm
  append(1.0, 1.0, 0.0, 1);
  const Json after = found_in(spec_of("poisson", quantities), rows.table());
  EXPECT_EQ(before["quantities"], after["quantities"]);
  EXPECT_EQ(14, after["rows"]);
  EXPECT_EQ(8, after["used"]);
  EXPECT_EQ(5, after["missing"]);
  EXPECT_EQ(1, after["zero_weight"]);
  rows.w[0] = -1.0;
  EXPECT_THROW(found_in(spec_of("poisson", quantities), rows.table()), DataError);
}

TEST(Margins, AQuantityThatDoesNotExistIsMissing) {
  Table table(3);
  table.doubles("x", {0.0, 1.0, 4.0}).doubles("y", {1.0, 2.0, 3.0});
  const Json columns = {{{"name", "x"}, {"kind", "numeric"}}, {{"name", "y"}, {"kind", "numeric"}}};
  const Json spec = {
      {"design", {{"formula", "y ~ sqrt(x)"}, {"columns", columns}, {"weight", ""}}},
      {"family", {{"name", "gaussian"}, {"link", nullptr}}},
      {"predictor", {{"constant", 1.0}, {"centers", {0.0}}, {"coefficients", {0.0, 2.0}}}},
      {"quantities",
       {slope("x"), slope("x", {set("x", 4.0)}), means({set("x", 9.0)}), means({set("x", -1.0)})}}};
  const Json found = found_in(spec, table)["quantities"];
  EXPECT_EQ(1, found[0]["undefined"]);
  EXPECT_TRUE(found[0]["mean"].is_null());
  EXPECT_EQ(0.5, found[1]["mean"].get<double>());  // 2 / (2 sqrt(4))
  EXPECT_EQ(Json({0.0, 0.25}), found[1]["gradient"]);
  EXPECT_EQ(7.0, found[2]["mean"].get<double>());
  EXPECT_EQ(Json({1.0, 3.0}), found[2]["gradient"]);
  EXPECT_EQ(3, found[3]["undefined"]);
}

TEST(Margins, OffsetsCountAndHaveSlopes) {
  Table table(2);
  table.doubles("x", {1.0, 3.0}).doubles("y", {1.0, 1.0}).doubles("z", {2.0, 4.0});
  const Json columns = {{{"name", "x"}, {"kind", "numeric"}},
                        {{"name", "y"}, {"kind", "numeric"}},
                        {{"name", "z"}, {"kind", "numeric"}}};
  const Json spec = {
      {"design",
       {{"formula", "y ~ x + offset(z) + offset(x * z)"}, {"columns", columns}, {"weight", ""}}},
      {"family", {{"name", "gaussian"}, {"link", nullptr}}},
      {"predictor", {{"constant", 1.0}, {"centers", {0.0}}, {"coefficients", {0.0, 2.0}}}},
      {"quantities", {slope("x"), slope("z"), means({}), means({set("z", 1.0)})}}};
  const Json found = found_in(spec, table)["quantities"];
  EXPECT_EQ(5.0, found[0]["mean"].get<double>());   // 2 + z
  EXPECT_EQ(3.0, found[1]["mean"].get<double>());   // 1 + x
  EXPECT_EQ(15.0, found[2]["mean"].get<double>());  // 1 + 2 x + z + x z: 7, 23
  EXPECT_EQ(8.0, found[3]["mean"].get<double>());   // 1 + 2 x + 1 + x: 5, 11
  EXPECT_EQ(Json({0.0, 1.0}), found[0]["gradient"]);
}

std::string said(const Json& quantity) {
  try {
    MarginsAnalysis::from_spec(spec_of("poisson", Json::array({quantity})));
  } catch (const SpecError& error) {
    return error.what();
  }
  return "";
}

TEST(Margins, WhatCannotBeAskedIsRefused) {
  const auto holds = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(holds(said(slope("f")), "is a factor and has no slope"));
  EXPECT_TRUE(holds(said(slope("zz")), "do not read a column \"zz\"; did you mean"));
  EXPECT_TRUE(holds(said(slope("y")), "do not read a column"));
  EXPECT_TRUE(holds(said(means({set("f", "d")})), "\"d\" is no level of"));
  EXPECT_TRUE(holds(said(means({set("f", 1.0)})), "give one of its levels"));
  EXPECT_TRUE(holds(said(means({set("x", "a")})), "is a number; \"a\" is none"));
  EXPECT_TRUE(holds(said(means({set("x", 1.0), set("x", 2.0)})), "set twice"));
  EXPECT_TRUE(holds(said(means({set("x", "Infinity")})), "is a number"));
}

// A model whose one coefficient is -2 with the variance 9: the mean of exp(b x + log 5 + 2).
TEST(Margins, ErrorsByTheDeltaMethod) {
  const Json columns = {{{"name", "x"}, {"kind", "numeric"}}, {{"name", "y"}, {"kind", "numeric"}}};
  const Json model = {
      {"kind", "glm"},
      {"family", {{"name", "poisson"}, {"link", "log"}}},
      {"design", {{"formula", "y ~ x - 1"}, {"columns", columns}, {"weight", ""}}},
      {"coefficients", {{"names", {"x"}}, {"estimate", {-2.0}}, {"z_value", {-1.0}}}},
      {"scoring",
       {{"intercept", 0.0}, {"centers", {0.0}}, {"columns", {0}}, {"covariance", {9.0}}}}};
  Table table(2);
  table.doubles("x", {0.0, 1.0}).doubles("y", {1.0, 1.0});
  MarginsFit fit({{"model", model}, {"conf_level", 0.9}});
  const AnalysisPtr pass = fit.next();
  const StatePtr state = pass->empty();
  pass->update(*state, table.all());
  fit.accept(*state);
  EXPECT_EQ(nullptr, fit.next());
  const Json effects = fit.result()["effects"];
  // d/dx exp(b x) = b exp(b x); of that d/db = (1 + b x) exp(b x).
  const double effect = -2.0 * (1.0 + std::exp(-2.0)) / 2.0;
  const double error = 3.0 * std::abs(1.0 - std::exp(-2.0)) / 2.0;
  EXPECT_NEAR(effect, effects["effect"][0].get<double>(), 1e-15);
  EXPECT_NEAR(error, effects["std_error"][0].get<double>(), 1e-15);
  EXPECT_NEAR(effect / error, effects["statistic"][0].get<double>(), 1e-14);
  EXPECT_NEAR(effect + 1.6448536269514722 * error, effects["conf_high"][0].get<double>(), 1e-14);
  EXPECT_NEAR(std::erfc(-effect / error / std::sqrt(2.0)), effects["p_value"][0].get<double>(),
              1e-14);
  const StatePtr empty = pass->empty();
  EXPECT_THROW(MarginsFit(Json{{"model", model}}).accept(*empty), Error);
}

laws::Case random_case(uint64_t seed) {
  Rng rng(seed);
  Table table = laws::random_table(rng, 200 + rng.below(3000), 3, 3);
  Json columns = Json::array();
  for (const char* name : {"x0", "x1", "x2", "w"})
    columns.push_back({{"name", name}, {"kind", "numeric"}});
  const std::vector<std::string> levels = {"f0_0", "f0_1"};
  Json spec = {{"family", {{"name", seed % 2 == 0 ? "gaussian" : "binomial"}, {"link", nullptr}}}};
  spec["design"] = {{"formula", seed % 4 < 2 ? "x0 ~ x1 + I(x1 * x2)" : "x0 ~ log(x1) + x2 - 1"},
                    {"columns", columns},
                    {"weight", seed % 3 == 0 ? "w" : ""}};
  const bool intercept = seed % 4 < 2;
  spec["predictor"] = {{"constant", 0.1}, {"centers", {rng.normal(), rng.normal()}}};
  for (size_t k = intercept ? 3 : 2; k > 0; --k)
    spec["predictor"]["coefficients"].push_back(1e-3 * rng.normal());
  spec["quantities"] = {slope("x1"), slope("x2", {set("x1", 2.0)}), means({set("x2", 1.0)})};
  spec["response"] = seed % 5 == 0;
  const auto analysis = [](const Json& asked) { return erase(MarginsAnalysis::from_spec(asked)); };
  Json other = spec;
  other["quantities"].erase(0);
  return {analysis(spec), analysis(other), std::move(table)};
}
INSITU_LAWS(MarginsLaws, random_case)

}  // namespace
}  // namespace insitu
