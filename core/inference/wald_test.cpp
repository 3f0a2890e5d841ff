#include "inference/wald.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/json.hpp"

namespace insitu {
namespace {

Json spec_of(const Json& estimates, const Json& covariance, const Json& matrix,
             const Json& values) {
  return {{"estimates", estimates},
          {"covariance", covariance},
          {"matrix", matrix},
          {"values", values},
          {"df", nullptr}};
}

std::string said(const Json& spec) {
  try {
    wald_test(spec);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "";
}

// b = (1, 2), V = I: (b1 - b2)^2 / 2, of which P(chi2(1) >= 1/2) = erfc(1/2).
TEST(WaldTest, ByHand) {
  const Json spec = spec_of({1.0, 2.0}, {1.0, 0.0, 1.0}, Json::array({{1.0, -1.0}}), {0.0});
  const Json found = wald_test(spec);
  EXPECT_EQ(0.5, found["statistic"].get<double>());
  EXPECT_EQ(1, found["df"]);
  EXPECT_NEAR(std::erfc(0.5), found["p_value"].get<double>(), 1e-15);
}

// Of Student's t: F(1, df) is t^2, and F of two lines half of chi-squared.
TEST(WaldTest, OfStudentsTests) {
  Json spec =
      spec_of({1.0, 2.0}, {4.0, 1.0, 9.0}, Json::array({{1.0, 0.0}, {0.0, 1.0}}), {0.0, 0.0});
  const double chi = wald_test(spec)["statistic"].get<double>();
  EXPECT_NEAR(21.0 / 35.0, chi, 1e-15);  // (9 - 4 + 16) / 35
  spec["df"] = 7.0;
  const Json found = wald_test(spec);
  EXPECT_NEAR(chi / 2.0, found["statistic"].get<double>(), 1e-16);
  EXPECT_EQ(7.0, found["df_residual"].get<double>());
  // P(F(2, d) >= f) = (1 + 2 f / d)^(-d / 2)
  EXPECT_NEAR(std::pow(1.0 + chi / 7.0, -3.5), found["p_value"].get<double>(), 1e-14);
}

TEST(WaldTest, LinesThatFollowDoNotCount) {
  const Json once = spec_of({1.0, 2.0, 5.0}, {2.0, 0.5, 0.1, 3.0, 0.2, 1.0},
                            Json::array({{1.0, 0.0, -1.0}, {0.0, 1.0, 0.0}}), {0.5, 1.0});
  Json twice = once;
  twice["matrix"].push_back({2.0, 3.0, -2.0});
  twice["values"].push_back(4.0);
  EXPECT_EQ(wald_test(once), wald_test(twice));
  twice["values"][2] = 4.5;
  EXPECT_NE(std::string::npos, said(twice).find("line 3 of the hypothesis contradicts"));
}

// Scores that add up leave a combination of coefficients without a variance.
TEST(WaldTest, ASingularCovarianceHasNoStatistic) {
  const Json both = Json::array({{1.0, 0.0}, {0.0, 1.0}});
  for (const double rest : {0.0, 1e-17}) {
    const Json found = wald_test(spec_of({1.0, 2.0}, {1.0, 2.0, 4.0 + rest}, both, {0.0, 0.0}));
    EXPECT_TRUE(found["statistic"].is_null());
    EXPECT_TRUE(found["p_value"].is_null());
    EXPECT_EQ(2, found["df"]);
  }
  // Far from 0 the digits of a difference are lost.
  const Json line = Json::array({{1.0, -1.0}});
  const Json found = wald_test(spec_of({1.0, 2.0}, {1e18, 1e18, 1e18 + 256}, line, {0.0}));
  EXPECT_TRUE(found["statistic"].is_null());
}

TEST(WaldTest, WhatDoesNotFitIsRefused) {
  const Json good = spec_of({1.0, 2.0}, {1.0, 0.0, 1.0}, Json::array({{1.0, -1.0}}), {0.0});
  EXPECT_EQ("", said(good));
  const auto with = [&](const char* key, const Json& value) {
    Json spec = good;
    spec[key] = value;
    return said(spec);
  };
  EXPECT_NE("", with("covariance", {1.0, 0.0}));
  EXPECT_NE("", with("matrix", Json::array()));
  EXPECT_NE("", with("matrix", Json::array({{1.0}})));
  EXPECT_NE(std::string::npos,
            with("matrix", Json::array({{0.0, 0.0}})).find("no coefficient in it"));
  EXPECT_NE("", with("values", {0.0, 1.0}));
  EXPECT_NE("", with("estimates", {1.0, nullptr}));
}

TEST(TailAreas, OfBoth) {
  const Json found = tail_areas({{"statistics", {0.5, 3.0, nullptr}},
                                 {"df", {1, 2, 1}},
                                 {"df_residual", {nullptr, 4, nullptr}}});
  EXPECT_NEAR(std::erfc(0.5), found["p_values"][0].get<double>(), 1e-15);
  EXPECT_NEAR(std::pow(1.0 + 6.0 / 4.0, -2.0), found["p_values"][1].get<double>(), 1e-15);
  EXPECT_TRUE(found["p_values"][2].is_null());
  EXPECT_THROW(tail_areas({{"statistics", {1.0}}, {"df", {1, 2}}, {"df_residual", {nullptr}}}),
               SpecError);
}

}  // namespace
}  // namespace insitu
