// The linear model with its largest factor term eliminated: its block is diagonal, so it is never
// squared.
//
// With D the diagonal block of the term's L cells and B its products with the r other columns, the
// others solve the Schur complement S = A - B' D^-1 B; the cells follow by substitution. Their
// covariances need only S^-1 and the rows g = B / D: cov(c_l, c_m) = [l = m] / D_l + g_l S^-1 g_m'.
// Cost: L r^2 / 2 operations in double-double, and r^3 / 6.
#pragma once

#include <optional>

#include "solve/linear_solver.hpp"

namespace insitu {

// The factor term with the most cells of which the coding drops at most the one that becomes the
// reference.
std::optional<size_t> eliminable_term(const LinearSystem& system, bool drop_first, bool drop_main);

// Eliminates all cells of `term` first, then the other columns in order. If the term is a plain
// factor and the rest holds a constant, its dropped level then becomes the reference, as in the
// direct solution.
LinearSolution solve_reduced(const LinearSystem& system, const SolverOptions& options,
                             bool drop_first, size_t term);

}  // namespace insitu
