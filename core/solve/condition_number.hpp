// Which columns the condition number of a model is about, and its value once their covariances are
// known.
#pragma once

#include <vector>

#include "solve/linear_solver.hpp"

namespace insitu {

// True for all columns but the intercept; in a cube for all but its cells.
bool in_condition(const LinearSystem& system, const SolverOptions& options, size_t column);
// See LinearSolution::condition. `inverse`: the block of (X'WX)^-1 of these columns of the formula.
double condition_number(const LinearSystem& system, const SolverOptions& options,
                        const std::vector<size_t>& columns, const SymmetricMatrix& inverse);

}  // namespace insitu
