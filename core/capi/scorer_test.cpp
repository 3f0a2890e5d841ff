// The law of row scorers on random designs, and scorers as the border shows them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "insitu/c_api.h"
#include "registry.hpp"
#include "testing/plans.hpp"
#include "testing/scorer_law.hpp"

namespace insitu {
namespace {

Json fitted(const Json& spec, const laws::Table& table) {
  const FitPtr fit = make_fit("linear", spec);
  while (const AnalysisPtr pass = fit->next()) {
    const laws::StatePtr state = pass->empty();
    pass->update(*state, table.all());
    fit->accept(*state);
  }
  return fit->result();
}

std::string random_formula(laws::Rng& rng) {
  constexpr const char* kMore[] = {"F(f0, 1, 1)",    "F(n, 1, 2)", "sqrt(abs(x1)):f0", "x1:f0:f1",
                                   "F(f2, 1, 1):x2", "f0:F(n)",    "exp(x2)",          "I(x1 > x2)",
                                   "x1:x2:w",        "N(f1):x1",   "pow(x1, 0.3)",     "I(1/n)"};
  constexpr const char* kResponses[] = {"x0", "x0", "log(abs(x0))", "I(x0 - w)", "N(f2)"};
  std::string formula = kResponses[rng.below(5)];
  formula += " ~ " + laws::random_terms(rng);
  for (uint64_t more = rng.below(3); more > 0; --more)
    formula += std::string(" + ") + kMore[rng.below(std::size(kMore))];
  if (rng.chance(0.3)) formula += " + offset(x2)";
  if (rng.chance(0.1)) formula += " + offset(log(w))";
  if (rng.chance(0.2)) formula += " - 1";
  return formula;
}

TEST(RowScorer, AgreesWithChunksOnRandomDesigns) {
  int compared = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    laws::Rng rng(seed);
    const laws::Table table = laws::random_table(rng, 60, laws::kNumeric, laws::kFactors);
    // Other draws: other levels, other ranges.
    const laws::Table other = laws::random_table(rng, 40, laws::kNumeric, laws::kFactors);
    Json model;
    const std::string formula = random_formula(rng);
    try {
      model = fitted(
          {{"formula", formula}, {"columns", laws::columns_of_random_table()}, {"cov_coef", true}},
          table);
    } catch (const Error&) {
      continue;  // a window beyond the levels, a response that is constant …
    }
    const Json spec = {{"model", model},
                       {"std_errors", rng.chance(0.5)},
                       {"interval", rng.chance(0.5) ? "none" : "prediction"},
                       {"residuals", rng.chance(0.4)}};
    const RowFunctionPtr function = make_row_function("linear_predict", spec);
    ASSERT_EQ("", laws::scorer_violation(*function, table.all())) << seed << ": " << formula;
    ASSERT_EQ("", laws::scorer_violation(*function, other.all())) << seed << ": " << formula;
    ++compared;
  }
  EXPECT_GT(compared, 200);
}

// Linear models taken for generalised ones: for the law it does not matter how good they are.
TEST(RowScorer, AgreesWithChunksForEveryLink) {
  const std::vector<Json> families = {
      {{"name", "gaussian"}, {"link", "inverse"}},
      {{"name", "binomial"}, {"link", "logit"}},
      {{"name", "binomial"}, {"link", "probit"}},
      {{"name", "binomial"}, {"link", "cauchit"}},
      {{"name", "binomial"}, {"link", "cloglog"}},
      {{"name", "poisson"}, {"link", "log"}},
      {{"name", "quasipoisson"}, {"link", "sqrt"}},
      {{"name", "Gamma"}, {"link", "inverse"}},
      {{"name", "inverse.gaussian"}, {"link", "1/mu^2"}},
      {{"name", "negative.binomial"}, {"link", "log"}, {"theta", 1.5}},
      {{"name", "Tweedie"}, {"link", "mu^-0.5"}, {"power", 1.5}}};
  uint64_t compared = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    laws::Rng rng(seed);
    const laws::Table table = laws::random_table(rng, 60, laws::kNumeric, laws::kFactors);
    Json fit = {{"formula", "I(abs(x0)) ~ " + laws::random_terms(rng)},
                {"columns", laws::columns_of_random_table()},
                {"cov_coef", true}};
    if (rng.chance(0.5)) fit["formula"] = fit["formula"].get<std::string>() + " + offset(x2)";
    if (rng.chance(0.5)) fit["pweights"] = "w";
    Json model;
    try {
      model = fitted(fit, table);
    } catch (const Error&) {
      continue;
    }
    model["kind"] = "glm";
    for (const Json& family : families) {
      model["family"] = family;
      constexpr const char* kResiduals[] = {"response", "working", "pearson", "deviance"};
      const Json spec = {{"model", model},
                         {"std_errors", rng.chance(0.5)},
                         {"interval", rng.chance(0.5) ? "none" : "confidence"},
                         {"residuals", rng.chance(0.6)},
                         {"residual_type", kResiduals[rng.below(4)]},
                         {"type", rng.chance(0.3) ? "link" : "response"}};
      const RowFunctionPtr function = make_row_function("linear_predict", spec);
      ASSERT_EQ("", laws::scorer_violation(*function, table.all())) << seed << family.dump();
      ++compared;
    }
  }
  EXPECT_GT(compared, 30 * families.size());
}

