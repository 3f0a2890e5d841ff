// Solves the normal equations of a linear model in double-double.
//
// Every factor has all its columns; redundant ones are found by eliminating columns in a fixed
// order (linalg/symmetric.hpp has the rank rule) and stay listed as dropped. The last level of each
// factor goes, unless that level is empty in any factor or the system is singular beyond what its
// coding explains: then the first level in all. With more than a few columns the largest factor
// term, whose block is diagonal, is eliminated first and its Schur complement solved
// (reduced_solver.hpp); it is never squared.
#pragma once

#include <vector>

#include "linear/linear_system.hpp"

namespace insitu {

struct SolverOptions {
  bool drop_first = false;
  bool drop_main = true;
  size_t direct_columns = 64;  // more columns than this: eliminate the largest term
  double eps = 0.0;            // relative error of the cross-products, for the bounds
};

inline constexpr size_t kMostConditionColumns = 1000;

struct LinearSolution {
  // Per system column; coefficients in the raw basis, meaningless where aliased.
  std::vector<bool> aliased;
  std::vector<DoubleDouble> coefficients;
  std::vector<DoubleDouble>
      variances;  // diagonal of (X'WX)^-1: times sigma^2 it is the squared standard error
  std::vector<size_t> suspicious;
  DoubleDouble residual_squares;
  size_t rank = 0;
  double error_bound = 0.0;  // relative, the worst of coefficients and standard errors
  // ||R||_1 ||R^-1||_1 of the correlation matrix of the kept columns, the intercept swept out; NaN
  // beyond kMostConditionColumns.
  double condition = 0.0;
  // (X'WX)^-1 of the kept columns about their centers (the intercept is then that of the centred
  // system); only for a direct solve, else empty.
  std::vector<size_t> kept;
  std::vector<DoubleDouble> centred;
  SymmetricMatrix inverse;
};

LinearSolution solve(const LinearSystem& system, const SolverOptions& options);

// Elimination order of the columns, without those of term `except` (-1: none).
std::vector<size_t> elimination_order(const LinearSystem& system, bool drop_first, bool drop_main,
                                      int except);
// What the coding alone makes redundant in that order, were no cell empty: per column.
std::vector<bool> redundant_by_coding(const LinearSystem& system, bool drop_first, bool drop_main);

}  // namespace insitu
