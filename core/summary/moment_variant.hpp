// Moments of one instruction set: see linalg/variant_vector.hpp for the macros, INSITU_MOMENTS
// names the table.
#pragma once

#include <limits>

#include "linalg/variant_vector.hpp"
#include "summary/moment_kernels.hpp"

namespace insitu::INSITU_VARIANT {

// Double-doubles of 8 lanes.
struct Lanes {
  V hi[kParts] = {};
  V lo[kParts] = {};

  INSITU_TARGET __attribute__((always_inline)) void add(size_t p, V value) {
    const VD s = two_sum(hi[p], value);
    hi[p] = s.hi;
    lo[p] += s.lo;
  }
  // The lanes in order, exactly as on every other machine.
  INSITU_TARGET __attribute__((always_inline)) DoubleDouble total() const {
    alignas(64) double high[8];
    alignas(64) double low[8];
    for (size_t p = 0; p < kParts; ++p) {
      store(high + p * kWidth, hi[p]);
      store(low + p * kWidth, lo[p]);
    }
    DoubleDouble sum[8];
    for (size_t l = 0; l < 8; ++l) sum[l] = insitu::two_sum(high[l], low[l]);
    for (size_t half = 4; half > 0; half /= 2) {
      for (size_t l = 0; l < half; ++l) sum[l] += sum[l + half];
    }
    return sum[0];
  }
};

// The first count of 8 numbers, then `rest`.
INSITU_INLINE void fill_8(double* out, const double* x, size_t count, double rest) {
  for (size_t l = 0; l < 8; ++l) out[l] = l < count ? x[l] : rest;
}

struct Extremes {
  V low[kParts];
  V high[kParts];
  DoubleDouble sum;     // of w x
  DoubleDouble weight;  // of w
};

template <bool kWeighted>
INSITU_INLINE void scan(const double* x, const double* w, size_t n, Extremes& out) {
  Lanes sums;
  Lanes weights;
  for (size_t p = 0; p < kParts; ++p) out.low[p] = out.high[p] = splat(x[0]);
  alignas(64) double last_x[8];
  alignas(64) double last_w[8];
  for (size_t i = 0; i < n; i += 8) {
    const double* at = x + i;
    const double* weight_at = w + (kWeighted ? i : 0);
    const bool tail = n - i < 8;
    if (tail) {
      fill_8(last_x, at, n - i, x[0]);
      if (kWeighted) fill_8(last_w, weight_at, n - i, 0.0);
      at = last_x;
      weight_at = last_w;
    }
    for (size_t p = 0; p < kParts; ++p) {
      const V v = load(at + p * kWidth);
      out.low[p] = v < out.low[p] ? v : out.low[p];
      out.high[p] = v > out.high[p] ? v : out.high[p];
      if constexpr (kWeighted) {
        const V u = load(weight_at + p * kWidth);
        weights.add(p, u);
        const VD product = two_product(u, v);
        sums.add(p, product.hi);
        sums.lo[p] += product.lo;
      }
    }
    if constexpr (!kWeighted) {
      if (tail) fill_8(last_x, x + i, n - i, 0.0);
      for (size_t p = 0; p < kParts; ++p) sums.add(p, load(at + p * kWidth));
    }
  }
  out.sum = sums.total();
  out.weight = kWeighted ? weights.total() : DoubleDouble(static_cast<double>(n));
}

// Sum of w (x - centre)^2. Groups of four terms are summed plainly: like that of the squares, their
// rounding is of either sign and averages out, whatever n. Asks for the rows behind these, which
// the next tile holds.
template <bool kWeighted>
INSITU_INLINE DoubleDouble squares(const double* x, const double* w, size_t n, double centre) {
  constexpr size_t kGroup = 4;
  Lanes sums;
  const V c = splat(centre);
  size_t i = 0;
  for (; i + 8 * kGroup <= n; i += 8 * kGroup) {
    for (size_t p = 0; p < kParts; ++p) {
      V group{};
      for (size_t k = 0; k < kGroup; ++k) {
        const size_t at = i + 8 * k + p * kWidth;
        const V d = load(x + at) - c;
        group = kWeighted ? fma(d * load(w + at), d, group) : fma(d, d, group);
      }
      sums.add(p, group);
    }
    for (size_t k = 0; k < kGroup; ++k) __builtin_prefetch(x + n + i + 8 * k, 0, 2);
  }
  alignas(64) double last_x[8];
  alignas(64) double last_w[8];
  for (; i < n; i += 8) {
    fill_8(last_x, x + i, n - i, centre);
    if (kWeighted) fill_8(last_w, w + i, n - i, 0.0);
    for (size_t p = 0; p < kParts; ++p) {
      const V d = load(last_x + p * kWidth) - c;
      sums.add(p, kWeighted ? d * d * load(last_w + p * kWidth) : d * d);
    }
  }
  return sums.total();
}

INSITU_INLINE double least(const V* parts, bool greatest) {
  double found = parts[0][0];
  for (size_t p = 0; p < kParts; ++p) {
    for (size_t l = 0; l < kWidth; ++l) {
      if (greatest ? parts[p][l] > found : parts[p][l] < found) found = parts[p][l];
    }
  }
  return found + 0.0;  // one zero
}

template <bool kWeighted>
INSITU_INLINE Moments moments(const double* x, const double* w, size_t n) {
  Extremes seen;
  scan<kWeighted>(x, w, n, seen);
  Moments result;
  result.valid = n;
  result.weight = seen.weight;
  result.mean = seen.sum / seen.weight;
  result.min = least(seen.low, false);
  result.max = least(seen.high, true);
  const DoubleDouble off = result.mean - DoubleDouble(result.mean.hi);
  const DoubleDouble about = squares<kWeighted>(x, w, n, result.mean.hi);
  result.m2 = about - off * off * seen.weight;
  return result;
}

INSITU_KERNEL Moments moments_of(const double* x, const double* w, size_t n) {
  return w == nullptr ? moments<false>(x, w, n) : moments<true>(x, w, n);
}

INSITU_INLINE double product_rest(double a, double b, double p) {
#if defined(INSITU_FMA)
  return __builtin_fma(a, b, -p);
#else
  // Dekker's splitting, as product_error.
  const double ta = a * 134217729.0;
  const double tb = b * 134217729.0;
  const double ah = ta - (ta - a);
  const double bh = tb - (tb - b);
  return ((ah * bh - p) + ah * (b - bh) + (a - ah) * bh) + (a - ah) * (b - bh);
#endif
}

INSITU_INLINE void add_exact(double& sum, double& low, double value, double rest) {
  const double s = sum + value;
  const double t = s - sum;
  low += ((sum - (s - t)) + (value - t)) + rest;
  sum = s;
}

template <bool kWeighted>
INSITU_INLINE void add_row(CellSums& cell, double x, double w) {
  if (x != x) {
    ++cell.missing;
    if (kWeighted) add_exact(cell.missing_weight, cell.missing_weight_low, w, 0.0);
    return;
  }
  if (cell.valid++ == 0) cell.origin = x;
  cell.min = x < cell.min ? x : cell.min;
  cell.max = x > cell.max ? x : cell.max;
  const double d = x - cell.origin;
  const double t = d - x;
  const double d_low = (x - (d - t)) - (cell.origin + t);
  const double square = d * d;
  const double square_low = product_rest(d, d, square) + 2.0 * d * d_low;
  if constexpr (kWeighted) {
    const double wd = w * d;
    const double ws = w * square;
    add_exact(cell.weight, cell.weight_low, w, 0.0);
    add_exact(cell.sum, cell.sum_low, wd, product_rest(w, d, wd) + w * d_low);
    add_exact(cell.squares, cell.squares_low, ws, product_rest(w, square, ws) + w * square_low);
  } else {
    add_exact(cell.sum, cell.sum_low, d, d_low);
    add_exact(cell.squares, cell.squares_low, square, square_low);
  }
}

INSITU_KERNEL void add_to_cells(const uint32_t* codes, const double* x, const double* w, size_t n,
                                CellSums* cells, uint32_t n_cells) {
  for (size_t i = 0; i < n; ++i) {
    if (codes[i] >= n_cells) continue;
    if (w == nullptr) {
      add_row<false>(cells[codes[i]], x[i], 1.0);
    } else {
      add_row<true>(cells[codes[i]], x[i], w[i]);
    }
  }
}

}  // namespace insitu::INSITU_VARIANT

namespace insitu {

const MomentKernels INSITU_MOMENTS = {
    .moments = INSITU_VARIANT::moments_of,
    .cells = INSITU_VARIANT::add_to_cells,
};

}  // namespace insitu
