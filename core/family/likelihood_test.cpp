#include "family/likelihood.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <vector>

#include "base/json.hpp"

namespace insitu {
namespace {

const std::vector<double> kMeans = {0.6, 2.5, 3.0, 0.7};
const std::vector<double> kCounts = {0.0, 2.0, 7.0, 1.0};
const std::vector<double> kPositive = {0.3, 2.0, 7.5, 1.0};
const std::vector<double> kWeights = {1.0, 3.0, 2.0, 5.0};

double found(const Json& json, const std::vector<double>& y, const std::vector<double>& mean,
             bool replicates) {
  const Family family = Family::from_json(json);
  const size_t n = y.size();
  std::vector<double> rest(n);
  std::vector<double> deviances(n);
  std::vector<double> terms(n);
  std::vector<double> scratch(n);
  for (size_t i = 0; i < n; ++i) rest[i] = 1.0 - mean[i];
  family.deviances(y.data(), mean.data(), rest.data(), n, deviances.data(), scratch.data());
  likelihood_terms(family, {y.data(), kWeights.data(), nullptr, n}, replicates, terms.data());
  LikelihoodSums sums{0.0, 0.0, 0.0, 0.0};
  for (size_t i = 0; i < n; ++i) {
    sums.deviance += kWeights[i] * deviances[i];
    sums.terms += terms[i];
    sums.weights += kWeights[i];
    sums.observations += replicates ? kWeights[i] : 1.0;
  }
  return log_likelihood(family, sums);
}

// Sum of the log-densities, each as often as its weight says.
template <class Density>
double expected(const std::vector<double>& y, Density density) {
  double sum = 0.0;
  for (size_t i = 0; i < y.size(); ++i) sum += kWeights[i] * density(y[i], kMeans[i]);
  return sum;
}

TEST(Likelihood, OfCounts) {
  const double poisson = expected(kCounts, [](double y, double m) {
    return y * std::log(m) - m - std::log(std::tgamma(y + 1));
  });
  EXPECT_NEAR(poisson, found({{"name", "poisson"}, {"link", "log"}}, kCounts, kMeans, true), 1e-12);
  constexpr double kTheta = 2.5;
  const double negative = expected(kCounts, [](double y, double m) {
    return std::log(std::tgamma(y + kTheta) / (std::tgamma(kTheta) * std::tgamma(y + 1.0))) +
           kTheta * std::log(kTheta / (kTheta + m)) + y * std::log(m / (kTheta + m));
  });
  const Json family = {{"name", "negative.binomial"}, {"link", "log"}, {"theta", kTheta}};
  EXPECT_NEAR(negative, found(family, kCounts, kMeans, true), 1e-12);
}

// 3 trials of which 2 succeed, and so on, against single trials.
TEST(Likelihood, OfTrials) {
  const std::vector<double> share = {1.0, 2.0 / 3.0, 0.0, 0.4};
  const std::vector<double> mean = {0.7, 0.5, 0.2, 0.6};
  const double choices = std::log(3.0 * 10.0);
  double trials = 0.0;
  for (size_t i = 0; i < 4; ++i) {
    trials +=
        kWeights[i] * (share[i] * std::log(mean[i]) + (1.0 - share[i]) * std::log(1.0 - mean[i]));
  }
  const Json family = {{"name", "binomial"}, {"link", "logit"}};
  EXPECT_NEAR(trials + choices, found(family, share, mean, false), 1e-12);
  const std::vector<double> events = {1.0, 1.0, 0.0, 1.0};
  double single = 0.0;
  for (size_t i = 0; i < 4; ++i)
    single += kWeights[i] * std::log(events[i] == 1.0 ? mean[i] : 1.0 - mean[i]);
  EXPECT_NEAR(single, found(family, events, mean, true), 1e-12);
}

// At the dispersion deviance / weights, as R's logLik.
TEST(Likelihood, WithADispersion) {
  const auto unit = [](const char* name, double y, double m) {
    return std::string(name) == "Gamma" ? 2.0 * ((y - m) / m - std::log(y / m))
                                        : (y - m) * (y - m) / (m * m * y);
  };
  for (const char* name : {"Gamma", "inverse.gaussian"}) {
    double deviance = 0.0;
    for (size_t i = 0; i < 4; ++i) deviance += kWeights[i] * unit(name, kPositive[i], kMeans[i]);
    const double phi = deviance / 11.0;
    const double sum = expected(kPositive, [&](double y, double m) {
      if (std::string(name) == "Gamma") {
        const double a = 1.0 / phi;
        return a * std::log(a * y / m) - std::log(y) - a * y / m - std::log(std::tgamma(a));
      }
      return -0.5 * (std::log(2.0 * std::numbers::pi * phi * y * y * y) + unit(name, y, m) / phi);
    });
    EXPECT_NEAR(sum, found({{"name", name}, {"link", "log"}}, kPositive, kMeans, true), 1e-12);
  }
}

TEST(Likelihood, OfTheNormalDistribution) {
  double deviance = 0.0;
  double logs = 0.0;
  for (size_t i = 0; i < 4; ++i) {
    deviance += kWeights[i] * (kPositive[i] - kMeans[i]) * (kPositive[i] - kMeans[i]);
    logs += 0.5 * std::log(kWeights[i]);
  }
  const Json family = {{"name", "gaussian"}, {"link", "identity"}};
  const auto at = [&](double n) {
    return -0.5 * n * (std::log(2.0 * std::numbers::pi * deviance / n) + 1.0);
  };
  EXPECT_NEAR(at(4.0) + logs, found(family, kPositive, kMeans, false), 1e-12);
  EXPECT_NEAR(at(11.0), found(family, kPositive, kMeans, true), 1e-12);
}

TEST(Likelihood, QuasiFamiliesHaveNone) {
  EXPECT_TRUE(
      std::isnan(found({{"name", "quasipoisson"}, {"link", "log"}}, kCounts, kMeans, true)));
  const Json tweedie = {{"name", "Tweedie"}, {"link", "log"}, {"power", 1.5}};
  EXPECT_TRUE(std::isnan(found(tweedie, kCounts, kMeans, true)));
}

}  // namespace
}  // namespace insitu
