// Count, mean, sum of squares about the mean, least and greatest value of one variable.
//
// Statistics: n, W = sum w, mean, M2 = sum w (x - mean)^2, all but n, min and max in double-double.
// Merge (Chan, Golub, LeVeque 1979): M2 = M2a + M2b + (mean_b - mean_a)^2 Wa Wb / W. Error: every
// tile is summed exactly (double-double) and squared about its own rounded mean, so mean and
// standard deviation keep what the doubles hold. A state is 15 numbers.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/analysis.hpp"
#include "base/double_double.hpp"
#include "base/fields.hpp"

namespace insitu {

struct Moments {
  uint64_t valid = 0;           // rows
  uint64_t missing = 0;         // rows
  DoubleDouble weight;          // of the valid rows; without weights their number
  DoubleDouble missing_weight;  // of the missing rows, where the weight is known
  DoubleDouble mean;
  DoubleDouble m2;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  static void fields(auto& self, auto&& visit) {
    visit("valid", FieldKind::kExact, self.valid);
    visit("missing", FieldKind::kExact, self.missing);
    visit("weight", FieldKind::kSum, self.weight);
    visit("missing_weight", FieldKind::kSum, self.missing_weight);
    visit("mean", FieldKind::kSum, self.mean);
    visit("m2", FieldKind::kSum, self.m2);
    visit("min", FieldKind::kExact, self.min);
    visit("max", FieldKind::kExact, self.max);
  }
  // In units of 2^-53 of the root mean square (mean) and of M2.
  double distance(const Moments& other) const;
};

void merge(Moments& into, const Moments& from);

// What weights mean for counts and variances.
enum class Weighting : uint8_t {
  kNone,         // variance M2 / (n - 1)
  kProbability,  // M2 / W * n / (n - 1); counts are rows
  kFrequency,    // M2 / (W - 1); counts are sums of weights, as if rows were repeated
};

std::string_view weighting_name(Weighting weighting);

// Least M2 of values that differ: below it squares underflow, and with them its digits.
inline constexpr double kLeastSquares = 0x1p-900;
// False if M2 is no double's business: the values differ, and their squared differences underflow
// or overflow.
bool has_squares(const Moments& moments);

// NaN where there is no value: no rows, or for the deviation fewer than two, or no squares.
struct Statistics {
  double mean, std_dev, min, max, sum, valid_obs, missing_obs, sum_of_weights, missing_weights;
};
Statistics statistics(const Moments& moments, Weighting weighting);

}  // namespace insitu
