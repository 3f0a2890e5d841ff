// Arrays of double-doubles of one instruction set.
#pragma once

#include "linalg/kernel_table.hpp"
#include "linalg/variant_vector.hpp"

namespace insitu::INSITU_VARIANT {

INSITU_KERNEL void dd_add(double* hi, double* lo, const double* add_hi, const double* add_lo,
                          size_t n) {
  for (size_t i = 0; i < n; i += kWidth) {
    const size_t left = n - i;
    const VD a = {load_upto(hi + i, left), load_upto(lo + i, left)};
    const V b = load_upto(add_hi + i, left);
    const VD s = add_lo == nullptr ? add(a, b) : add(a, VD{b, load_upto(add_lo + i, left)});
    store_upto(hi + i, s.hi, left);
    store_upto(lo + i, s.lo, left);
  }
}

INSITU_KERNEL void dd_axpy(DoubleDouble factor, const double* x_hi, const double* x_lo, size_t n,
                           double* y_hi, double* y_lo) {
  const VD f = {splat(factor.hi), splat(factor.lo)};
  for (size_t i = 0; i < n; i += kWidth) {
    const size_t left = n - i;
    const V x = load_upto(x_hi + i, left);
    const VD p = x_lo == nullptr ? mul(f, x) : mul(f, VD{x, load_upto(x_lo + i, left)});
    const VD s = add(VD{load_upto(y_hi + i, left), load_upto(y_lo + i, left)}, p);
    store_upto(y_hi + i, s.hi, left);
    store_upto(y_lo + i, s.lo, left);
  }
}

// One vector of row i of the packed matrix at `at`, columns j ...; `in_row` of its lanes belong to
// the row, and `in_matrix` may be touched. The lanes between the two are of the next row and keep
// their values.
template <bool kResidual>
INSITU_INLINE void rank_one_vector(const RankStep& step, VD d, VD r, size_t at, size_t j,
                                   size_t in_row, size_t in_matrix) {
  const VD old = {load_upto(step.cross_hi + at, in_matrix),
                  load_upto(step.cross_lo + at, in_matrix)};
  VD sum = old;
  if (step.from_hi != nullptr) {
    const V from = load_upto(step.from_hi + at, in_matrix);
    sum = step.from_lo == nullptr ? add(sum, from)
                                  : add(sum, VD{from, load_upto(step.from_lo + at, in_matrix)});
  }
  sum = add(sum, mul(d, VD{load(step.scaled_hi + j), load(step.scaled_lo + j)}));
  if constexpr (kResidual) {
    const VD p = mul(r, VD{load(step.scaled_r_hi + j), load(step.scaled_r_lo + j)});
    sum = add(sum, VD{-p.hi, -p.lo});
  }
  if (in_row < kWidth) {
    VI lane{};
    for (size_t l = 0; l < kWidth; ++l) lane[l] = l;
    const auto mine = lane < splat_bits(in_row);
    sum = {mine ? sum.hi : old.hi, mine ? sum.lo : old.lo};
  }
  store_upto(step.cross_hi + at, sum.hi, in_matrix);
  store_upto(step.cross_lo + at, sum.lo, in_matrix);
}

template <bool kResidual>
INSITU_KERNEL void rank_one_rows(const RankStep& step) {
  const size_t size = packed_size(step.k);
  size_t at = 0;
  for (size_t i = 0; i < step.k; ++i) {
    const VD d = {splat(step.d_hi[i]), splat(step.d_lo[i])};
    VD r{};
    if constexpr (kResidual) r = {splat(step.r_hi[i]), splat(step.r_lo[i])};
    const size_t length = step.k - i;
    for (size_t j = 0; j < length; j += kWidth) {
      rank_one_vector<kResidual>(step, d, r, at + j, i + j, length - j, size - at - j);
    }
    at += length;
  }
}

INSITU_KERNEL void rank_one(const RankStep& step) {
  if (step.r_hi == nullptr) {
    rank_one_rows<false>(step);
  } else {
    rank_one_rows<true>(step);
  }
}

// acc -= a b without renormalising: acc.lo collects the errors, |acc.lo| stays below a few hundred
// ulp between calls of quick_two_sum (every kRenormalise terms).
constexpr size_t kRenormalise = 32;

INSITU_INLINE void subtract_product(VD& acc, VD a, VD b) {
  const V p = a.hi * b.hi;
  V e = product_error(a.hi, b.hi, p);
  e = fma(a.hi, b.lo, e);
  e = fma(a.lo, b.hi, e);
  const V s = acc.hi - p;
  const V t = s - acc.hi;
  acc.lo += ((acc.hi - (s - t)) - (p + t)) - e;
  acc.hi = s;
}

INSITU_KERNEL void block_subtract(const BlockDD& block, size_t depth, size_t n, size_t stride) {
  for (size_t j = 0; j < n; j += kWidth) {
    VD acc[4];
#pragma GCC unroll 4
    for (size_t r = 0; r < 4; ++r)
      acc[r] = {load(block.c_hi + r * stride + j), load(block.c_lo + r * stride + j)};
    for (size_t s0 = 0; s0 < depth; s0 += kRenormalise) {
      const size_t end = depth - s0 < kRenormalise ? depth : s0 + kRenormalise;
      for (size_t s = s0; s < end; ++s) {
        const VD b = {load(block.b_hi + s * stride + j), load(block.b_lo + s * stride + j)};
#pragma GCC unroll 4
        for (size_t r = 0; r < 4; ++r) {
          subtract_product(acc[r], VD{splat(block.a_hi[4 * s + r]), splat(block.a_lo[4 * s + r])},
                           b);
        }
      }
#pragma GCC unroll 4
      for (size_t r = 0; r < 4; ++r) acc[r] = quick_two_sum(acc[r].hi, acc[r].lo);
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < 4; ++r) {
      store(block.c_hi + r * stride + j, acc[r].hi);
      store(block.c_lo + r * stride + j, acc[r].lo);
    }
  }
}

}  // namespace insitu::INSITU_VARIANT
