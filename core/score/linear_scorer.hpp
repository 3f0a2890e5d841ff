// Predictions of a linear model one row at a time: the model flattened to steps over the slots of
// one row, so that a row costs a multiplication a number and a hash a label, and no allocation.
#pragma once

#include <vector>

#include "base/row_scorer.hpp"
#include "design/one_row.hpp"
#include "score/linear_errors.hpp"
#include "score/linear_predict.hpp"

namespace insitu {

class LinearScorer final : public RowScorer {
 public:
  explicit LinearScorer(const LinearPredict& function);
  void score(const insitu_value* values, double* out) override;

  // fitted += slope (x - center), or, within cells, the coefficient of the row's cell alone or
  // times (x - center).
  struct Step {
    const double* x = nullptr;
    double center = 0.0;
    double slope = 0.0;
    uint32_t first_code = 0;
    uint32_t codes = 0;
    size_t first = 0;  // of its cells in the coefficient list
  };
  struct Code {
    const uint32_t* code = nullptr;
    size_t stride = 0;
  };
  struct Program {
    double intercept = 0.0;
    std::vector<Step> steps;
    std::vector<Code> codes;
    const std::vector<double>* coefficients = nullptr;
  };

 private:
  const LinearPredict& function_;
  OneRow row_;
  Program program_;
  std::vector<double*> outputs_;
  LinearPredict::Scratch scratch_;
};

}  // namespace insitu
