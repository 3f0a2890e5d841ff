// How uncertain linear predictors are: standard errors, and intervals by Student's t, or by the
// normal distribution where the dispersion is known. They cost m^2 for m active columns (1 + terms)
// a row.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "score/linear_scoring.hpp"

namespace insitu {

class LinearErrors {
 public:
  // `prediction`: the interval is that of an observation, not of the mean. SpecError if the model
  // has no covariance, or one that does not fit its coefficients, or no such interval. `scoring`
  // outlives this.
  LinearErrors(const Json& model, const LinearScoring& scoring, double confidence_level,
               bool prediction);

  // The columns of one row that are not zero; kept from row to row.
  struct Active {
    std::vector<size_t> where;
    std::vector<double> values;
  };
  // Of each row of the tile, whose fitted values these are. std_error may be null, and both bounds.
  void write(const Tile& tile, const double* fitted, double* std_error, double* lower,
             double* upper, Active& active) const;

 private:
  double variance_of(const Tile& tile, size_t row, Active& active) const;

  const LinearScoring& scoring_;
  double t_ = 0.0;      // half the interval, in standard deviations
  double extra_ = 0.0;  // variance of an observation about its mean, where that counts
  std::vector<int64_t> kept_position_;  // per coefficient, -1: dropped
  size_t kept_ = 0;
  std::vector<double> covariance_;  // full, kept x kept
};

}  // namespace insitu
