#include "linalg/distributions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "linalg/distributions_values.hpp"

namespace insitu {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void expect_relative(double got, double want, double tolerance, double first, double second) {
  EXPECT_LE(std::fabs(got - want), tolerance * std::fabs(want) + 0x1p-1073)
      << first << " " << second << ": " << got;
}

TEST(Distributions, StudentT) {
  for (const auto& c : testing::kStudentT) {
    expect_relative(student_t_two_sided(c[0], c[1]), c[2], 1e-13, c[0], c[1]);
    EXPECT_EQ(student_t_two_sided(-c[0], c[1]), student_t_two_sided(c[0], c[1]));
  }
  for (const auto& c : testing::kStudentTQuantile) {
    expect_relative(student_t_quantile(c[0], c[1]), c[2], 1e-13, c[0], c[1]);
    expect_relative(student_t_quantile(1.0 - c[0], c[1]), -c[2], 1e-13, c[0], c[1]);
  }
  EXPECT_EQ(student_t_quantile(0.5, 3.0), 0.0);
}

TEST(Distributions, FisherF) {
  for (const auto& c : testing::kFisherF)
    expect_relative(f_upper_tail(c[0], c[1], c[2]), c[3], 1e-12, c[0], c[2]);
}

TEST(Distributions, Normal) {
  for (const auto& c : testing::kNormal)
    expect_relative(normal_two_sided(c[0]), c[1], 3e-14, c[0], 0.0);
  for (const auto& c : testing::kNormalQuantile) {
    EXPECT_NEAR(normal_quantile(c[0]), c[1], 1e-14 * std::fabs(c[1]) + 1e-300);
  }
  EXPECT_EQ(normal_quantile(0.0), -kInfinity);
  EXPECT_EQ(normal_quantile(1.0), kInfinity);
}

TEST(Distributions, ChiSquared) {
  for (const auto& c : testing::kChiSquared) {
    expect_relative(chi_squared_upper_tail(c[0], c[1]), c[2], 1e-13, c[0], c[1]);
  }
}

TEST(Distributions, TheEdges) {
  for (const double df : {0.0, -1.0, kNaN, -kInfinity}) {
    EXPECT_TRUE(std::isnan(student_t_two_sided(1.0, df)));
    EXPECT_TRUE(std::isnan(student_t_quantile(0.9, df)));
    EXPECT_TRUE(std::isnan(f_upper_tail(1.0, df, 5.0)));
    EXPECT_TRUE(std::isnan(f_upper_tail(1.0, 5.0, df)));
    EXPECT_TRUE(std::isnan(chi_squared_upper_tail(1.0, df)));
  }
  EXPECT_TRUE(std::isnan(student_t_two_sided(kNaN, 5.0)));
  EXPECT_TRUE(std::isnan(f_upper_tail(kNaN, 5.0, 5.0)));
  EXPECT_TRUE(std::isnan(normal_two_sided(kNaN)));
  EXPECT_TRUE(std::isnan(chi_squared_upper_tail(kNaN, 5.0)));
  for (const double p : {kNaN, -0.1, 1.1}) {
    EXPECT_TRUE(std::isnan(student_t_quantile(p, 5.0)));
    EXPECT_TRUE(std::isnan(normal_quantile(p)));
  }
  for (const double sign : {1.0, -1.0}) {
    EXPECT_EQ(student_t_two_sided(sign * kInfinity, 5.0), 0.0);
    EXPECT_EQ(normal_two_sided(sign * kInfinity), 0.0);
    EXPECT_EQ(student_t_two_sided(sign * 1e308, 1e6), 0.0);
  }
  EXPECT_EQ(f_upper_tail(kInfinity, 5.0, 5.0), 0.0);
  EXPECT_EQ(f_upper_tail(0.0, 5.0, 5.0), 1.0);
  EXPECT_EQ(f_upper_tail(-1.0, 5.0, 5.0), 1.0);
  EXPECT_EQ(chi_squared_upper_tail(kInfinity, 5.0), 0.0);
  EXPECT_EQ(chi_squared_upper_tail(0.0, 5.0), 1.0);
  // Infinitely many degrees of freedom: the limits.
  EXPECT_EQ(student_t_two_sided(2.0, kInfinity), normal_two_sided(2.0));
  EXPECT_EQ(f_upper_tail(1.5, 4.0, kInfinity), chi_squared_upper_tail(6.0, 4.0));
  EXPECT_TRUE(std::isnan(f_upper_tail(1.5, kInfinity, 4.0)));
}

}  // namespace
}  // namespace insitu
