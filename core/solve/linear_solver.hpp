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

#include "solve/linear_system.hpp"

namespace insitu {

struct SolverOptions {
  bool drop_first = false;
  bool drop_main = true;
  bool cube = false;  // of the first term: its cells are what the condition number sweeps out
  size_t direct_columns = 64;  // more columns than this: eliminate the largest term
  double eps = 0.0;            // relative error of the cross-products, for the bounds
};

inline constexpr size_t kMostConditionColumns = 1000;
// Above, a direct solution would take too long, and its covariance too much memory.
inline constexpr size_t kMostCovarianceColumns = 4000;

struct LinearSolution {
  // Per system column; coefficients of the formula's columns, meaningless where aliased.
  std::vector<bool> aliased;
  std::vector<DoubleDouble> coefficients;
  std::vector<DoubleDouble>
      variances;  // diagonal of (X'WX)^-1: times sigma^2 it is the squared standard error
  std::vector<DoubleDouble> centred;  // coefficients of the columns as solved; 0 where not solved
  std::vector<size_t> suspicious;
  bool doubtful = false;  // see Factorisation
  DoubleDouble residual_squares;
  size_t rank = 0;
  bool centres_hold = true;  // false: a center has no column to go to, and nothing below is known
  double error_bound = 0.0;  // relative, the worst of coefficients and standard errors
  // ||R||_1 ||R^-1||_1 of the correlation matrix of the kept columns, the intercept swept out; of a
  // cube of the cross-products left by its cells. NaN beyond kMostConditionColumns.
  double condition = 0.0;
  // (X'WX)^-1 of the kept columns as solved, and of the formula's; only for a direct solve, else
  // empty.
  std::vector<size_t> kept;
  SymmetricMatrix inverse;
  SymmetricMatrix raw_inverse;
};

// With every column aliased.
LinearSolution blank_solution(const LinearSystem& system);

struct SolvedSystem {
  LinearSystem system;
  LinearSolution solution;
};

// Columns are centred as widely as the solution allows. `products` carry the levels of `frozen` in
// order (align_levels); all three outlive the result.
SolvedSystem solve(const Design& frozen, const CellPlan& plan, const CrossProducts& products,
                   const SolverOptions& options);

}  // namespace insitu
