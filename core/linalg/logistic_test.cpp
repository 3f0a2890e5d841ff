#include "linalg/logistic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "linalg/kernels.hpp"

namespace insitu {
namespace {

struct Rows {
  std::vector<double> event, weight, eta, linear;
  LogisticRows view(bool weighted) const {
    return {event.data(), weighted ? weight.data() : nullptr, event.size()};
  }
};

// Linear predictors of every size, on both sides.
Rows rows_of(size_t n, double spread) {
  Rows rows;
  uint64_t state = 12345 + n;
  const auto uniform = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  for (size_t i = 0; i < n; ++i) {
    rows.event.push_back(uniform() < 0.5 ? 1.0 : 0.0);
    rows.weight.push_back(0.5 + uniform());
    rows.eta.push_back(spread * (uniform() - 0.5));
    rows.linear.push_back(rows.eta.back() - uniform());
  }
  return rows;
}

double exact_deviance(const Rows& rows, bool weighted) {
  long double sum = 0.0L;
  for (size_t i = 0; i < rows.eta.size(); ++i) {
    const long double s =
        rows.event[i] == 1.0 ? rows.eta[i] : -static_cast<long double>(rows.eta[i]);
    const long double term = std::log1p(std::exp(-std::abs(s))) + std::max(-s, 0.0L);
    sum += 2.0L * (weighted ? rows.weight[i] : 1.0) * term;
  }
  return static_cast<double>(sum);
}

TEST(Logistic, DevianceAsInLongDoubles) {
  for (const size_t n : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{61}, size_t{2048}}) {
    for (const double spread : {1e-3, 2.0, 20.0, 100.0, 1400.0, 1e5}) {
      for (const bool weighted : {false, true}) {
        const Rows rows = rows_of(n, spread);
        const double expected = exact_deviance(rows, weighted);
        const double tolerance = 4e-15 * expected + 0x1p-52 * static_cast<double>(n);
        EXPECT_NEAR(expected, logistic_deviance(rows.view(weighted), rows.eta.data()), tolerance)
            << n << " " << spread << " " << weighted;
      }
    }
  }
}

// Rows that are predicted perfectly: what is left keeps its digits.
TEST(Logistic, SmallDeviances) {
  const std::vector<double> event(16, 1.0);
  const std::vector<double> ones(16, 1.0);
  const std::vector<double> eta(16, 30.0);
  const double expected = 32.0 * std::log1p(std::exp(-30.0));
  EXPECT_NEAR(expected, logistic_deviance({event.data(), nullptr, 16}, eta.data()),
              1e-14 * expected);
  EXPECT_NEAR(expected, logistic_deviance({event.data(), ones.data(), 16}, eta.data()),
              1e-14 * expected);
}

TEST(Logistic, WeightsAndResponsesAsByTheFormula) {
  for (const size_t n : {size_t{1}, size_t{61}, size_t{2048}}) {
    for (const bool weighted : {false, true}) {
      const Rows rows = rows_of(n, 40.0);
      std::vector<double> w(round_up_8(n));
      std::vector<double> z(round_up_8(n));
      const LogisticSums sums = logistic_working(rows.view(weighted), rows.eta.data(),
                                                 rows.linear.data(), w.data(), z.data());
      long double pearson = 0.0L;
      for (size_t i = 0; i < n; ++i) {
        const long double prior = weighted ? rows.weight[i] : 1.0;
        const long double mean = 1.0L / (1.0L + std::exp(-static_cast<long double>(rows.eta[i])));
        const long double rest = 1.0L / (1.0L + std::exp(static_cast<long double>(rows.eta[i])));
        const long double residual = rows.event[i] == 1.0 ? rest : -mean;
        const auto weight = static_cast<double>(prior * mean * rest);
        const auto response = static_cast<double>(rows.linear[i] + residual / (mean * rest));
        EXPECT_NEAR(weight, w[i], 1e-15 * weight);
        EXPECT_NEAR(response, z[i], 1e-15 * std::abs(response) + 1e-15 * std::abs(rows.linear[i]));
        pearson += prior * residual * residual / (mean * rest);
      }
      EXPECT_NEAR(static_cast<double>(pearson), sums.pearson, 4e-15 * sums.pearson);
      EXPECT_EQ(logistic_deviance(rows.view(weighted), rows.eta.data()), sums.deviance);
      for (size_t i = n; i < w.size(); ++i) EXPECT_EQ(0.0, w[i] + z[i]);
    }
  }
}

TEST(Logistic, RowsWithoutASlopeCountNothing) {
  const std::vector<double> event = {1.0, 0.0, 1.0, 0.0};
  const std::vector<double> eta = {800.0, -800.0, -800.0, 800.0};
  std::vector<double> w(8);
  std::vector<double> z(8);
  const LogisticSums sums =
      logistic_working({event.data(), nullptr, 4}, eta.data(), eta.data(), w.data(), z.data());
  EXPECT_EQ(3200.0, sums.deviance);
  EXPECT_EQ(0.0, sums.pearson);
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(0.0, std::abs(w[i]) + std::abs(z[i]));
}

TEST(Logistic, WhatIsNotFiniteShows) {
  const std::vector<double> event = {1.0, 0.0};
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const std::vector<double> eta = {0.5, bad};
    EXPECT_FALSE(std::isfinite(logistic_deviance({event.data(), nullptr, 2}, eta.data())));
  }
}

}  // namespace
}  // namespace insitu
