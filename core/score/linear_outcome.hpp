// What follows a row's linear predictor: the mean by the inverse link, and how far the response
// lies from it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/analysis.hpp"
#include "design/row_reader.hpp"
#include "family/family.hpp"
#include "linalg/aligned.hpp"

namespace insitu {

enum class ResidualType { kResponse, kWorking, kPearson, kDeviance };

class LinearOutcome {
 public:
  // Outputs of a row, `residual` and those after it null where not asked for. On entry `fitted` is
  // the linear predictor without offsets, and the errors are on its scale.
  struct Rows {
    double* fitted;
    double* residual;
    double* std_error;
    double* lower;
    double* upper;
  };
  // Room for the rows of a tile.
  struct Scratch {
    explicit Scratch(size_t rows);
    AlignedDoubles mean, rest, slope, variance, room, y_rest;
  };

  LinearOutcome() = default;
  // `link`: predictions stay linear predictors. `weighted`: residuals count prior weights.
  LinearOutcome(const Family& family, bool link, ResidualType residual, bool weighted);

  // What it wants of a row besides predictors.
  RowNeeds needs(bool residuals) const;
  bool weighted() const { return weighted_; }
  // True if the linear predictor itself is what is asked for, and residuals are plain differences.
  bool plain() const { return plain_; }

  // Residuals, and missing fitted values where the response is missing; then offsets are added.
  void begin(const Tile& tile, const Rows& rows, Scratch& scratch) const;
  // From the scale of the linear predictor to that of the response.
  void end(const Tile& tile, const Rows& rows, Scratch& scratch) const;

 private:
  void differences(const Tile& tile, const Rows& rows) const;
  void residuals(const Tile& tile, double* out, Scratch& scratch) const;

  Family family_;
  bool link_ = false;
  ResidualType residual_ = ResidualType::kResponse;
  bool weighted_ = false;
  bool plain_ = true;
};

}  // namespace insitu
