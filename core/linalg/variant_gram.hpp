// Cross-products of one instruction set: register tiles of 8 lanes. An entry is the sum of its
// lanes, each lane one chain of multiply-adds over the rows, so the shape of the register tile
// changes no bit.
#pragma once

#include "linalg/kernel_table.hpp"
#include "linalg/variant_vector.hpp"

namespace insitu::INSITU_VARIANT {

constexpr size_t kRows = 4;  // columns on the left of a register tile
constexpr size_t kColumns = INSITU_REGISTERS == 32 ? 4 : 3;  // on the right
constexpr size_t kRowsDD = 2;
constexpr size_t kColumnsDD = INSITU_REGISTERS == 32 ? 4 : 2;

// Entries (i0 + m, j0 + n); on the diagonal those with m <= n.
template <size_t M, size_t N, bool kDiagonal>
INSITU_KERNEL void gram_block(const GramStep& g, size_t i0, size_t j0, const char* ahead) {
  alignas(64) double lanes[M][N][8];
  const double* left = g.left + i0 * g.stride;
  const double* right = g.right + j0 * g.stride;
  for (size_t p = 0; p < kParts; ++p) {
    V acc[M][N] = {};
    for (size_t r = p * kWidth; r < g.rows; r += 8) {
      V x[M];
#pragma GCC unroll 8
      for (size_t m = 0; m < M; ++m) x[m] = load(left + m * g.stride + r);
      if (p == 0) __builtin_prefetch(ahead + r * sizeof(double), 0, 2);
#pragma GCC unroll 8
      for (size_t n = 0; n < N; ++n) {
        const V y = load(right + n * g.stride + r);
#pragma GCC unroll 8
        for (size_t m = 0; m < M; ++m) {
          if (!kDiagonal || m <= n) acc[m][n] = fma(x[m], y, acc[m][n]);
        }
      }
    }
#pragma GCC unroll 8
    for (size_t m = 0; m < M; ++m) {
#pragma GCC unroll 8
      for (size_t n = 0; n < N; ++n) store(&lanes[m][n][p * kWidth], acc[m][n]);
    }
  }
  for (size_t m = 0; m < M; ++m) {
    double* row = g.packed + packed_index(i0 + m, j0, g.k);
    for (size_t n = kDiagonal ? m : 0; n < N; ++n) row[n] = reduce(lanes[m][n]);
  }
}

INSITU_KERNEL void gram_diagonal(const GramStep& g, size_t i0, size_t m, const char* ahead) {
  switch (m) {
    case 1:
      return gram_block<1, 1, true>(g, i0, i0, ahead);
    case 2:
      return gram_block<2, 2, true>(g, i0, i0, ahead);
    case 3:
      return gram_block<3, 3, true>(g, i0, i0, ahead);
    default:
      return gram_block<4, 4, true>(g, i0, i0, ahead);
  }
}

INSITU_KERNEL void gram_right(const GramStep& g, size_t i0, size_t j0, size_t n,
                              const char* ahead) {
  switch (n) {
    case 1:
      return gram_block<kRows, 1, false>(g, i0, j0, ahead);
    case 2:
      return gram_block<kRows, 2, false>(g, i0, j0, ahead);
    case 3:
      return gram_block<kRows, 3, false>(g, i0, j0, ahead);
    default:
      return gram_block<kRows, kColumns, false>(g, i0, j0, ahead);
  }
}

INSITU_KERNEL void gram(const GramStep& g) {
  size_t block = 0;
  // Where nothing is to be asked for, what the block reads anyway.
  const auto ahead_of = [&](size_t column) {
    const char* own = reinterpret_cast<const char*>(g.left + column * g.stride);
    return block < g.n_ahead ? g.ahead[block++] : own;
  };
  for (size_t i0 = 0; i0 < g.k; i0 += kRows) {
    const size_t m = g.k - i0 < kRows ? g.k - i0 : kRows;
    gram_diagonal(g, i0, m, ahead_of(i0));
    for (size_t j0 = i0 + m; j0 < g.k; j0 += kColumns) {
      gram_right(g, i0, j0, g.k - j0 < kColumns ? g.k - j0 : kColumns, ahead_of(i0));
    }
  }
}

// --- exact products. An accumulator starts at an anchor 1.5 x 2^m, where 2^(m-1) exceeds, by
// Cauchy-Schwarz, every partial sum of its lane: it never leaves its binade, hence
//     s = fma(x, y, acc),  t = s - acc  (exact),  r = fma(x, y, -t),  low += r,
// errs by 2^-106 of the anchor, in 4 operations where two_product and two_sum take 10. Every kPush
// steps low gives acc what is in its reach (exactly), so that low stays a few ulp of acc.
constexpr size_t kPush = 16;

// Largest root of the sum of squares of a lane.
INSITU_INLINE double lane_norm(const double* x, size_t rows) {
  V acc[kParts] = {};
  for (size_t r = 0; r < rows; r += 8) {
    for (size_t p = 0; p < kParts; ++p) {
      const V v = load(x + r + p * kWidth);
      acc[p] = fma(v, v, acc[p]);
    }
  }
  V most = acc[0];
  for (size_t p = 1; p < kParts; ++p) most = most >= acc[p] ? most : acc[p];
  double largest = 0.0;
  for (size_t l = 0; l < kWidth; ++l) largest = largest >= most[l] ? largest : most[l];
  return __builtin_sqrt(largest);
}

// A norm that underflowed still bounds its column. NaN has no bound: it reaches the products
// itself.
INSITU_KERNEL void lane_norms(const double* tile, size_t rows, size_t stride, size_t k,
                              double* norms) {
  for (size_t j = 0; j < k; ++j) {
    const double norm = lane_norm(tile + j * stride, rows);
    norms[j] = norm > 0x1p-500 ? norm : 0x1p-500;
  }
}

// 2^(m-1) is the first power of two that is at least the product (and the rounding of the norms).
INSITU_INLINE double anchor(double left_norm, double right_norm) {
  const double product = left_norm * right_norm * (1.0 + 0x1p-40);
  uint64_t exponent;
  std::memcpy(&exponent, &product, sizeof exponent);
  exponent &= uint64_t{0x7ff} << 52;
  double below;
  std::memcpy(&below, &exponent, sizeof below);
  return 6.0 * below;
}

INSITU_INLINE void multiply_add_exact(V x, V y, V& acc, V& rest) {
#if defined(INSITU_FMA)
  const V s = fma(x, y, acc);
  rest = fma(x, y, -(s - acc));
#else
  const VD p = two_product(x, y);
  const V s = acc + p.hi;
  rest = (p.hi - (s - acc)) + p.lo;
#endif
  acc = s;
}

template <size_t M, size_t N>
struct LanesDD {
  alignas(64) double hi[M][N][8];
  alignas(64) double lo[M][N][8];
};

// The lanes of part p (of kParts) of a register tile.
template <size_t M, size_t N, bool kDiagonal, bool kLeftLow, bool kRightLow>
INSITU_INLINE void gram_lanes_dd(const GramStepDD& g, size_t i0, size_t j0, size_t p,
                                 LanesDD<M, N>& lanes) {
  const size_t left = i0 * g.stride;
  const size_t right = j0 * g.stride;
  V acc[M][N];
  V low[M][N] = {};
#pragma GCC unroll 8
  for (size_t m = 0; m < M; ++m) {
#pragma GCC unroll 8
    for (size_t n = 0; n < N; ++n) {
      acc[m][n] = splat(anchor(g.left_norm[i0 + m], g.right_norm[j0 + n]));
      store(&lanes.hi[m][n][p * kWidth], acc[m][n]);
    }
  }
  for (size_t r0 = 0; r0 < g.rows; r0 += 8 * kPush) {
    const size_t end = g.rows - r0 < 8 * kPush ? g.rows : r0 + 8 * kPush;
    for (size_t r = r0 + p * kWidth; r < end; r += 8) {
#pragma GCC unroll 8
      for (size_t n = 0; n < N; ++n) {
        const size_t at_right = right + n * g.stride + r;
        const V y = load(g.right.hi + at_right);
#pragma GCC unroll 8
        for (size_t m = 0; m < M; ++m) {
          if (kDiagonal && m > n) continue;
          const size_t at_left = left + m * g.stride + r;
          const V x = load(g.left.hi + at_left);
          V rest;
          multiply_add_exact(x, y, acc[m][n], rest);
          if constexpr (kRightLow) rest = fma(x, load(g.right.lo + at_right), rest);
          if constexpr (kLeftLow) rest = fma(load(g.left.lo + at_left), y, rest);
          low[m][n] += rest;
        }
      }
    }
#pragma GCC unroll 8
    for (size_t m = 0; m < M; ++m) {
#pragma GCC unroll 8
      for (size_t n = 0; n < N; ++n) {
        const V s = acc[m][n] + low[m][n];
        low[m][n] -= s - acc[m][n];
        acc[m][n] = s;
      }
    }
  }
#pragma GCC unroll 8
  for (size_t m = 0; m < M; ++m) {
#pragma GCC unroll 8
    for (size_t n = 0; n < N; ++n) {
      double* hi = &lanes.hi[m][n][p * kWidth];
      store(hi, acc[m][n] - load(hi));
      store(&lanes.lo[m][n][p * kWidth], low[m][n]);
    }
  }
}

template <size_t M, size_t N, bool kDiagonal, bool kLeftLow, bool kRightLow>
INSITU_KERNEL void gram_block_dd(const GramStepDD& g, size_t i0, size_t j0) {
  LanesDD<M, N> lanes;
  for (size_t p = 0; p < kParts; ++p) {
    gram_lanes_dd<M, N, kDiagonal, kLeftLow, kRightLow>(g, i0, j0, p, lanes);
  }
  for (size_t m = 0; m < M; ++m) {
    const size_t row = packed_index(i0 + m, j0, g.k);
    for (size_t n = kDiagonal ? m : 0; n < N; ++n) {
      // The lanes are multiples of one ulp, and sums of four still fit 53 bits.
      const double* lane = lanes.hi[m][n];
      const DoubleDouble high = insitu::two_sum((lane[0] + lane[4]) + (lane[2] + lane[6]),
                                                (lane[1] + lane[5]) + (lane[3] + lane[7]));
      const DoubleDouble sum = insitu::two_sum(high.hi, high.lo + reduce(lanes.lo[m][n]));
      g.hi[row + n] = sum.hi;
      g.lo[row + n] = sum.lo;
    }
  }
}

template <bool kLeftLow, bool kRightLow>
INSITU_KERNEL void gram_blocks_dd(const GramStepDD& g) {
  for (size_t i0 = 0; i0 < g.k; i0 += kRowsDD) {
    if (g.k - i0 == 1) return gram_block_dd<1, 1, true, kLeftLow, kRightLow>(g, i0, i0);
    gram_block_dd<2, 2, true, kLeftLow, kRightLow>(g, i0, i0);
    for (size_t j0 = i0 + kRowsDD; j0 < g.k; j0 += kColumnsDD) {
      switch (g.k - j0 < kColumnsDD ? g.k - j0 : kColumnsDD) {
        case 1:
          gram_block_dd<kRowsDD, 1, false, kLeftLow, kRightLow>(g, i0, j0);
          break;
        case 2:
          gram_block_dd<kRowsDD, 2, false, kLeftLow, kRightLow>(g, i0, j0);
          break;
        case 3:
          gram_block_dd<kRowsDD, 3, false, kLeftLow, kRightLow>(g, i0, j0);
          break;
        default:
          gram_block_dd<kRowsDD, kColumnsDD, false, kLeftLow, kRightLow>(g, i0, j0);
      }
    }
  }
}

INSITU_KERNEL void gram_dd(const GramStepDD& g) {
  if (g.left.lo == nullptr) {
    g.right.lo == nullptr ? gram_blocks_dd<false, false>(g) : gram_blocks_dd<false, true>(g);
  } else {
    g.right.lo == nullptr ? gram_blocks_dd<true, false>(g) : gram_blocks_dd<true, true>(g);
  }
}

}  // namespace insitu::INSITU_VARIANT
