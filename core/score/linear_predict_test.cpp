#include "score/linear_predict.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.hpp"
#include "testing/tables.hpp"

namespace insitu {
namespace {

using laws::Table;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kT975Of10 =
    2.228138851986274748;  // 0.975 quantile of t with 10 degrees, from its closed form

Json numeric(const char* name) { return {{"name", name}, {"kind", "numeric"}}; }
Json factor(const char* name) {
  return {{"name", name}, {"kind", "factor"}, {"levels", {"a", "b"}}};
}

// pred = 12 + 2 (x - 1), and 3 more in level a; b is dropped. The covariance belongs to the
// intercept at x = 1, x and f=a.
Json model() {
  return {{"kind", "linear_model"},
          {"version", 1},
          {"design",
           {{"formula", "y ~ x + f"},
            {"columns", {numeric("y"), numeric("x"), factor("f")}},
            {"weight", ""}}},
          {"coefficients",
           {{"names", {"(Intercept)", "x", "f=a", "f=b"}},
            {"estimate", {10.0, 2.0, 3.0, nullptr}},
            {"empty", Json::array()}}},
          {"residual_variance", 2.0},
          {"test_df", 10.0},
          {"scoring",
           {{"intercept", 12.0},
            {"centers", {1.0}},
            {"columns", {0, 1, 2}},
            {"covariance", {4.0, 0.0, -0.5, 0.25, 0.0, 1.0}}}}};
}

Table rows() {
  Table table(5);
  table.doubles("y", {20.0, 20.0, 20.0, 20.0, kNaN})
      .doubles("x", {3.0, 3.0, kNaN, 3.0, 1.0})
      .text("f", {"a", "b", "a", "never seen", "b"});
  return table;
}

using Columns = std::vector<std::vector<double>>;

Columns scored(const Json& spec, const Table& table, Json* notes = nullptr) {
  const LinearPredict function(spec);
  Columns columns(function.outputs().size(), std::vector<double>(table.rows(), -1.0));
  std::vector<double*> out;
  for (auto& column : columns) out.push_back(column.data());
  Json ignored;
  function.apply(table.all(), out, notes == nullptr ? ignored : *notes);
  return columns;
}

void expect_values(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(found[i])) << "row " << i << ": " << found[i];
    } else {
      EXPECT_DOUBLE_EQ(found[i], expected[i]) << "row " << i;
    }
  }
}

TEST(LinearPredict, ByHand) {
  Json notes = Json::object();
  const Columns out = scored({{"model", model()}}, rows(), &notes);
  ASSERT_EQ(out.size(), 1u);
  expect_values(out[0], {19.0, 16.0, kNaN, kNaN, 12.0});
  EXPECT_EQ(notes["unseen_levels"], Json({{"f", 1}}));
}

// Variance of row 1: 4 + 2² · 0.25 + 1 − 2 · 0.5 = 5; of row 2: 4 + 1 = 5.
TEST(LinearPredict, ErrorsAndIntervalsByHand) {
  const double half = kT975Of10 * std::sqrt(5.0);
  const Columns confidence =
      scored({{"model", model()}, {"std_errors", true}, {"interval", "confidence"}}, rows());
  ASSERT_EQ(confidence.size(), 4u);
  expect_values(confidence[1], {std::sqrt(5.0), std::sqrt(5.0), kNaN, kNaN, 2.0});
  expect_values(confidence[2], {19.0 - half, 16.0 - half, kNaN, kNaN, 12.0 - 2.0 * kT975Of10});
  expect_values(confidence[3], {19.0 + half, 16.0 + half, kNaN, kNaN, 12.0 + 2.0 * kT975Of10});
  const double wide = kT975Of10 * std::sqrt(7.0);  // with the residual variance of 2
  const Columns prediction = scored({{"model", model()}, {"interval", "prediction"}}, rows());
  expect_values(prediction[1],
                {19.0 - wide, 16.0 - wide, kNaN, kNaN, 12.0 - kT975Of10 * std::sqrt(6.0)});
}

