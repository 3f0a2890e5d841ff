// Infinite estimates: what remains must be the fit of the rows that are left, and nothing is
// silent.
#include <gtest/gtest.h>

#include <cmath>

#include "glm/glm_testing.hpp"

namespace insitu {
namespace {

using namespace glm_testing;

struct Rows {
  std::vector<double> y, x;
  std::vector<int32_t> f, g;

  Table table() const {
    Table made(y.size());
    made.doubles("y", y).doubles("x", x);
    made.dictionary("f", {"a", "b", "c", "d"}, f).dictionary("g", {"p", "q"}, g);
    return made;
  }
  template <class Keep>
  Rows where(Keep keep) const {
    Rows kept;
    for (size_t i = 0; i < y.size(); ++i) {
      if (!keep(i)) continue;
      kept.y.push_back(y[i]);
      kept.x.push_back(x[i]);
      kept.f.push_back(f[i]);
      kept.g.push_back(g[i]);
    }
    return kept;
  }
};

// Level a of f has zeros only, level c ones only where `ones`.
Rows separated_rows(bool ones, bool counts) {
  Rng rng(21);
  Rows rows;
  for (size_t i = 0; i < 400; ++i) {
    const auto f = static_cast<int32_t>(rng.below(4));
    const double x = rng.normal();
    double y = rng.uniform() < 1.0 / (1.0 + std::exp(-x - 0.3 * f)) ? 1.0 : 0.0;
    if (counts) y = std::floor(4.0 * rng.uniform() * std::exp(0.4 * x));
    if (f == 0) y = 0.0;
    if (f == 2 && ones) y = 1.0;
    rows.y.push_back(y);
    rows.x.push_back(x);
    rows.f.push_back(f);
    rows.g.push_back(static_cast<int32_t>(rng.below(2)));
  }
  return rows;
}

Json spec_of(const std::string& formula, const std::string& family, const Json& link = nullptr) {
  return {{"formula", formula},
          {"columns", {numeric("y"), numeric("x"), factor("f"), factor("g")}},
          {"family", {{"name", family}, {"link", link}}},
          {"max_iterations", 50}};
}

void expect_limit(const Json& model, const Json& rest, double extra_rank) {
  EXPECT_TRUE(model["converged"]);
  for (const char* name : {"(Intercept)", "x", "f=b", "g=p"}) {
    EXPECT_NEAR(estimate(model, name), estimate(rest, name), 1e-9) << name;
    EXPECT_NEAR(estimate(model, name, "std_error"), estimate(rest, name, "std_error"), 1e-6)
        << name;
  }
  EXPECT_NEAR(model["deviance"].get<double>(), rest["deviance"].get<double>(), 1e-9);
  EXPECT_EQ(model["rank"].get<double>(), rest["rank"].get<double>() + extra_rank);
}

TEST(GlmSeparation, LevelsWithoutEventsAreHeldOut) {
  for (const char* link : {"logit", "probit", "cloglog", "cauchit"}) {
    const Rows rows = separated_rows(true, false);
    const Json model = fit(spec_of("y ~ x + f + g", "binomial", link), rows.table());
    const Rows rest = rows.where([&](size_t i) { return rows.f[i] != 0 && rows.f[i] != 2; });
    expect_limit(model, fit(spec_of("y ~ x + f + g", "binomial", link), rest.table()), 2.0);
    EXPECT_EQ(estimate(model, "f=a"), -std::numeric_limits<double>::infinity());
    EXPECT_EQ(estimate(model, "f=c"), std::numeric_limits<double>::infinity());
    const auto n = std::to_string(std::count(rows.f.begin(), rows.f.end(), 0));
    EXPECT_EQ(model["warnings"][0], "f=a: all " + n +
                                        " responses are 0: its coefficient is -infinity, and the "
                                        "other estimates are those of the limit");
    EXPECT_EQ(model["warnings"].size(), 2);
    EXPECT_EQ(model["n_valid_obs"], 400);
    EXPECT_LE(model["passes"].get<int>(), 16) << link;
  }
}

TEST(GlmSeparation, LevelsWithoutCounts) {
  const Rows rows = separated_rows(false, true);
  const Rows rest = rows.where([&](size_t i) { return rows.f[i] != 0; });
  for (const char* family : {"poisson", "quasipoisson", "negative.binomial"}) {
    const Json model = fit(spec_of("y ~ x + f + g", family), rows.table());
    const Json other = fit(spec_of("y ~ x + f + g", family), rest.table());
    EXPECT_EQ(estimate(model, "f=a"), -std::numeric_limits<double>::infinity());
    EXPECT_NEAR(estimate(model, "f=b"), estimate(other, "f=b"), 1e-9);
    EXPECT_NEAR(model["deviance"].get<double>(), other["deviance"].get<double>(), 1e-8);
  }
}

// What R's iterations creep towards.
TEST(GlmSeparation, TheReferenceMayBeHeld) {
  Rows rows = separated_rows(false, false);
  for (size_t i = 0; i < rows.y.size(); ++i) {
    if (rows.f[i] == 3) rows.y[i] = 0.0;
  }
  const Json model = fit(spec_of("y ~ x + f", "binomial"), rows.table());
  EXPECT_EQ(estimate(model, "f=d"), -std::numeric_limits<double>::infinity());
  const Rows rest = rows.where([&](size_t i) { return rows.f[i] == 1 || rows.f[i] == 2; });
  const Json other = fit(spec_of("y ~ x + f", "binomial"), rest.table());
  EXPECT_NEAR(estimate(model, "x"), estimate(other, "x"), 1e-9);
  EXPECT_NEAR(model["deviance"].get<double>(), other["deviance"].get<double>(), 1e-9);
}

TEST(GlmSeparation, EveryRowMayBeHeld) {
  Rows rows = separated_rows(false, false);
  for (size_t i = 0; i < rows.y.size(); ++i)
    rows.y[i] = rows.f[i] == 0 || rows.f[i] == 3 ? 0.0 : 1.0;
  const Json model = fit(spec_of("y ~ f", "binomial"), rows.table());
  EXPECT_TRUE(model["converged"]);
  EXPECT_EQ(model["deviance"], 0.0);
  EXPECT_EQ(model["rank"], 4);
  EXPECT_EQ(estimate(model, "f=b"), std::numeric_limits<double>::infinity());
}

// Once a level is left out, another has equal responses only.
TEST(GlmSeparation, CountingGoesOn) {
  Rows rows = separated_rows(false, false);
  for (size_t i = 0; i < rows.y.size(); ++i) {
    if (rows.g[i] == 1 && rows.f[i] != 0) rows.y[i] = 1.0;
  }
  const Json model = fit(spec_of("y ~ x + f + g", "binomial"), rows.table());
  EXPECT_EQ(estimate(model, "f=a"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(estimate(model, "g=q"), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(model["converged"]);
}

TEST(GlmSeparation, CellsOfInteractions) {
  Rows rows = separated_rows(false, false);
  for (size_t i = 0; i < rows.y.size(); ++i) {
    if (rows.f[i] == 1 && rows.g[i] == 0) rows.y[i] = 0.0;
  }
  const Json model = fit(spec_of("y ~ x + f * g", "binomial"), rows.table());
  EXPECT_EQ(estimate(model, "f=a"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(estimate(model, "f=b, g=p"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(model["warnings"].size(), 2);  // not of the cells within f=a
  EXPECT_EQ(model["coefficients"]["empty"], Json::array());
  const Rows rest =
      rows.where([&](size_t i) { return rows.f[i] != 0 && !(rows.f[i] == 1 && rows.g[i] == 0); });
  const Json other = fit(spec_of("y ~ x + f * g", "binomial"), rest.table());
  EXPECT_NEAR(estimate(model, "x"), estimate(other, "x"), 1e-9);
  EXPECT_NEAR(model["deviance"].get<double>(), other["deviance"].get<double>(), 1e-9);
}

TEST(GlmSeparation, NumbersThatSeparateAreNamed) {
  Rows rows = separated_rows(false, false).where([](size_t i) { return i < 60; });
  for (size_t i = 0; i < rows.y.size(); ++i) rows.y[i] = rows.x[i] > 0.1 ? 1.0 : 0.0;
  const Json complete = fit(spec_of("y ~ x + g", "binomial"), rows.table());
  EXPECT_FALSE(complete["converged"]);
  const auto said = complete["warnings"][0].get<std::string>();
  EXPECT_EQ(said.substr(0, 49), "the responses are completely separated by \"x\", \"g");
  EXPECT_LT(complete["iterations"].get<int>(), 50);
  // One row that x does not tell.
  for (size_t i = 0; i < 60; ++i) rows.x[i] = rows.x[i] > 0.1 ? 1.0 : 0.0;
  rows.y[0] = 0.0;
  rows.x[0] = 0.0;
  rows.y[1] = 1.0;
  rows.x[1] = 0.0;
  const Json partial = fit(spec_of("y ~ x", "binomial"), rows.table());
  EXPECT_EQ(partial["warnings"][0].get<std::string>().substr(0, 45),
            "the responses are separated in part by \"x\": t");
}

// A model that is hard, but has finite estimates, is not taken for one that has none.
TEST(GlmSeparation, NearlySeparatedIsNot) {
  Rows rows = separated_rows(false, false).where([](size_t i) { return i < 60; });
  for (size_t i = 0; i < rows.y.size(); ++i) rows.y[i] = rows.x[i] > 0.1 ? 1.0 : 0.0;
  rows.y[7] = 1.0 - rows.y[7];
  const Json model = fit(spec_of("y ~ x", "binomial"), rows.table());
  EXPECT_TRUE(model["converged"]);
  EXPECT_EQ(model["warnings"], Json::array());
}

TEST(GlmSeparation, RobustErrorsAreThoseOfTheRest) {
  const Rows rows = separated_rows(true, false);
  const Rows rest = rows.where([&](size_t i) { return rows.f[i] != 0 && rows.f[i] != 2; });
  Json spec = spec_of("y ~ x + f + g", "binomial");
  spec["cov_type"] = "HC0";
  const Json model = fit(spec, rows.table());
  const Json other = fit(spec, rest.table());
  for (const char* name : {"x", "f=b", "g=p"})
    EXPECT_NEAR(estimate(model, name, "std_error"), estimate(other, name, "std_error"), 1e-8);
}

TEST(GlmSeparation, OneResponseOnly) {
  Rows rows = separated_rows(false, true);
  for (double& y : rows.y) y = 0.0;
  EXPECT_EQ(told(spec_of("y ~ x", "poisson"), rows.table()),
            "the response \"y\" is 0 in all of 400 rows: there is nothing to tell apart");
}

}  // namespace
}  // namespace insitu
