// Sums and packing of one instruction set.
#pragma once

#include "linalg/variant_vector.hpp"

namespace insitu::INSITU_VARIANT {

// Independent sets of 8 lanes hide the latency of the addition; they are summed before the lanes
// are.
constexpr size_t kSets = 4;

template <bool kWeighted>
INSITU_INLINE void accumulate(V* acc, const double* w, const double* x, size_t count) {
  for (size_t p = 0; p < kParts && p * kWidth < count; ++p) {
    const size_t at = p * kWidth;
    const V v = load_upto(x + at, count - at);
    if constexpr (kWeighted) {
      acc[p] = fma(load_upto(w + at, count - at), v, acc[p]);
    } else {
      acc[p] += v;
    }
  }
}

template <bool kWeighted>
INSITU_INLINE double sum(const double* w, const double* x, size_t n) {
  V acc[kSets][kParts] = {};
  size_t i = 0;
  for (; i + 8 * kSets <= n; i += 8 * kSets) {
    for (size_t s = 0; s < kSets; ++s) {
      accumulate<kWeighted>(acc[s], w + (kWeighted ? i + 8 * s : 0), x + i + 8 * s, 8);
    }
  }
  for (size_t s = 0; i < n; i += 8, ++s) {
    accumulate<kWeighted>(acc[s], w + (kWeighted ? i : 0), x + i, n - i < 8 ? n - i : 8);
  }
  alignas(64) double lane[8];
  for (size_t p = 0; p < kParts; ++p) {
    store(lane + p * kWidth, (acc[0][p] + acc[2][p]) + (acc[1][p] + acc[3][p]));
  }
  return reduce(lane);
}

INSITU_KERNEL double column_sum(const double* x, size_t n) { return sum<false>(x, x, n); }
INSITU_KERNEL double weighted_sum(const double* w, const double* x, size_t n) {
  return sum<true>(w, x, n);
}

// w and lo may be null.
INSITU_KERNEL DoubleDouble weighted_sum_dd(const double* w, const double* hi, const double* lo,
                                           size_t n) {
  VD acc[kParts] = {};
  for (size_t i = 0; i < n; i += 8) {
    for (size_t p = 0; p < kParts && i + p * kWidth < n; ++p) {
      const size_t at = i + p * kWidth;
      VD x = {load_upto(hi + at, n - at), lo == nullptr ? V{} : load_upto(lo + at, n - at)};
      if (w != nullptr) x = mul(x, load_upto(w + at, n - at));
      const VD s = two_sum(acc[p].hi, x.hi);
      acc[p] = quick_two_sum(s.hi, acc[p].lo + (s.lo + x.lo));
    }
  }
  alignas(64) double lane_hi[8];
  alignas(64) double lane_lo[8];
  for (size_t p = 0; p < kParts; ++p) {
    store(lane_hi + p * kWidth, acc[p].hi);
    store(lane_lo + p * kWidth, acc[p].lo);
  }
  DoubleDouble total;
  for (size_t l = 0; l < 8; ++l) total += DoubleDouble(lane_hi[l], lane_lo[l]);
  return total;
}

INSITU_INLINE void pad(double* out, size_t n) {
  for (size_t i = n; i % 8 != 0; ++i) out[i] = 0.0;
}

INSITU_KERNEL bool subtract(const double* x, double shift, size_t n, double* out) {
  const V c = splat(shift);
  V sums[kSets] = {};  // not finite if any difference is not
  size_t i = 0;
  for (; i + kSets * kWidth <= n; i += kSets * kWidth) {
    for (size_t s = 0; s < kSets; ++s) {
      const V d = load(x + i + s * kWidth) - c;
      store(out + i + s * kWidth, d);
      sums[s] += d;
    }
  }
  double rest = 0.0;
  for (; i < n; ++i) {
    out[i] = x[i] - shift;
    rest += out[i];
  }
  pad(out, n);
  const V total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (size_t l = 0; l < kWidth; ++l) rest += total[l];
  return rest - rest == 0.0;
}

INSITU_KERNEL void multiply(const double* x, const double* w, size_t n, double* out) {
  size_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(out + i, load(x + i) * load(w + i));
  for (; i < n; ++i) out[i] = x[i] * w[i];
  pad(out, n);
}

INSITU_KERNEL void add_scaled(double slope, const double* x, double center, size_t n, double* out) {
  const V a = splat(slope);
  const V c = splat(center);
  for (size_t i = 0; i < n; i += kWidth) {
    const size_t left = n - i;
    store_upto(out + i, fma(a, load_upto(x + i, left) - c, load_upto(out + i, left)), left);
  }
}

INSITU_KERNEL void add_products(const double* slopes, const double* x, double center, size_t n,
                                double* out) {
  const V c = splat(center);
  for (size_t i = 0; i < n; i += kWidth) {
    const size_t left = n - i;
    const V a = load_upto(slopes + i, left);
    store_upto(out + i, fma(a, load_upto(x + i, left) - c, load_upto(out + i, left)), left);
  }
}

// The low halves seen so far; NaN counts as not zero.
INSITU_INLINE bool any_nonzero(VI seen) {
  uint64_t all = 0;
  for (size_t l = 0; l < kWidth; ++l) all |= seen[l];
  return (all << 1) != 0;  // -0.0 is zero
}

INSITU_KERNEL bool subtract_dd(const double* x, const double* x_lo, DoubleDouble shift, size_t n,
                               double* hi, double* lo) {
  const VD c = {splat(-shift.hi), splat(-shift.lo)};
  VI seen{};
  for (size_t i = 0; i < n; i += kWidth) {
    const VD v = {load_upto(x + i, n - i), x_lo == nullptr ? V{} : load_upto(x_lo + i, n - i)};
    const VD d = add(v, c);
    store_upto(hi + i, d.hi, n - i);
    store_upto(lo + i, d.lo, n - i);
    const VI low = bits(d.lo);
    if (i + kWidth <= n) seen |= low;
    for (size_t l = 0; i + kWidth > n && l < n - i; ++l) seen[l] |= low[l];
  }
  pad(hi, n);
  pad(lo, n);
  return any_nonzero(seen);
}

INSITU_KERNEL bool product_dd(const double* a, const double* a_lo, const double* b,
                              const double* b_lo, size_t n, double* hi, double* lo) {
  VI seen{};
  for (size_t i = 0; i < n; i += kWidth) {
    const VD x = {load_upto(a + i, n - i), a_lo == nullptr ? V{} : load_upto(a_lo + i, n - i)};
    const VD y = {load_upto(b + i, n - i), b_lo == nullptr ? V{} : load_upto(b_lo + i, n - i)};
    const VD p = mul(x, y);
    store_upto(hi + i, p.hi, n - i);
    store_upto(lo + i, p.lo, n - i);
    seen |= bits(p.lo);
  }
  pad(hi, n);
  pad(lo, n);
  return any_nonzero(seen);
}

INSITU_KERNEL bool pow_int(const double* x, const double* x_lo, unsigned power, size_t n,
                           double* hi, double* lo) {
  VI seen{};
  for (size_t i = 0; i < n; i += kWidth) {
    VD base = {load_upto(x + i, n - i), x_lo == nullptr ? V{} : load_upto(x_lo + i, n - i)};
    VD result = {splat(1.0), V{}};
    bool first = true;
    for (unsigned e = power; e != 0; e >>= 1) {
      if ((e & 1) != 0) {
        result = first ? base : mul(result, base);
        first = false;
      }
      if (e > 1) base = mul(base, base);
    }
    store_upto(hi + i, result.hi, n - i);
    store_upto(lo + i, result.lo, n - i);
    seen |= bits(result.lo);
  }
  pad(hi, n);
  pad(lo, n);
  return any_nonzero(seen);
}

}  // namespace insitu::INSITU_VARIANT