// y = f + slopes of x within f, about x = 1: 10 in a and 20 in b there, slopes 2 and 3. What is
// listed about x = 0 is not read.
Json about_centers() {
  Json centred = model();
  centred["design"]["formula"] = "y ~ f + f:x - 1";
  centred["coefficients"]["estimate"] = {nullptr, nullptr, nullptr, nullptr};
  centred["scoring"] = {{"intercept", 4.0},
                        {"centers", {0.0}},
                        {"coefficients", {6.0, 16.0, 2.0, 3.0}},
                        {"cell_centers", {0.0, 1.0}},
                        {"columns", {0, 1, 2, 3}},
                        {"covariance", {4.0, 0.0, -0.5, 0.0, 9.0, 0.0, 0.0, 0.25, 0.0, 1.0}}};
  return centred;
}

// Variance of row 1: 4 + 2² · 0.25 − 2 · 2 · 0.5 = 3; of row 2: 9 + 2² = 13; of row 5: 9.
TEST(LinearPredict, CellsAboutCentersByHand) {
  const Columns out = scored({{"model", about_centers()}, {"std_errors", true}}, rows());
  expect_values(out[0], {14.0, 26.0, kNaN, kNaN, 20.0});
  expect_values(out[1], {std::sqrt(3.0), std::sqrt(13.0), kNaN, kNaN, 3.0});
}

TEST(LinearPredict, ResidualsNeedAResponse) {
  const Columns out = scored({{"model", model()}, {"residuals", true}}, rows());
  ASSERT_EQ(out.size(), 2u);
  expect_values(out[0], {19.0, 16.0, kNaN, kNaN, kNaN});
  expect_values(out[1], {1.0, 4.0, kNaN, kNaN, kNaN});
}

// The same as the linear predictor of a count: eta = 19, 16 and 12 there, less 16 here.
Json counts() {
  Json glm = model();
  glm["kind"] = "glm";
  glm["family"] = {{"name", "poisson"}, {"link", "log"}};
  glm["test_df"] = nullptr;
  glm["scoring"]["intercept"] = -4.0;
  return glm;
}

TEST(LinearPredict, MeansByTheInverseLink) {
  const Columns mean = scored({{"model", counts()}}, rows());
  expect_values(mean[0], {std::exp(3.0), 1.0, kNaN, kNaN, std::exp(-4.0)});
  const Columns link = scored({{"model", counts()}, {"type", "link"}}, rows());
  expect_values(link[0], {3.0, 0.0, kNaN, kNaN, -4.0});
}

// The dispersion of counts is known: 1.9599… is the normal quantile. Variances of rows 1, 2 and 5
// are 5, 5 and 4, as above.
TEST(LinearPredict, ErrorsByTheDeltaMethodAndBoundsByTheLink) {
  constexpr double kZ975 = 1.959963984540054235;
  const Columns out =
      scored({{"model", counts()}, {"std_errors", true}, {"interval", "confidence"}}, rows());
  const double five = std::sqrt(5.0);
  expect_values(out[1], {std::exp(3.0) * five, five, kNaN, kNaN, std::exp(-4.0) * 2.0});
  expect_values(out[2], {std::exp(3.0 - kZ975 * five), std::exp(-kZ975 * five), kNaN, kNaN,
                         std::exp(-4.0 - kZ975 * 2.0)});
  EXPECT_THROW(scored({{"model", counts()}, {"interval", "prediction"}}, rows()), SpecError);
}

// The response is 20 in rows 1 and 2.
TEST(LinearPredict, ResidualsOfEveryKind) {
  const auto residuals = [](const char* kind) {
    return scored({{"model", counts()}, {"residuals", true}, {"residual_type", kind}}, rows())[1];
  };
  const double mean = std::exp(3.0);
  expect_values(residuals("response"), {20.0 - mean, 19.0, kNaN, kNaN, kNaN});
  expect_values(residuals("working"), {(20.0 - mean) / mean, 19.0, kNaN, kNaN, kNaN});
  expect_values(residuals("pearson"), {(20.0 - mean) / std::sqrt(mean), 19.0, kNaN, kNaN, kNaN});
  const double far = std::sqrt(2.0 * (20.0 * std::log(20.0) - 19.0));
  EXPECT_NEAR(far, residuals("deviance")[1], 1e-13);
  const double near = 2.0 * (20.0 * std::log(20.0 / mean) - (20.0 - mean));
  EXPECT_NEAR(-std::sqrt(near), residuals("deviance")[0], 1e-12);
}

