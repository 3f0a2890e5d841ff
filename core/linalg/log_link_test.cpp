#include "linalg/log_link.hpp"

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
  std::vector<double> y, weight, eta, linear;
  LogLinkRows view(bool weighted) const {
    return {y.data(), weighted ? weight.data() : nullptr, y.size()};
  }
};

// Responses near their means (within `noise`, relative), some of them zero where `zeros`.
Rows rows_of(size_t n, double spread, double noise, bool zeros) {
  Rows rows;
  uint64_t state = 54321 + n;
  const auto uniform = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  for (size_t i = 0; i < n; ++i) {
    rows.eta.push_back(spread * (uniform() - 0.5));
    rows.weight.push_back(0.5 + uniform());
    rows.linear.push_back(rows.eta.back() - uniform());
    const double y = std::exp(rows.eta.back() + noise * (2.0 * uniform() - 1.0));
    rows.y.push_back(zeros && uniform() < 0.2 ? 0.0 : y);
  }
  return rows;
}

// The unit deviance in long doubles, by its series where y and mu nearly agree.
long double unit_deviance(double power, long double y, long double eta) {
  const long double p = power;
  const long double mu = std::exp(eta);
  const long double s = (y - mu) / mu;
  if (std::abs(s) < 1e-3L) {
    long double sum = 0.0L;
    long double term = s * s;
    for (int k = 0; k < 12; ++k) {
      sum += term / ((k + 1.0L) * (k + 2.0L));
      term *= -(p + k) / (k + 1.0L) * s;
    }
    return 2.0L * std::pow(mu, 2.0L - p) * sum;
  }
  const long double from_log = y > 0.0L ? y * std::log(y / mu) : 0.0L;
  if (power == 1.0) return 2.0L * (from_log - (y - mu));
  if (power == 2.0) return 2.0L * (-std::log(y / mu) + s);
  const long double from_y = y > 0.0L ? std::pow(y, 2.0L - p) / ((1.0L - p) * (2.0L - p)) : 0.0L;
  return 2.0L *
         (from_y - y * std::pow(mu, 1.0L - p) / (1.0L - p) + std::pow(mu, 2.0L - p) / (2.0L - p));
}

struct Subject {
  double power;
  double spread;
  double noise;
};

template <class F>
void each_subject(F&& f) {
  for (const double power : {1.0, 2.0, 3.0, 1.1, 1.5, 1.9, 2.5}) {
    for (const double spread : {1.0, 10.0, 60.0}) {
      for (const double noise : {1e-6, 1e-3, 0.02, 0.3, 3.0}) f(Subject{power, spread, noise});
    }
  }
}

// A row's error: of its terms near the edge of the series, which are 1 / ((p - 1) (p - 2)) at most.
double tolerance_of(const Subject& s) { return s.power == 1.0 || s.power == 2.0 ? 2e-14 : 2e-11; }

TEST(LogLink, DevianceAsInLongDoubles) {
  for (const size_t n : {size_t{1}, size_t{7}, size_t{8}, size_t{61}}) {
    each_subject([&](const Subject& subject) {
      for (const bool weighted : {false, true}) {
        const Rows rows = rows_of(n, subject.spread, subject.noise, subject.power < 2.0);
        long double expected = 0.0L;
        // Of nearly equal y and mu the difference has the rounding of y and of exp(eta).
        long double rounding = 0.0L;
        for (size_t i = 0; i < n; ++i) {
          const long double w = weighted ? rows.weight[i] : 1.0L;
          expected += w * unit_deviance(subject.power, rows.y[i], rows.eta[i]);
          const long double mu = std::exp(static_cast<long double>(rows.eta[i]));
          rounding += w * std::pow(mu, 2.0L - static_cast<long double>(subject.power)) *
                      std::abs(rows.y[i] / mu - 1.0L) * 0x1p-50L;
        }
        const auto value = static_cast<double>(expected);
        EXPECT_NEAR(
            value,
            log_link_deviance(rows.view(weighted), PowerVariance(subject.power), rows.eta.data()),
            tolerance_of(subject) * value + static_cast<double>(rounding))
            << n << " p=" << subject.power << " " << subject.spread << " " << subject.noise;
      }
    });
  }
}

TEST(LogLink, DevianceOfWhatAgreesIsZero) {
  std::vector<double> y;
  std::vector<double> eta;
  for (int i = -20; i < 20; ++i) {
    eta.push_back(0.7 * i);
    double mean = 0.0;
    eta.back() = std::log(std::exp(eta.back()));
    mean = std::exp(eta.back());
    y.push_back(mean);
  }
  for (const double power : {1.0, 2.0, 1.5, 3.0})
    EXPECT_NEAR(0.0, log_link_deviance({y.data(), nullptr, 40}, PowerVariance(power), eta.data()),
                1e-24 * std::pow(std::exp(14.0), std::abs(2.0 - power)));
}

TEST(LogLink, WeightsAndResponsesAsByTheFormula) {
  for (const size_t n : {size_t{1}, size_t{61}, size_t{2048}}) {
    each_subject([&](const Subject& subject) {
      for (const double least : {0.0, 1e-3}) {
        const bool weighted = least == 0.0;
        const Rows rows = rows_of(n, subject.spread, subject.noise, subject.power < 2.0);
        std::vector<double> w(round_up_8(n));
        std::vector<double> z(round_up_8(n));
        const PowerVariance variance(subject.power);
        const LogLinkSums sums =
            log_link_working(rows.view(weighted), variance, least, rows.eta.data(),
                             rows.linear.data(), w.data(), z.data());
        const long double p = subject.power;
        long double pearson = 0.0L;
        for (size_t i = 0; i < n; ++i) {
          const long double mu = std::exp(static_cast<long double>(rows.eta[i]));
          const long double step = (rows.y[i] - mu) / mu;
          const long double expected = (weighted ? rows.weight[i] : 1.0L) * std::pow(mu, 2.0L - p);
          const long double part =
              least == 0.0 ? 1.0L : std::max<long double>(least, 1.0L + (p - 1.0L) * step);
          const auto weight = static_cast<double>(expected * part);
          const auto response = static_cast<double>(rows.linear[i] + step / part);
          EXPECT_NEAR(weight, w[i], 1e-13 * weight + 1e-15 * static_cast<double>(expected));
          EXPECT_NEAR(response, z[i],
                      1e-11 * std::abs(response) + 1e-12 * std::abs(rows.linear[i]));
          pearson += expected * step * step;
        }
        const auto value = static_cast<double>(pearson);
        if (subject.noise >= 1e-3) {
          EXPECT_NEAR(value, sums.pearson, 2e-12 * value);
        }
        EXPECT_EQ(log_link_deviance(rows.view(weighted), variance, rows.eta.data()), sums.deviance);
        for (size_t i = n; i < w.size(); ++i) EXPECT_EQ(0.0, w[i] + z[i]);
      }
    });
  }
}

TEST(LogLink, WhatIsNotFiniteShows) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double power : {1.0, 2.0, 1.5}) {
    for (const double bad : {std::nan(""), kInfinity, -kInfinity, 800.0, -800.0}) {
      const std::vector<double> y = {1.0, 2.0};
      const std::vector<double> eta = {0.5, bad};
      EXPECT_FALSE(std::isfinite(
          log_link_deviance({y.data(), nullptr, 2}, PowerVariance(power), eta.data())))
          << power << " " << bad;
    }
  }
}

}  // namespace
}  // namespace insitu
