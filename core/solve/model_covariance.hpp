// Matrices that a linear model publishes, and what scoring needs of them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "design/linear_predictor.hpp"
#include "solve/linear_solver.hpp"

namespace insitu {

// SpecError where there are too many coefficients for the covariance of all, which `what` needs.
void require_covariance(const LinearSolution& solution, const std::string& what);

// sigma^2 (X'WX)^-1 in the raw basis, rows and columns of dropped coefficients null. SpecError
// where it was not computed.
Json coefficient_covariance(const LinearSolution& solution, double variance);

// Covariance of all expanded columns: {names, matrix}. Weighted as the model is; divisor n - 1
// (times sum of weights / n).
Json data_covariance(const LinearSystem& system, double observations);

// What the solution says of a row; dropped coefficients are 0.
LinearPredictor predictor_of(const LinearSystem& system, const LinearSolution& solution);

// Prediction about the means, so that large offsets do not cost digits: {intercept, centers (per
// feature, of numeric terms)}; where cells take up centers also coefficients (about the centers,
// which then count instead of those listed) and cell_centers (per term, of slopes within cells);
// with `covariance` columns (kept, by position in the coefficient list) and covariance (packed,
// about the centers).
Json scoring(const LinearSystem& system, const LinearSolution& solution, double variance,
             bool covariance);

}  // namespace insitu
