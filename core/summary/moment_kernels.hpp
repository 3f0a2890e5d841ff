// The inner loops of moments, chosen at run time for the machine (linalg/kernels.hpp, active_isa).
#pragma once

#include <cstddef>
#include <cstdint>

#include "summary/moments.hpp"

namespace insitu {

// Moments of n > 0 numbers, none missing; w > 0 are the weights, null: all one. Two passes over the
// numbers, which should lie in the first caches: exact sum, least and greatest; then squares about
// the rounded mean, summed exactly.
Moments moments_of(const double* x, const double* w, size_t n);

// Sums about the first number of a cell, exact but for 2^-100 of their terms: any of the data's own
// numbers is so close to their mean that nothing is lost when the origin moves.
struct CellSums {
  double origin = 0.0;
  double sum = 0.0, sum_low = 0.0;          // of w (x - origin)
  double squares = 0.0, squares_low = 0.0;  // of w (x - origin)^2
  double weight = 0.0, weight_low = 0.0;    // without weights not used
  double missing_weight = 0.0, missing_weight_low = 0.0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  uint64_t valid = 0;
  uint64_t missing = 0;
};

// Adds each row to cells[code]; x = NaN counts there as missing. Rows whose code is not below
// n_cells are left out.
void add_to_cells(const uint32_t* codes, const double* x, const double* w, size_t n,
                  CellSums* cells, uint32_t n_cells);

// The cell's sums as moments. `weighted`: they have weights.
Moments moments_of(const CellSums& cell, bool weighted);

// One table per instruction set.
struct MomentKernels {
  Moments (*moments)(const double* x, const double* w, size_t n);
  void (*cells)(const uint32_t* codes, const double* x, const double* w, size_t n, CellSums* cells,
                uint32_t n_cells);
};
extern const MomentKernels kBaselineMoments;
#if defined(__x86_64__)
extern const MomentKernels kAvx2Moments;
extern const MomentKernels kAvx512Moments;
#endif

}  // namespace insitu