TEST(LinearPredict, PriorWeightsCountInTwoKindsOfResiduals) {
  Json weighted = counts();
  weighted["design"]["weight"] = "w";
  weighted["design"]["columns"].push_back(numeric("w"));
  Table table = rows();
  table.doubles("w", {4.0, 4.0, 1.0, 1.0, 1.0});
  for (const char* kind : {"pearson", "deviance"}) {
    const Json spec = {{"model", weighted}, {"residuals", true}, {"residual_type", kind}};
    const Json unit = {{"model", counts()}, {"residuals", true}, {"residual_type", kind}};
    EXPECT_DOUBLE_EQ(2.0 * scored(unit, table)[1][1], scored(spec, table)[1][1]) << kind;
    EXPECT_EQ(LinearPredict(spec).columns().back(), "w");
  }
  const LinearPredict plain({{"model", weighted}, {"residuals", true}});
  EXPECT_EQ(plain.columns(), (std::vector<std::string>{"x", "f", "y"}));
}

TEST(LinearPredict, OffsetsAreAddedToTheFit) {
  Json with_offset = model();
  with_offset["design"]["formula"] = "y ~ x + f + offset(z)";
  with_offset["design"]["columns"].push_back(numeric("z"));
  Table table = rows();
  table.doubles("z", {0.5, -1.0, 0.0, 0.0, 0.0});
  const Columns out = scored({{"model", with_offset}, {"residuals", true}}, table);
  expect_values(out[0], {19.5, 15.0, kNaN, kNaN, kNaN});
  expect_values(out[1], {0.5, 5.0, kNaN, kNaN, kNaN});
}

TEST(LinearPredict, CellsWithoutRowsAreMissingAndCounted) {
  Json holed = model();
  holed["coefficients"]["empty"] = Json::array({2u});
  Json notes = Json::object();
  expect_values(scored({{"model", holed}}, rows(), &notes)[0], {kNaN, 16.0, kNaN, kNaN, 12.0});
  EXPECT_EQ(notes["unseen_levels"]["f"], 1 + 2);  // a label, and two rows of a
}

// 12 + 2 (code - 1), a = 0, b = 1: labels that N() does not know are counted too.
TEST(LinearPredict, CodesOfLabels) {
  Json coded = model();
  coded["design"]["formula"] = "y ~ N(f)";
  coded["coefficients"]["estimate"] = {10.0, 2.0};
  Json notes = Json::object();
  expect_values(scored({{"model", coded}}, rows(), &notes)[0], {10.0, 12.0, 10.0, kNaN, 12.0});
  EXPECT_EQ(notes["unseen_levels"], Json({{"f", 1}}));
}

TEST(LinearPredict, DamagedModelsAreRefused) {
  const auto refused = [](auto&& spoil) {
    Json bad = model();
    spoil(bad);
    EXPECT_THROW(LinearPredict({{"model", bad}, {"std_errors", true}}), SpecError) << bad;
  };
  EXPECT_NO_THROW(LinearPredict({{"model", model()}, {"std_errors", true}}));
  refused([](Json& m) { m["kind"] = "tree"; });
  refused([](Json& m) { m.erase("scoring"); });
  refused([](Json& m) { m["design"]["columns"][2].erase("levels"); });
  refused([](Json& m) { m["design"]["formula"] = "~ x + f"; });
  refused([](Json& m) { m["coefficients"]["estimate"].erase(3); });
  refused([](Json& m) { m["scoring"]["centers"] = Json::array(); });
  refused([](Json& m) { m["scoring"]["covariance"].erase(0); });
  refused([](Json& m) { m["scoring"]["columns"][0] = 4; });
  refused([](Json& m) { m["scoring"].erase("covariance"); });
  refused([](Json& m) { m["scoring"]["cell_centers"] = {0.0, 0.0}; });
  const auto refused_about_centers = [](const char* key) {
    Json bad = about_centers();
    bad["scoring"][key].erase(0);
    EXPECT_THROW(LinearPredict({{"model", bad}, {"std_errors", true}}), SpecError) << bad;
  };
  EXPECT_NO_THROW(LinearPredict({{"model", about_centers()}, {"std_errors", true}}));
  refused_about_centers("coefficients");
  refused_about_centers("cell_centers");
  EXPECT_THROW(LinearPredict({{"model", model()}, {"confidence_level", 1.0}}), SpecError);
}

}  // namespace
}  // namespace insitu
