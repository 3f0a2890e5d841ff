// Whether the sums of a linear system are taken in double or in double-double.
#pragma once

#include <cstdint>

#include "design/cross_products.hpp"
#include "solve/linear_solver.hpp"

namespace insitu {

// Relative error of products, however they were summed.
double relative_rounding(const CrossProducts& products, bool precise);

// So few rows that double-double costs nothing anyone notices. Of factors whose levels are not yet
// known it is a guess.
bool precision_is_free(const Design& design, uint64_t rows);

// Sums in double have not given the digits that are wanted: the rank is in doubt, or an estimate
// may be off by more than 1e-9 of itself or of its standard error.
bool lacks_digits(const LinearSolution& solution);

}  // namespace insitu