// Kinds of columns that the random tables lack, and numbers where labels are wanted.
TEST(RowScorer, AgreesWithChunksOnTypes) {
  using namespace insitu::testing;
  ArrowTable table;
  table.add("y", plain<double>({1, 3, 2, 5, 4, 6}));
  table.add("day", numbers<int32_t>({19000, 19001, std::nullopt, 19003, 19004, 19007}, "tdD"));
  table.add("time", plain<int64_t>({1'500, 2'500, 1'000, 7'250, 3'000, 9'500}, "tsm:UTC"));
  table.add("price", decimals({125, 250, 375, std::nullopt, 25, 300}, 10, 2));
  table.add("on", booleans({true, false, true, true, std::nullopt, false}));
  table.add("code", plain<int16_t>({3, 1, 3, 2, 1, 2}));
  table.add("rate", plain<double>({0.5, -0.0, 0.0, 0.5, 1.0, 1.0}));
  Json columns = Json::array();
  for (const char* name : {"y", "day", "time", "price"})
    columns.push_back({{"name", name}, {"kind", "numeric"}});
  for (const char* name : {"on", "code", "rate"})
    columns.push_back({{"name", name}, {"kind", "factor"}});
  for (const char* formula : {"y ~ on", "y ~ code", "y ~ rate", "y ~ day + time", "y ~ price",
                              "y ~ N(code)", "y ~ F(time)", "y ~ on:time - 1"}) {
    const FitPtr fit = make_fit("linear", {{"formula", formula}, {"columns", columns}});
    while (const AnalysisPtr pass = fit->next()) {
      const laws::StatePtr state = pass->empty();
      pass->update(*state, table.chunk());
      fit->accept(*state);
    }
    const RowFunctionPtr function =
        make_row_function("linear_predict", {{"model", fit->result()}, {"residuals", true}});
    EXPECT_EQ("", laws::scorer_violation(*function, table.chunk())) << formula;
  }
}

// Through the border: y = 1 + 2 x, and 3 more in level a.
class ScorerOfTheBorder : public ::testing::Test {
 protected:
  void SetUp() override {
    laws::Table table(6);
    table.doubles("x", {1, 2, 3, 4, 5, 6})
        .doubles("y", {6, 5, 10, 9, 14, 13})
        .text("f", {"a", "b", "a", "b", "a", "b"});
    Json columns = {{{"name", "x"}, {"kind", "numeric"}},
                    {{"name", "y"}, {"kind", "numeric"}},
                    {{"name", "f"}, {"kind", "factor"}}};
    const Json model = fitted({{"formula", "y ~ x + f"}, {"columns", columns}}, table);
    const std::string spec = dump_json({{"model", model}});
    insitu_row_function* function = nullptr;
    ASSERT_EQ(INSITU_OK, insitu_row_function_make("linear_predict", spec.data(), spec.size(),
                                                  &function, &error_))
        << error_.message;
    ASSERT_EQ(INSITU_OK, insitu_scorer_make(function, &scorer_, &error_)) << error_.message;
    insitu_row_function_free(function);  // the scorer keeps what it needs
  }
  void TearDown() override { insitu_scorer_free(scorer_); }

  double score(insitu_value x, insitu_value f, insitu_code expected = INSITU_OK) {
    const insitu_value values[] = {x, f};
    double out = -1.0;
    EXPECT_EQ(expected, insitu_scorer_apply(scorer_, values, &out, &error_)) << error_.message;
    return out;
  }
  static insitu_value number(double value) { return {0, INSITU_VALUE_NUMBER, value, nullptr, 0}; }
  static insitu_value text(const char* value) {
    return {0, INSITU_VALUE_TEXT, 0.0, value, std::strlen(value)};
  }
  static constexpr insitu_value kNull = {1, INSITU_VALUE_NUMBER, 0.0, nullptr, 0};

  insitu_scorer* scorer_ = nullptr;
  insitu_error error_{};
};

TEST_F(ScorerOfTheBorder, ScoresRows) {
  EXPECT_NEAR(24.0, score(number(10), text("a")), 1e-12);
  EXPECT_NEAR(1.0, score(number(0), text("b")), 1e-12);
  EXPECT_TRUE(std::isnan(score(kNull, text("a"))));
  EXPECT_TRUE(std::isnan(score(number(1), kNull)));
  EXPECT_TRUE(std::isnan(score(number(1), text("c"))));
  EXPECT_TRUE(std::isnan(score(number(1), text(""))));
  EXPECT_TRUE(std::isnan(score(number(1), number(7))));
  EXPECT_TRUE(std::isnan(score(number(std::nan("")), text("a"))));
}

TEST_F(ScorerOfTheBorder, SaysWhatCannotBeScored) {
  score(number(-INFINITY), text("a"), INSITU_DATA_ERROR);
  EXPECT_STREQ(
      "column \"x\" holds -inf; infinite values cannot be used: filter them out, or make them null",
      error_.message);
  score(text("1"), text("a"), INSITU_DATA_ERROR);
  EXPECT_STREQ("column \"x\" holds text, not numbers; use it as a factor or cast it to a number",
               error_.message);
  score(number(1), number(INFINITY), INSITU_DATA_ERROR);
  EXPECT_NEAR(24.0, score(number(10), text("a")), 1e-12);  // an error leaves nothing behind
  double out = 0.0;
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_scorer_apply(nullptr, nullptr, &out, &error_));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_scorer_apply(scorer_, nullptr, &out, &error_));
  insitu_scorer* none = scorer_;
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_scorer_make(nullptr, &none, &error_));
  EXPECT_EQ(nullptr, none);
  insitu_scorer_free(nullptr);
}

}  // namespace
}  // namespace insitu
