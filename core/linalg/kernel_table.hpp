// One function pointer per kernel; each instruction set fills one table (variant.hpp). Internal to
// linalg.
#pragma once

#include <cstddef>

#include "linalg/kernels.hpp"
#include "linalg/log_link.hpp"
#include "linalg/logistic.hpp"

namespace insitu {

// One pass over a packed matrix: cross += from, then the outer products. The vectors are padded by
// 8 readable doubles.
struct RankStep {
  size_t k = 0;
  const double* from_hi = nullptr;  // may be null
  const double* from_lo = nullptr;  // may be null
  // plus d * scaled', minus r * scaled_r'; each padded by 8 readable doubles; r may be null
  const double* d_hi = nullptr;
  const double* d_lo = nullptr;
  const double* scaled_hi = nullptr;
  const double* scaled_lo = nullptr;
  const double* r_hi = nullptr;
  const double* r_lo = nullptr;
  const double* scaled_r_hi = nullptr;
  const double* scaled_r_lo = nullptr;
  double* cross_hi = nullptr;
  double* cross_lo = nullptr;
};

struct GramStep {
  const double* left = nullptr;
  const double* right = nullptr;
  size_t rows = 0;
  size_t stride = 0;
  size_t k = 0;
  double* packed = nullptr;
  // Block b of the register tiles asks for the lines from ahead[b] on, one every 8 rows.
  const char* const* ahead = nullptr;
  size_t n_ahead = 0;
};

struct GramStepDD {
  TileDD left;
  TileDD right;
  size_t rows = 0;
  size_t stride = 0;
  size_t k = 0;
  const double* left_norm = nullptr;  // lane_norms of each column
  const double* right_norm = nullptr;
  double* hi = nullptr;
  double* lo = nullptr;
};

// Block step of the double-double factorisation: for r < 4, j < n (a multiple of 8, rows
// 64-byte aligned): c[r][j] -= sum over s < depth of a[s][r] * b[s][j]; a[s] is 4 adjacent values,
// rows of b and c are `stride` apart.
struct BlockDD {
  const double* a_hi = nullptr;
  const double* a_lo = nullptr;
  const double* b_hi = nullptr;
  const double* b_lo = nullptr;
  double* c_hi = nullptr;
  double* c_lo = nullptr;
};

struct KernelTable {
  double (*column_sum)(const double*, size_t);
  double (*weighted_sum)(const double*, const double*, size_t);
  DoubleDouble (*weighted_sum_dd)(const double*, const double*, const double*, size_t);
  bool (*subtract)(const double*, double, size_t, double*);
  void (*multiply)(const double*, const double*, size_t, double*);
  void (*add_scaled)(double, const double*, double, size_t, double*);
  void (*add_products)(const double*, const double*, double, size_t, double*);
  bool (*subtract_dd)(const double*, const double*, DoubleDouble, size_t, double*, double*);
  bool (*product_dd)(const double*, const double*, const double*, const double*, size_t, double*,
                     double*);
  bool (*pow_int)(const double*, const double*, unsigned, size_t, double*, double*);
  void (*gram)(const GramStep&);
  void (*lane_norms)(const double*, size_t, size_t, size_t, double*);
  void (*gram_dd)(const GramStepDD&);
  void (*dd_add)(double*, double*, const double*, const double*, size_t);
  void (*dd_axpy)(DoubleDouble, const double*, const double*, size_t, double*, double*);
  void (*rank_one)(const RankStep&);
  void (*block_subtract)(const BlockDD&, size_t, size_t, size_t);
  void (*exp)(const double*, size_t, double*);
  void (*log)(const double*, size_t, double*);
  double (*logistic_deviance)(const LogisticRows&, const double*);
  LogisticSums (*logistic_working)(const LogisticRows&, const double*, const double*, double*,
                                   double*);
  double (*log_link_deviance)(const LogLinkRows&, const PowerVariance&, const double*);
  LogLinkSums (*log_link_working)(const LogLinkRows&, const PowerVariance&, double, const double*,
                                  const double*, double*, double*);
};

extern const KernelTable kBaselineKernels;
#if defined(__x86_64__)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
#endif

void dd_block_subtract(const BlockDD& block, size_t depth, size_t n, size_t stride);

// The table in use.
const KernelTable& kernels();

}  // namespace insitu
