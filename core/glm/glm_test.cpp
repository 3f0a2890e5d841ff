#include <gtest/gtest.h>

#include <cmath>

#include "glm/glm_testing.hpp"

namespace insitu {
namespace {

using namespace glm_testing;

// Dobson (1990), p. 93, the example of R's ?glm, whose printed numbers these are.
TEST(Glm, RandomisedControlledTrial) {
  Table table(9);
  table.doubles("counts", {18, 17, 15, 20, 10, 20, 25, 13, 12});
  table.dictionary("outcome", {"1", "2", "3"}, {0, 1, 2, 0, 1, 2, 0, 1, 2});
  table.dictionary("treatment", {"1", "2", "3"}, {0, 0, 0, 1, 1, 1, 2, 2, 2});
  const Json model = fit({{"formula", "counts ~ outcome + treatment"},
                          {"columns", {numeric("counts"), factor("outcome"), factor("treatment")}},
                          {"family", {{"name", "poisson"}, {"link", nullptr}}},
                          {"drop_first", true}},
                         table);
  EXPECT_NEAR(estimate(model, "(Intercept)"), 3.045e+00, 5e-4);
  EXPECT_NEAR(estimate(model, "outcome=2"), -4.543e-01, 5e-5);
  EXPECT_NEAR(estimate(model, "outcome=3"), -2.930e-01, 5e-5);
  EXPECT_NEAR(estimate(model, "treatment=2"), 0.0, 1e-9);
  EXPECT_NEAR(estimate(model, "outcome=2", "std_error"), 2.022e-01, 5e-5);
  EXPECT_NEAR(estimate(model, "outcome=3", "std_error"), 1.927e-01, 5e-5);
  EXPECT_NEAR(estimate(model, "outcome=2", "p_value"), 0.0246, 5e-5);
  EXPECT_NEAR(model["null_deviance"].get<double>(), 10.5814, 5e-5);
  EXPECT_NEAR(model["deviance"].get<double>(), 5.1291, 5e-5);
  EXPECT_EQ(model["df"][1], 4.0);
  EXPECT_EQ(model["null_df"], 8.0);
  EXPECT_EQ(model["dispersion"], 1.0);
}

// McCullagh & Nelder (1989), pp. 300-2, likewise; R's dispersion, 0.002446059, stops before it has
// converged: that here is of statsmodels 0.14 at tolerance 1e-15.
TEST(Glm, ClottingTimesOfBlood) {
  Table table(9);
  table.doubles("u", {5, 10, 15, 20, 30, 40, 60, 80, 100})
      .doubles("lot1", {118, 58, 42, 35, 27, 25, 21, 19, 18});
  const Json model = fit({{"formula", "lot1 ~ log(u)"},
                          {"columns", {numeric("u"), numeric("lot1")}},
                          {"family", {{"name", "Gamma"}, {"link", nullptr}}}},
                         table);
  EXPECT_NEAR(estimate(model, "(Intercept)"), -0.01655438, 5e-9);
  EXPECT_NEAR(estimate(model, "log(u)"), 0.01534311, 5e-9);
  EXPECT_NEAR(estimate(model, "(Intercept)", "std_error"), 0.00092755, 5e-9);
  EXPECT_NEAR(estimate(model, "log(u)", "std_error"), 0.00041496, 5e-9);
  EXPECT_NEAR(model["dispersion"].get<double>(), 0.0024460362421, 5e-13);
  EXPECT_NEAR(model["null_deviance"].get<double>(), 3.51283, 5e-6);
  EXPECT_NEAR(model["deviance"].get<double>(), 0.01673, 5e-6);
}

// Two groups: 3 of 10 and 6 of 8. The log odds ratio and its error are closed forms.
TEST(Glm, LogOddsOfTwoGroups) {
  std::vector<double> y;
  std::vector<int32_t> g;
  const auto add = [&](int32_t group, int events, int others) {
    for (int i = 0; i < events + others; ++i) {
      y.push_back(i < events ? 1.0 : 0.0);
      g.push_back(group);
    }
  };
  add(0, 3, 7);
  add(1, 6, 2);
  Table table(y.size());
  table.doubles("y", y).dictionary("g", {"a", "b"}, g).dictionary("late", {"no", "yes"}, [&] {
    std::vector<int32_t> codes;
    for (const double v : y) codes.push_back(v > 0.0);
    return codes;
  }());
  const Json columns = {numeric("y"), factor("g"), factor("late")};
  for (const char* response : {"y", "late"}) {  // the second level of a factor is the event
    const Json model = fit({{"formula", std::string(response) + " ~ g"},
                            {"columns", columns},
                            {"family", binomial()},
                            {"drop_first", true},
                            {"tolerance", "tight"}},
                           table);
    EXPECT_NEAR(estimate(model, "g=b"), std::log(3.0) - std::log(3.0 / 7.0), 1e-14);
    EXPECT_NEAR(estimate(model, "g=b", "std_error"),
                std::sqrt(1.0 / 3 + 1.0 / 7 + 1.0 / 6 + 1.0 / 2), 1e-12);
    EXPECT_TRUE(model["converged"].get<bool>());
    EXPECT_EQ(model["response"], response);
  }
}

// Frequency weights are copies of rows; an offset moves the intercept by as much.
TEST(Glm, WeightsAndOffsets) {
  Rng rng(5);
  Table once(400);
  std::vector<double> x, y, w, t, x2, y2, t2;
  for (size_t i = 0; i < 400; ++i) {
    x.push_back(rng.normal());
    t.push_back(rng.uniform());
    w.push_back(static_cast<double>(rng.below(4)));
    y.push_back(static_cast<double>(rng.below(5)));
    for (auto copies_left = static_cast<int>(w[i]); copies_left > 0; --copies_left) {
      x2.push_back(x[i]);
      y2.push_back(y[i]);
      t2.push_back(t[i]);
    }
  }
  once.doubles("x", x).doubles("y", y).doubles("w", w).doubles("t", t);
  Table copies(x2.size());
  copies.doubles("x", x2).doubles("y", y2).doubles("t", t2);
  const Json family = {{"name", "poisson"}, {"link", nullptr}};
  const Json columns = {numeric("x"), numeric("y"), numeric("t"), numeric("w")};
  const Json a = fit({{"formula", "y ~ x + offset(t)"},
                      {"columns", columns},
                      {"family", family},
                      {"fweights", "w"}},
                     once);
  const Json b = fit({{"formula", "y ~ x + offset(t)"},
                      {"columns", {numeric("x"), numeric("y"), numeric("t")}},
                      {"family", family}},
                     copies);
  for (const char* name : {"(Intercept)", "x"}) {
    EXPECT_NEAR(estimate(a, name), estimate(b, name), 1e-13);
    EXPECT_NEAR(estimate(a, name, "std_error"), estimate(b, name, "std_error"), 1e-13);
  }
  for (const char* key : {"deviance", "null_deviance"})
    EXPECT_NEAR(a[key].get<double>() / b[key].get<double>(), 1.0, 1e-13) << key;
  EXPECT_EQ(a["df"][1], b["df"][1]);
  const Json moved = fit({{"formula", "y ~ x + offset(t + 2)"},
                          {"columns", {numeric("x"), numeric("y"), numeric("t")}},
                          {"family", family}},
                         copies);
  EXPECT_NEAR(estimate(moved, "(Intercept)"), estimate(b, "(Intercept)") - 2.0, 1e-12);
  EXPECT_NEAR(moved["null_deviance"].get<double>(), b["null_deviance"].get<double>(), 1e-9);
}

// From far away a full step would leave what the family has: it is shortened.
TEST(Glm, StepsThatLeadTooFarAreShortened) {
  Table table(6);
  table.doubles("y", {1, 2, 4, 3, 6, 7}).doubles("x", {1, 2, 3, 4, 5, 6});
  Json spec = {{"formula", "y ~ x"},
               {"columns", {numeric("y"), numeric("x")}},
               {"family", {{"name", "poisson"}, {"link", "identity"}}},
               {"max_iterations", 100}};
  const Json usual = fit(spec, table);
  spec["initial_values"] = {50.0, -8.0};
  const Json far = fit(spec, table);
  EXPECT_NEAR(estimate(far, "x"), estimate(usual, "x"), 1e-9);
  spec["initial_values"] = {1.0};
  EXPECT_EQ(
      told(spec, table),
      "initial_values holds 1 numbers, and the model has 2 coefficients: give one for each, "
      "those of dropped levels too, in the order of model.coefficients, or one number for all");
}

TEST(Glm, WhatCannotBeFitted) {
  Table table(4);
  table.doubles("y", {1, 0, 2, 1}).doubles("x", {1, 2, 3, 5}).doubles("one", {1, 1, 1, 1});
  table.dictionary("g", {"a", "b", "c"}, {0, 1, 2, 0});
  const Json columns = {numeric("y"), numeric("x"), numeric("one"), factor("g")};
  const auto error = [&](const std::string& formula, const Json& family) {
    return told({{"formula", formula}, {"columns", columns}, {"family", family}}, table);
  };
  EXPECT_EQ(error("y ~ x", binomial()),
            "the response \"y\" is 2 in row 3, and the family binomial allows values from 0 to 1: "
            "leave such rows out by row_selection, or choose another family");
  EXPECT_EQ(error("y ~ x", {{"name", "Gamma"}, {"link", nullptr}}).substr(0, 33),
            "the response \"y\" is 0 in row 2, a");
  EXPECT_EQ(error("one ~ x", binomial()),
            "the response \"one\" is 1 in all of 4 rows: there is nothing to tell apart");
  EXPECT_EQ(error("g ~ x", binomial()),
            "the response \"g\" has 3 levels (\"a\", \"b\", \"c\"), and two are needed, the second "
            "of which is the event: select rows, or make it a logical");
}

laws::Case random_case(uint64_t seed) {
  Rng rng(seed + 7);
  const uint64_t n = rng.below(4) == 0 ? rng.below(3) : rng.below(3000);
  std::vector<double> y, x, z, w;
  std::vector<int32_t> a;
  for (uint64_t i = 0; i < n; ++i) {
    y.push_back(rng.chance(0.4) ? 1.0 : 0.0);
    x.push_back(rng.chance(0.05) ? std::nan("") : rng.normal());
    z.push_back(rng.uniform());
    w.push_back(rng.chance(0.1) ? 0.0 : rng.uniform() * 10.0);
    a.push_back(static_cast<int32_t>(rng.below(3)) - (rng.chance(0.05) ? 4 : 0));
  }
  Table table(n);
  table.doubles("y", y).doubles("x", x).doubles("z", z).doubles("w", w);
  table.dictionary("a", {"p", "q", "r"}, a);
  Json a_column = factor("a");
  a_column["levels"] = {"p", "q", "r"};
  const Json columns = {numeric("y"), numeric("x"), numeric("z"), numeric("w"), a_column};
  const char* families[] = {"binomial", "poisson", "gaussian", "negative.binomial"};
  Json named = {{"name", families[seed % 4]}, {"link", nullptr}};
  if (seed % 4 == 3) named["theta"] = 1.5;
  const Family family = Family::from_json(named);
  const bool weighted = rng.chance(0.5);
  const bool placed = rng.chance(0.7);
  const bool counted = rng.chance(0.5);
  auto make = [&](const std::string& text) {
    const Design design = Design::make(text, read_columns(columns), weighted ? "w" : "");
    GlmPoint point;
    if (placed) {
      point.predictor = LinearPredictor::zero(design);
      for (double& b : point.predictor->coefficients) b = 0.3;
      point.previous = LinearPredictor::zero(design);
      point.null = 0.1;
      point.theta = family.kind == FamilyKind::kNegativeBinomial;
      point.extremes = counted;
      if (counted && text == "y ~ x + a") point.held = {3};
      if (counted && family.kind == FamilyKind::kBinomial)
        point.firth = GlmLeverages{*point.predictor, {0, 1}, {0.1, 0.02, 0.2}};
    }
    return erase(GlmAnalysis(design, family, point));
  };
  const AnalysisPtr analysis = make(seed % 2 == 0 ? "y ~ x + a" : "y ~ x + z");
  return {analysis, make("y ~ x + sqrt(z)"), std::move(table)};
}
INSITU_LAWS(GlmLaws, random_case)

// 80 levels are eliminated first, and span the constant however their weights round. The first
// model is the linear model's own.
TEST(Glm, ManyLevelsAreSolvedAsFew) {
  Rng rng(9);
  const uint64_t rows = 4000;
  Table table(rows);
  std::vector<std::string> labels;
  for (int i = 0; i < 80; ++i) labels.push_back("L" + std::to_string(1000 + i));
  std::vector<double> x(rows);
  std::vector<double> event(rows);
  std::vector<int32_t> codes(rows);
  for (uint64_t i = 0; i < rows; ++i) {
    x[i] = rng.normal();
    codes[i] = static_cast<int32_t>(rng.below(80));
    event[i] = rng.uniform() < 1.0 / (1.0 + std::exp(-x[i] - 0.01 * codes[i])) ? 1.0 : 0.0;
  }
  table.doubles("x", x).doubles("event", event).dictionary("f", labels, codes);
  Json spec = {{"formula", "event ~ x + f"},
               {"columns", {numeric("x"), numeric("event"), factor("f")}}};
  for (const char* name : {"gaussian", "binomial"}) {
    spec["family"] = {{"name", name}, {"link", nullptr}};
    spec["cov_coef"] = false;
    const Json reduced = fit(spec, table);
    spec["cov_coef"] = true;
    const Json direct = fit(spec, table);
    EXPECT_EQ(81, reduced["rank"]);
    EXPECT_EQ(Json::array(), reduced["warnings"]);
    EXPECT_EQ(reduced["coefficients"]["aliased"], direct["coefficients"]["aliased"]);
    EXPECT_NEAR(estimate(reduced, "(Intercept)"), estimate(direct, "(Intercept)"), 1e-12);
    const auto condition = direct["condition_number"].get<double>();
    EXPECT_LT(condition, 1.0);  // the reciprocal, as of linear models
    EXPECT_NEAR(condition, reduced["condition_number"].get<double>(), 1e-6 * condition);
  }
}

// A model that does not fit: there Fisher's steps shrink slowly, and Newton's in squares. Fisher's
// alone took 41, 15 and 10 passes.
TEST(Glm, LinksThatAreNotCanonicalEndInFewPasses) {
  Rng rng(11);
  const uint64_t rows = 3000;
  Table table(rows);
  std::vector<double> x(rows);
  std::vector<double> size(rows);
  std::vector<double> event(rows);
  for (uint64_t i = 0; i < rows; ++i) {
    x[i] = rng.normal();
    const double mean = std::exp(0.4 + 0.5 * x[i] + 0.4 * x[i] * x[i]);
    size[i] = -0.5 * mean * (std::log(1.0 - rng.uniform()) + std::log(1.0 - rng.uniform()));
    event[i] = rng.uniform() < 1.0 - std::exp(-mean / 3.0) ? 1.0 : 0.0;
  }
  table.doubles("x", x).doubles("size", size).doubles("event", event);
  const auto passes = [&](const char* response, const char* family, const char* link) {
    const Json model = fit({{"formula", std::string(response) + " ~ x"},
                            {"columns", {numeric("x"), numeric(response)}},
                            {"family", {{"name", family}, {"link", link}}}},
                           table);
    EXPECT_TRUE(model["converged"]);
    return model["passes"].get<int>();
  };
  EXPECT_LE(passes("size", "Gamma", "log"), 14);
  EXPECT_LE(passes("event", "binomial", "cloglog"), 8);
  EXPECT_LE(passes("event", "binomial", "probit"), 6);
}

TEST(Glm, OffsetsMayHaveAnyName) {
  Json spec = {{"family", {{"name", "poisson"}, {"link", nullptr}}}};
  const auto fitted = [&](const char* formula, const char* name, const char* exposure) {
    Table table(6);
    table.doubles("y", {1, 3, 2, 6, 5, 9})
        .doubles("x", {1, 2, 3, 4, 5, 6})
        .doubles(name, {1, 2, 1, 2, 1, 2});
    spec["formula"] = formula;
    spec["columns"] = {numeric("y"), numeric("x"), numeric(name)};
    spec["exposure"] = exposure == nullptr ? Json() : Json(exposure);
    return fit(spec, table);
  };
  const Json written = fitted("y ~ x + offset(log(`a ``b```))", "a `b`", nullptr);
  for (const char* name : {"a `b`", "a", "a\\", "\\`", "\\\\"}) {
    const Json asked = fitted("y ~ x", name, name);
    EXPECT_EQ(estimate(written, "x"), estimate(asked, "x")) << name;
    EXPECT_EQ(asked["response"], "y");
  }
}

// The mean response has no logarithm, so that there is no null model, in no process.
TEST(Glm, ANullModelThatDoesNotExist) {
  for (const double shift : {0.0, -1e-3}) {
    Table table(6);
    table.doubles("y", {-2, -1, -0.5, 0.5 + 6.0 * shift, 1, 2}).doubles("x", {-3, -2, -1, 1, 2, 3});
    const Json spec = {{"formula", "y ~ x"},
                       {"columns", {numeric("y"), numeric("x")}},
                       {"family", {{"name", "gaussian"}, {"link", "log"}}},
                       {"initial_values", {0.1, 0.1}},
                       {"max_iterations", 200}};
    const Json model = fit(spec, table);
    EXPECT_TRUE(model["null_deviance"].is_null()) << model;
    EXPECT_EQ(model["converged"], true) << model;
    // The normal equations of nonlinear least squares hold.
    const double a = estimate(model, "(Intercept)");
    const double b = estimate(model, "x");
    const double y[] = {-2, -1, -0.5, 0.5 + 6.0 * shift, 1, 2};
    const double x[] = {-3, -2, -1, 1, 2, 3};
    double first = 0.0;
    double second = 0.0;
    for (size_t i = 0; i < 6; ++i) {
      const double mu = std::exp(a + b * x[i]);
      first += (y[i] - mu) * mu;
      second += (y[i] - mu) * mu * x[i];
    }
    EXPECT_NEAR(first, 0.0, 1e-7);
    EXPECT_NEAR(second, 0.0, 1e-7);
  }
}

// Means that fall to 0 take their weights along, and the columns with them.
TEST(Glm, WeightsThatVanishAreTold) {
  Table table(6);
  table.doubles("y", {-1, -3, -2, -6, -5, -9}).doubles("x", {1, 2, 3, 4, 5, 6});
  const Json spec = {{"formula", "y ~ x"},
                     {"columns", {numeric("y"), numeric("x")}},
                     {"family", {{"name", "gaussian"}, {"link", "log"}}}};
  const Json model = fit(spec, table);
  EXPECT_EQ(model["converged"], false);
  EXPECT_EQ(model["ended"],
            "stopped where rows have lost their weights, so that 2 coefficients can be estimated "
            "no longer");
  EXPECT_FALSE(model["warnings"].empty());
}

}  // namespace
}  // namespace insitu
