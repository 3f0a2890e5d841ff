// The linear model with its largest factor term eliminated: block diagonal, so never squared.
#pragma once

#include "linear/linear_solver.hpp"

namespace insitu {

// The factor term with the most cells, -1 without factor terms.
int largest_term(const LinearSystem& system);

// Eliminates all cells of `term` first, then the other columns in order. If the term is a plain
// factor and there is an intercept, its dropped level then becomes the reference, as in the direct
// solution.
LinearSolution solve_reduced(const LinearSystem& system, const SolverOptions& options,
                             bool drop_first, size_t term);

}  // namespace insitu
