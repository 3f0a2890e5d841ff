// exp and log of one instruction set. Coefficients: conformance/reference/exp_log.py.
#pragma once

#include <limits>

#include "linalg/variant_vector.hpp"

namespace insitu::INSITU_VARIANT {

constexpr double kLn2High = 0x1.62e42fee00000p-1;  // 33 bits: its product with an exponent is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLog2E = 0x1.71547652b82fep+0;
// Adding it rounds to an integer, which then stands in the low bits.
constexpr double kRounder = 0x1.8p+52;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2, error 1.4e-18.
constexpr double kExp[] = {0x1.0000000000000p-1,  0x1.5555555555557p-3,  0x1.5555555555556p-5,
                           0x1.11111111100dfp-7,  0x1.6c16c16c162d6p-10, 0x1.a01a01abe6323p-13,
                           0x1.a01a01a6d7831p-16, 0x1.71de0237484cdp-19, 0x1.27e4db67ac2b0p-22,
                           0x1.af4ddda1c08cdp-26, 0x1.1f72fc83bcbc7p-29};
// (log((1 + s) / (1 - s)) - 2 s) / s^3 in z = s^2, error 2.1e-18.
constexpr double kLog[] = {0x1.5555555555555p-1, 0x1.9999999999a38p-2, 0x1.2492492476ccbp-2,
                           0x1.c71c7201592a1p-3, 0x1.745cf9048617ap-3, 0x1.3b1c355c3560fp-3,
                           0x1.0fbe95aaf31a8p-3, 0x1.0c039e172b8dfp-3};

template <size_t N>
INSITU_INLINE V polynomial(const double (&coefficients)[N], V x) {
  V value = splat(coefficients[N - 1]);
#pragma GCC unroll 16
  for (size_t i = N - 1; i > 0; --i) value = fma(value, x, splat(coefficients[i - 1]));
  return value;
}

// 2^n for -1022 <= n <= 1023.
INSITU_INLINE V power_of_two(VI n) { return from_bits((n + splat_bits(1023)) << 52); }

// x = n ln 2 + r + c; exp = 2^n (1 + (r + (r^2 q + c))). 2^n in two factors reaches subnormals with
// one rounding.
INSITU_INLINE V exp_vector(V x) {
  const V shifted = fma(x, splat(kLog2E), splat(kRounder));
  const V n = shifted - kRounder;
  const V high = x - n * kLn2High;
  const V low = n * kLn2Low;
  const V r = high - low;
  const V c = (high - r) - low;
  const V e = 1.0 + (r + fma(r * r, polynomial(kExp, r), c));
  const VI whole = bits(shifted) - bits(splat(kRounder));
  const VI half = ((whole + splat_bits(4096)) >> 1) - splat_bits(2048);
  const V value = (e * power_of_two(half)) * power_of_two(whole - half);
  const V top = x > splat(709.79) ? splat(kInfinity) : value;
  return x < splat(-745.14) ? V{} : top;
}

// x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); the terms in order of size.
INSITU_INLINE V log_vector(V x) {
  const auto subnormal = x < splat(0x1p-1022);
  const VI whole = bits(subnormal ? x * 0x1p54 : x);
  // The sign bit is a bias of 2048 that keeps the shift logical.
  const VI biased = (whole - splat_bits(0x3fe6a09e667f3bcd) + splat_bits(uint64_t{1} << 63)) >> 52;
  const V f = from_bits(whole - ((biased - splat_bits(2048)) << 52)) - 1.0;
  V k = from_bits(biased + bits(splat(0x1p52))) - 0x1.00000000008p+52;
  k -= subnormal ? splat(54.0) : V{};
  const V s = f / (2.0 + f);
  const V z = s * s;
  const V half_square = 0.5 * f * f;
  const V inner = s * fma(z, polynomial(kLog, z), half_square);
  const V value = k * kLn2High + (f - (half_square - fma(k, splat(kLn2Low), inner)));
  const V at_edge = x == V{} ? splat(-kInfinity) : (x == splat(kInfinity) ? x : value);
  return (x < V{} || x != x) ? splat(std::numeric_limits<double>::quiet_NaN()) : at_edge;
}

INSITU_KERNEL void exp(const double* x, size_t n, double* out) {
  for (size_t i = 0; i < n; i += kWidth)
    store_upto(out + i, exp_vector(load_upto(x + i, n - i)), n - i);
}

INSITU_KERNEL void log(const double* x, size_t n, double* out) {
  for (size_t i = 0; i < n; i += kWidth)
    store_upto(out + i, log_vector(load_upto(x + i, n - i)), n - i);
}

}  // namespace insitu::INSITU_VARIANT
