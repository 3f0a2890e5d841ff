// Helpers of the linalg tests: quadruple precision as the reference, and every instruction set of
// this machine.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "linalg/kernels.hpp"

namespace insitu::testing {

#if defined(__SIZEOF_FLOAT128__)
__extension__ typedef __float128 Quad;
#else
typedef long double Quad;  // quadruple on arm64
#endif

using Sizes = std::initializer_list<size_t>;

inline Quad quad(DoubleDouble x) { return static_cast<Quad>(x.hi) + static_cast<Quad>(x.lo); }
inline Quad quad_abs(Quad x) { return x < 0 ? -x : x; }
inline double magnitude(Quad x) { return static_cast<double>(quad_abs(x)); }
inline DoubleDouble rounded(Quad x) {
  const double hi = static_cast<double>(x);
  return {hi, static_cast<double>(x - static_cast<Quad>(hi))};
}

inline std::vector<Isa> available_isas() {
  std::vector<Isa> out;
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (isa_available(isa)) out.push_back(isa);
  }
  return out;
}

inline std::string isa_name(Isa isa) {
  return isa == Isa::kBaseline ? "baseline" : isa == Isa::kAvx2 ? "avx2" : "avx512";
}

// Runs its tests on one instruction set, and puts the machine's own back.
class EveryIsa : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { ASSERT_TRUE(set_isa_for_testing(GetParam())); }
  void TearDown() override { set_isa_for_testing(before_); }

 private:
  Isa before_ = active_isa();
};

inline std::string isa_param_name(const ::testing::TestParamInfo<Isa>& info) {
  return isa_name(info.param);
}

// SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t bits() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  // Uniform on (-1, 1), 53 bits.
  double symmetric() { return static_cast<double>(bits() >> 11) * 0x1p-52 - 1.0; }
  // Signs and exponents vary: 2^-spread .. 2^spread.
  double wide(int spread) {
    const int range = 2 * spread + 1;
    return std::ldexp(symmetric(),
                      static_cast<int>(bits() % static_cast<uint64_t>(range)) - spread);
  }

 private:
  uint64_t state_;
};

inline constexpr size_t kLengths[] = {0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 40, 100, 511, 2048, 5001};

inline std::vector<double> wide_values(uint64_t seed, size_t n, int spread = 20) {
  Random random(seed);
  std::vector<double> x(n);
  for (double& v : x) v = random.wide(spread);
  return x;
}

// hi + lo with |lo| <= ulp(hi) / 2.
struct Pair {
  std::vector<double> hi;
  std::vector<double> lo;
};
inline Pair wide_pairs(uint64_t seed, size_t n, int spread = 20) {
  Pair p{wide_values(seed, n, spread), wide_values(seed + 1, n, 0)};
  for (size_t i = 0; i < n; ++i) {
    const DoubleDouble x = two_sum(p.hi[i], p.hi[i] * p.lo[i] * 0x1p-54);
    p.hi[i] = x.hi;
    p.lo[i] = x.lo;
  }
  return p;
}

struct Tile {
  size_t n, rows, stride, k;
  AlignedDoubles hi, lo;
  Tile(uint64_t seed, size_t n_rows, size_t columns, int spread = 4)
      : n(n_rows), rows(round_up_8(n_rows)), stride(tile_stride(n_rows)), k(columns) {
    hi.assign(stride * k, 0.0);
    lo.assign(stride * k, 0.0);
    for (size_t j = 0; j < k; ++j) {
      const Pair p = wide_pairs(seed + 10 * j, n, spread);
      std::copy(p.hi.begin(), p.hi.end(), hi.begin() + static_cast<std::ptrdiff_t>(j * stride));
      std::copy(p.lo.begin(), p.lo.end(), lo.begin() + static_cast<std::ptrdiff_t>(j * stride));
    }
  }
  Quad at(size_t r, size_t j, bool with_lo) const {
    const size_t p = j * stride + r;
    return quad({hi[p], with_lo ? lo[p] : 0.0});
  }
};

}  // namespace insitu::testing
