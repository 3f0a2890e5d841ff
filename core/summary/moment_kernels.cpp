#include "summary/moment_kernels.hpp"

#include "linalg/kernels.hpp"

namespace insitu {
namespace {

const MomentKernels& kernels_here() {
#if defined(__x86_64__)
  if (active_isa() == Isa::kAvx512) return kAvx512Moments;
  if (active_isa() == Isa::kAvx2) return kAvx2Moments;
#endif
  return kBaselineMoments;
}

}  // namespace

Moments moments_of(const double* x, const double* w, size_t n) {
  return kernels_here().moments(x, w, n);
}

void add_to_cells(const uint32_t* codes, const double* x, const double* w, size_t n,
                  CellSums* cells, uint32_t n_cells) {
  kernels_here().cells(codes, x, w, n, cells, n_cells);
}

Moments moments_of(const CellSums& cell, bool weighted) {
  Moments result;
  result.valid = cell.valid;
  result.missing = cell.missing;
  result.missing_weight = two_sum(cell.missing_weight, cell.missing_weight_low);
  if (cell.valid == 0) return result;
  result.min = cell.min + 0.0;
  result.max = cell.max + 0.0;
  result.weight = weighted ? two_sum(cell.weight, cell.weight_low)
                           : DoubleDouble(static_cast<double>(cell.valid));
  const DoubleDouble sum = two_sum(cell.sum, cell.sum_low);
  const DoubleDouble off = sum / result.weight;
  result.mean = off + cell.origin;
  result.m2 = two_sum(cell.squares, cell.squares_low) - sum * off;
  return result;
}

}  // namespace insitu
