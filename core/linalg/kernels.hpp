// The inner loops, chosen once at run time for the machine (baseline, AVX2 + FMA, AVX-512).
//
// All variants keep the same 8 lanes, fuse the same multiply-adds and reduce the lanes in the same
// order, so AVX2 and AVX-512 (and arm64) give the same bits; baseline x86-64 has no fused
// multiply-add and is exempt.
//
// A tile is column-major: column j starts at tile + j * stride; it starts on 64 bytes, stride is a
// multiple of 8 (use tile_stride), and rows is a multiple of 8, at most kMaxTileRows: callers fill
// the tail with zeros (the packing kernels below do). Columns need no padding. Packed symmetric
// results are the upper triangle by rows, see packed_index. Arrays that are not tiles need no
// alignment. "_lo" arrays hold the low halves of double-doubles.
#pragma once

#include <cstddef>

#include "base/double_double.hpp"
#include "linalg/aligned.hpp"
#include "linalg/read_ahead.hpp"

namespace insitu {

inline constexpr size_t kMaxTileRows = 2048;

enum class Isa { kBaseline, kAvx2, kAvx512 };

// The variant in use: the best one here, unless INSITU_ISA=baseline|avx2|avx512 asks for less.
Isa active_isa();
bool isa_available(Isa isa);
// Returns false, and changes nothing, where the machine lacks it. Not for use while other threads
// compute.
bool set_isa_for_testing(Isa isa);

inline constexpr size_t round_up_8(size_t n) { return (n + 7) & ~size_t{7}; }
// An odd multiple of 64 bytes: columns do not fall on the same cache set.
inline constexpr size_t tile_stride(size_t rows) { return round_up_8(rows) | 8; }

inline constexpr size_t packed_size(size_t k) { return k * (k + 1) / 2; }
// Of entry (i, j), i <= j, in the upper triangle by rows of a k x k matrix.
inline constexpr size_t packed_index(size_t i, size_t j, size_t k) {
  return i * k - i * (i + 1) / 2 + j;
}

// --- sums (8 lanes, no error-free arithmetic). A finite sum proves that no x is NaN or infinite.
// Error <= (n/8 + 3) u sum|x|.
double column_sum(const double* x, size_t n);
double weighted_sum(const double* w, const double* x, size_t n);
// Sum of exact terms; lo arrays may be null. Error about 2^-104 of sum|x| (of sum|w x|).
DoubleDouble column_sum_dd(const double* hi, const double* lo, size_t n);
DoubleDouble weighted_sum_dd(const double* w, const double* hi, const double* lo, size_t n);

// --- out[i] += slope (x[i] - center), with one slope or a slope for each i; fused where the
// machine can.
void add_scaled(double slope, const double* x, double center, size_t n, double* out);
void add_products(const double* slopes, const double* x, double center, size_t n, double* out);

// --- packing. Each writes n values, then zeros up to the next multiple of 8; out may equal x.
// True only if every x is finite (and, as good as always, if they are).
bool subtract(const double* x, double shift, size_t n, double* out);
void multiply(const double* x, const double* w, size_t n, double* out);
// (x + x_lo) - shift as double-doubles; x_lo may be null. Returns whether any low half is not zero:
// if none is in the whole tile, pass no lo tile to gram_dd, which is then faster.
bool subtract_dd(const double* x, const double* x_lo, DoubleDouble shift, size_t n, double* hi,
                 double* lo);
// w (x + x_lo) and (a + a_lo)(b + b_lo), relative error 2^-104; lo inputs may be null. Returns as
// above.
bool multiply_dd(const double* x, const double* x_lo, const double* w, size_t n, double* hi,
                 double* lo);
bool product_dd(const double* a, const double* a_lo, const double* b, const double* b_lo, size_t n,
                double* hi, double* lo);

// --- cross-products T'T of a tile into packed[packed_size(k)], overwriting. Error <= (rows/8 + 3)
// u sum|terms|. Meanwhile asks for memory `ahead`.
void gram(const double* tile, size_t rows, size_t stride, size_t k, double* packed,
          ReadAhead* ahead = nullptr);
// T'WT from the tiles W T and T (same stride).
void gram_weighted(const double* wtile, const double* tile, size_t rows, size_t stride, size_t k,
                   double* packed, ReadAhead* ahead = nullptr);

// A tile of double-doubles; lo (same stride) may be null.
struct TileDD {
  const double* hi = nullptr;
  const double* lo = nullptr;
};
// The same as sums of exact products: error below 2^-99 |column i| |column j| (2-norms), typically
// 2^-103; exact zeros stay exact. Needs 2-norms of columns below 2^500 and, for full accuracy,
// above 2^-430 or zero. About 2-4 times the cost of gram.
void gram_dd(TileDD tile, size_t rows, size_t stride, size_t k, double* hi, double* lo);
void gram_weighted_dd(TileDD wtile, TileDD tile, size_t rows, size_t stride, size_t k, double* hi,
                      double* lo);

// --- arrays of double-doubles, normalised (|lo| <= ulp(hi)/2) in and out
// (hi, lo)[i] += (add_hi, add_lo)[i]; add_lo may be null.
void dd_add(double* hi, double* lo, const double* add_hi, const double* add_lo, size_t n);
// (y_hi, y_lo)[i] += factor * (x_hi, x_lo)[i]; x_lo may be null.
void dd_axpy(DoubleDouble factor, const double* x_hi, const double* x_lo, size_t n, double* y_hi,
             double* y_lo);
// Packed cross (k columns) += factor * d d'; d_lo may be null.
void dd_rank_one(size_t k, DoubleDouble factor, const double* d_hi, const double* d_lo,
                 double* cross_hi, double* cross_lo);

// Weighted moments of k columns: cross-products are about the mean, packed.
struct CenteredMoments {
  DoubleDouble weight;
  double* mean_hi = nullptr;
  double* mean_lo = nullptr;
  double* cross_hi = nullptr;
  double* cross_lo = nullptr;
};
// As above, but "mean" may be any origin near the mean if residual_* = sum of w (x - origin) is
// given: cross is then about the origin, and the merge corrects both exactly. All lo pointers, and
// residual_hi, may be null.
struct CenteredMomentsView {
  DoubleDouble weight;
  const double* mean_hi = nullptr;
  const double* mean_lo = nullptr;
  const double* cross_hi = nullptr;
  const double* cross_lo = nullptr;
  const double* residual_hi = nullptr;
  const double* residual_lo = nullptr;
};
// into += from: M += M_from + (w_a w_b / w) d d', d the difference of means (Chan, Golub, LeVeque
// 1979), in double-double. Weight 0 is the identity on either side: `into` need then hold zeros
// only.
void merge_centered(size_t k, CenteredMoments& into, const CenteredMomentsView& from);

}  // namespace insitu
