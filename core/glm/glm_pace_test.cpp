// Steps that shrink by factors: the places that are taken must end at the fixed point as soon as
// the steps have told all directions.
#include "glm/glm_pace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace insitu {
namespace {

constexpr std::array<double, 3> kEnd = {2.0, -1.0, 0.5};
// What remains of the way after a step, of a linear map in three directions.
constexpr double kRemains[3][3] = {{0.6, 0.1, 0.0}, {0.0, 0.5, 0.2}, {0.1, 0.0, 0.3}};

GlmPlace place(std::vector<double> coefficients) {
  GlmPlace made;
  made.predictor.coefficients = coefficients;
  made.coefficients = std::move(coefficients);
  return made;
}

GlmPlace step_from(const GlmPlace& at) {
  std::vector<double> next(kEnd.begin(), kEnd.end());
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) next[i] += kRemains[i][j] * (at.coefficients[j] - kEnd[j]);
  }
  return place(next);
}

double size_of(const GlmPlace& from, const GlmPlace& to) {
  double largest = 0.0;
  for (size_t i = 0; i < 3; ++i)
    largest = std::max(largest, std::abs(to.coefficients[i] - from.coefficients[i]));
  return largest;
}

LinearSolution solution_of(bool last_aliased) {
  LinearSolution solution;
  solution.aliased = {false, false, last_aliased};
  solution.variances = {1.0, 4.0, 0.25};
  return solution;
}

// Sizes of steps near the end, `in_errors` of standard errors long.
std::vector<double> steps(bool canonical, size_t count, double in_errors = 0.5) {
  GlmPace pace(canonical);
  GlmPlace at = place({0.0, 0.0, 0.0});
  std::vector<double> sizes;
  for (size_t k = 0; k < count; ++k) {
    const GlmPlace next = step_from(at);
    sizes.push_back(size_of(at, next));
    at = pace.after(at, next, solution_of(false), {sizes.back(), in_errors, 1e-4, false});
  }
  return sizes;
}

TEST(GlmPace, FourStepsNearTheEndTellThreeDirections) {
  const std::vector<double> sizes = steps(false, 6);
  EXPECT_GT(sizes[4], 1e-4);
  EXPECT_LT(sizes[5], 1e-12);
}

// Without mixing.
void expect_plain(const std::vector<double>& sizes) {
  GlmPlace at = place({0.0, 0.0, 0.0});
  for (const double size : sizes) {
    const GlmPlace next = step_from(at);
    EXPECT_EQ(size, size_of(at, next));
    at = next;
  }
}

TEST(GlmPace, StepsOfCanonicalLinksAndLongOnesGoTheirWay) {
  expect_plain(steps(true, 8));
  expect_plain(steps(false, 8, 1.5));
}

TEST(GlmPace, AMixedStepCanBeTakenBack) {
  GlmPace pace(false);
  GlmPlace at = place({0.0, 0.0, 0.0});
  double shrinking = 0.1;
  for (size_t k = 0; k < 4; ++k) {
    const GlmPlace next = step_from(at);
    const GlmPlace taken = pace.after(at, next, solution_of(false), {shrinking, 0.5, 1e-4, false});
    shrinking *= 0.5;
    const std::optional<GlmPlace> unmixed = pace.unmixed();
    ASSERT_EQ(unmixed.has_value(), taken.coefficients != next.coefficients) << k;
    EXPECT_EQ(unmixed.value_or(next).coefficients, next.coefficients);
    at = taken;
  }
  EXPECT_TRUE(pace.observed());
  pace.restart();
  EXPECT_FALSE(pace.observed());
  EXPECT_FALSE(pace.unmixed().has_value());
}

TEST(GlmPace, NewtonsStepsBeginNearTheEndAndStopWhereTheirSquaresAreLost) {
  GlmPace pace(false);
  const GlmPlace at = place({0.0, 0.0, 0.0});
  const auto observed_after = [&](GlmPace::Step step) {
    pace.after(at, step_from(at), solution_of(false), step);
    return pace.observed();
  };
  EXPECT_FALSE(observed_after({1.0, 9.0, 0.5, false}));
  EXPECT_TRUE(observed_after({1e-1, 2.0, 1e-2, false}));
  EXPECT_TRUE(observed_after({1e-2, 0.1, 0.5, false}));
  EXPECT_TRUE(observed_after({1e-4, 1e-3, 0.5, true}));
  EXPECT_TRUE(observed_after({1e-7, 1e-6, 0.5, true}));  // theta still moves
  EXPECT_FALSE(observed_after({1e-14, 1e-13, 0.5, false}));
}

TEST(GlmPace, AliasedColumnsDoNotCount) {
  GlmPace pace(false);
  GlmPlace at = place({0.0, 0.0, 0.0});
  for (size_t k = 0; k < 5; ++k) {
    GlmPlace next = at;
    next.coefficients[0] = kEnd[0] + 0.9 * (at.coefficients[0] - kEnd[0]);
    next.predictor.coefficients = next.coefficients;
    next.coefficients[2] = k % 2 == 0 ? 1e9 : -1e9;
    at = pace.after(at, next, solution_of(true), {0.1, 0.5, 1e-4, false});
  }
  EXPECT_NEAR(at.coefficients[0], kEnd[0], 1e-12);
}

}  // namespace
}  // namespace insitu
