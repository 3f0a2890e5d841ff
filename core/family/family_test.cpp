#include "family/family.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/errors.hpp"
#include "base/json.hpp"

namespace insitu {
namespace {

struct Row {
  double mean = 0.0;
  double rest = 0.0;
  double slope = 0.0;
};

Row at(const Link& link, double eta) {
  Row row;
  double scratch = 0.0;
  link.means(&eta, 1, {&row.mean, &row.rest, &row.slope}, &scratch);
  return row;
}

double eta_of(const Link& link, double mean) {
  double eta = 0.0;
  link.eta(&mean, 1, &eta);
  return eta;
}

Family family(const Json& json) { return Family::from_json(json); }

double deviance(const Family& family, double y, double mean) {
  const double rest = 1.0 - mean;
  double out = 0.0;
  double scratch = 0.0;
  family.deviances(&y, &mean, &rest, 1, &out, &scratch);
  return out;
}

constexpr const char* kNames[] = {"identity", "log",    "inverse", "1/mu^2",  "sqrt",
                                  "logit",    "probit", "cauchit", "cloglog", "mu^-0.5"};

TEST(Links, MeansAndTheirInverseAgree) {
  for (const std::string name : kNames) {
    const Link link = Link::from_name(name);
    EXPECT_EQ(link.name(), name);
    for (const double mean : {0.01, 0.2, 0.5, 0.9, 0.99}) {
      const double eta = eta_of(link, mean);
      const Row row = at(link, eta);
      EXPECT_NEAR(row.mean, mean, 1e-14) << name;
      EXPECT_NEAR(row.rest, 1.0 - mean, 1e-14) << name;
      const double step = 1e-6 * (1.0 + std::abs(eta));
      const double slope = (at(link, eta + step).mean - at(link, eta - step).mean) / (2.0 * step);
      EXPECT_NEAR(row.slope, slope, 1e-6 * (1.0 + std::abs(slope))) << name;
    }
  }
}

TEST(Links, CurvaturesAreSlopesOfSlopes) {
  for (const std::string name : kNames) {
    const Link link = Link::from_name(name);
    for (const double mean : {0.01, 0.2, 0.5, 0.9, 0.99}) {
      const double eta = eta_of(link, mean);
      Row row = at(link, eta);
      double curvature = 0.0;
      link.curvatures(&eta, {&row.mean, &row.rest, &row.slope}, 1, &curvature);
      const double step = 1e-6 * (1.0 + std::abs(eta));
      const double expected =
          (at(link, eta + step).slope - at(link, eta - step).slope) / (2.0 * step);
      EXPECT_NEAR(curvature, expected, 1e-6 * (1.0 + std::abs(expected))) << name << " " << mean;
    }
  }
}

// Both sides of a mean keep their digits. Values of mpmath: exp(-30) / (1 + exp(-30)), the normal
// tail at -10, the Cauchy tail at -1e9, exp(-exp(3)), 1 - exp(-exp(-30)).
TEST(Links, TailsKeepTheirDigits) {
  const Row logit = at(Link::from_name("logit"), 30.0);
  EXPECT_NEAR(logit.rest / 9.357622968839299e-14, 1.0, 1e-15);
  EXPECT_NEAR(logit.slope / 9.357622968838423e-14, 1.0, 1e-15);
  EXPECT_NEAR(at(Link::from_name("probit"), -10.0).mean / 7.619853024160527e-24, 1.0, 1e-13);
  EXPECT_NEAR(at(Link::from_name("cauchit"), -1e9).mean / 3.183098861837907e-10, 1.0, 1e-15);
  const Row cloglog = at(Link::from_name("cloglog"), 3.0);
  EXPECT_NEAR(cloglog.rest / 1.892178694838292e-9, 1.0, 1e-13);
  EXPECT_NEAR(at(Link::from_name("cloglog"), -30.0).mean / 9.3576229688397368e-14, 1.0, 1e-15);
}

TEST(Links, WithoutAMeanIsNaN) {
  for (const char* name : {"sqrt", "1/mu^2", "mu^-0.5", "mu^0.3"})
    EXPECT_TRUE(std::isnan(at(Link::from_name(name), -1.0).mean)) << name;
  EXPECT_EQ(at(Link::from_name("inverse"), -2.0).mean, -0.5);
}

TEST(Families, WhatIsUnknownIsNamedWithWhatThereIs) {
  const auto told = [](const Json& json) {
    try {
      Family::from_json(json);
    } catch (const SpecError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(
      told({{"name", "poison"}, {"link", nullptr}}),
      "there is no family 'poison': there are gaussian, binomial, poisson, Gamma, "
      "inverse.gaussian, quasibinomial, quasipoisson, quasi, negative.binomial, Tweedie; did you "
      "mean 'poisson'?");
  EXPECT_EQ(told({{"name", "poisson"}, {"link", "logit"}}),
            "the family poisson has no link 'logit'; it has log, identity, sqrt");
  EXPECT_NE(told({{"name", "negative.binomial"}, {"link", nullptr}}), "");
  EXPECT_NE(told({{"name", "Tweedie"}, {"link", nullptr}, {"power", 0.5}}), "");
  EXPECT_EQ(family({{"name", "Tweedie"}, {"link", nullptr}, {"power", 1.5}}).title(),
            "Tweedie-mu^-0.5");
}

TEST(Families, VarianceSlopesAreThoseOfTheVariance) {
  const std::vector<Json> families = {
      {{"name", "gaussian"}, {"link", nullptr}},
      {{"name", "binomial"}, {"link", nullptr}},
      {{"name", "poisson"}, {"link", nullptr}},
      {{"name", "Gamma"}, {"link", nullptr}},
      {{"name", "inverse.gaussian"}, {"link", nullptr}},
      {{"name", "negative.binomial"}, {"link", nullptr}, {"theta", 1.5}},
      {{"name", "Tweedie"}, {"link", nullptr}, {"power", 0}},
      {{"name", "Tweedie"}, {"link", nullptr}, {"power", 1.6}}};
  for (const Json& json : families) {
    const Family found = family(json);
    const auto variance = [&](double mean) {
      const double rest = 1.0 - mean;
      double out = 0.0;
      found.variances(&mean, &rest, 1, &out);
      return out;
    };
    for (const double mean : {0.05, 0.3, 0.9}) {
      const double rest = 1.0 - mean;
      const double at_mean = variance(mean);
      double slope = 0.0;
      found.variance_slopes(&mean, &rest, &at_mean, 1, &slope);
      const double expected = (variance(mean + 1e-6) - variance(mean - 1e-6)) / 2e-6;
      EXPECT_NEAR(slope, expected, 1e-7 * (1.0 + std::abs(expected))) << json;
    }
  }
}

// d(y, mu) by its definition in long double, where that keeps digits.
TEST(Families, DeviancesFollowTheirDefinition) {
  for (const double y : {0.3, 0.8, 0.05}) {
    for (const double m : {0.25, 0.5, 0.9}) {
      const long double ly = y;
      const long double lm = m;
      const long double ratio = std::log(ly / lm);
      const auto near = [&](const Json& json, long double expected) {
        EXPECT_NEAR(deviance(family(json), y, m) / static_cast<double>(expected), 1.0, 2e-13)
            << json;
      };
      near({{"name", "poisson"}, {"link", nullptr}}, 2 * (ly * ratio - (ly - lm)));
      near({{"name", "binomial"}, {"link", nullptr}},
           2 * (ly * ratio + (1 - ly) * std::log((1 - ly) / (1 - lm))));
      near({{"name", "Gamma"}, {"link", nullptr}}, 2 * ((ly - lm) / lm - ratio));
      near({{"name", "inverse.gaussian"}, {"link", nullptr}},
           (ly - lm) * (ly - lm) / (lm * lm * ly));
      near({{"name", "negative.binomial"}, {"link", nullptr}, {"theta", 2.0}},
           2 * (ly * ratio - (ly + 2) * std::log((ly + 2) / (lm + 2))));
      near({{"name", "Tweedie"}, {"link", nullptr}, {"power", 1.5}},
           4 * (std::sqrt(ly) - std::sqrt(lm)) * (std::sqrt(ly) - std::sqrt(lm)) / std::sqrt(lm));
    }
  }
}

// 2 (y log(y / mu) - (y - mu)) of a billion and 30,000 more, by mpmath.
TEST(Families, LargeCountsNearTheirMeanKeepTheirDigits) {
  const Family poisson = family({{"name", "poisson"}, {"link", nullptr}});
  EXPECT_NEAR(deviance(poisson, 1e9 + 30000.0, 1e9) / 0.89999100013499757, 1.0, 1e-14);
  EXPECT_EQ(deviance(poisson, 5.0, 5.0), 0.0);
  EXPECT_EQ(deviance(poisson, 0.0, 3.0), 6.0);
}

}  // namespace
}  // namespace insitu
