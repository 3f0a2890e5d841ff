// Cross-products on every instruction set, and the equality of bits between them.
#include <bit>
#include <functional>
#include <limits>

#include "linalg/kernel_table.hpp"
#include "linalg/log_link.hpp"
#include "linalg/logistic.hpp"
#include "linalg/math.hpp"
#include "linalg/reference_test.hpp"

namespace insitu {
namespace {

using testing::EveryIsa;
using testing::kLengths;
using testing::magnitude;
using testing::Pair;
using testing::Quad;
using testing::quad;
using testing::quad_abs;
using testing::Tile;
using testing::wide_pairs;

constexpr double kUnit = 0x1p-53;

struct Reference {
  Quad sum = 0;
  Quad terms = 0;  // sum of |terms|
  Quad norms = 0;  // product of the 2-norms, squared
};
Reference dot(const Tile& a, size_t i, bool a_lo, const Tile& b, size_t j, bool b_lo) {
  Reference out;
  Quad aa = 0;
  Quad bb = 0;
  for (size_t r = 0; r < a.rows; ++r) {
    const Quad x = a.at(r, i, a_lo);
    const Quad y = b.at(r, j, b_lo);
    out.sum += x * y;
    out.terms += quad_abs(x * y);
    aa += x * x;
    bb += y * y;
  }
  out.norms = aa * bb;
  return out;
}

class Gram : public EveryIsa {};

TEST_P(Gram, GramKeepsItsBound) {
  for (const size_t rows : testing::Sizes{8, 13, 512, 2048}) {
    for (const size_t k : testing::Sizes{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 24}) {
      const Tile tile(rows + k, rows, k);
      const Tile left(rows + k + 999, rows, k);
      std::vector<double> out(packed_size(k)), weighted(packed_size(k));
      gram(tile.hi.data(), tile.rows, tile.stride, k, out.data());
      gram_weighted(left.hi.data(), tile.hi.data(), tile.rows, tile.stride, k, weighted.data());
      const double bound = (static_cast<double>(tile.rows) / 8 + 4) * kUnit;
      for (size_t i = 0; i < k; ++i) {
        for (size_t j = i; j < k; ++j) {
          const Reference a = dot(tile, i, false, tile, j, false);
          const Reference b = dot(left, i, false, tile, j, false);
          const size_t p = packed_index(i, j, k);
          ASSERT_LE(magnitude(a.sum - out[p]), bound * magnitude(a.terms))
              << rows << " " << k << " " << i << " " << j;
          ASSERT_LE(magnitude(b.sum - weighted[p]), bound * magnitude(b.terms));
        }
      }
    }
  }
}

TEST_P(Gram, GramOfDoubleDoublesKeepsItsBound) {
  for (const size_t rows : testing::Sizes{8, 13, 512, 2048}) {
    for (const size_t k : testing::Sizes{1, 2, 3, 4, 5, 6, 7, 9, 24}) {
      const Tile tile(rows + k, rows, k);
      const Tile left(rows + k + 999, rows, k);
      std::vector<double> hi(packed_size(k)), lo(packed_size(k));
      for (const int lows : {0, 1, 2, 3}) {
        const bool left_lo = (lows & 1) != 0;
        const bool right_lo = (lows & 2) != 0;
        gram_weighted_dd({left.hi.data(), left_lo ? left.lo.data() : nullptr},
                         {tile.hi.data(), right_lo ? tile.lo.data() : nullptr}, tile.rows,
                         tile.stride, k, hi.data(), lo.data());
        for (size_t i = 0; i < k; ++i) {
          for (size_t j = i; j < k; ++j) {
            const Reference a = dot(left, i, left_lo, tile, j, right_lo);
            const size_t p = packed_index(i, j, k);
            ASSERT_LE(magnitude(a.sum - quad({hi[p], lo[p]})),
                      0x1p-99 * std::sqrt(magnitude(a.norms)))
                << rows << " " << k << " " << i << " " << j << " " << lows;
          }
        }
      }
    }
  }
}

TEST_P(Gram, GramOfDoubleDoublesIsExactOnIntegers) {
  Tile tile(3, 512, 5, 0);
  for (double& v : tile.hi) v = std::nearbyint(v * 0x1p40);
  std::vector<double> hi(15), lo(15);
  gram_dd({tile.hi.data(), nullptr}, tile.rows, tile.stride, 5, hi.data(), lo.data());
  for (size_t i = 0; i < 5; ++i) {
    for (size_t j = i; j < 5; ++j) {
      const size_t p = packed_index(i, j, 5);
      EXPECT_TRUE(dot(tile, i, false, tile, j, false).sum == quad({hi[p], lo[p]})) << i << " " << j;
    }
  }
}

TEST_P(Gram, GramOfDoubleDoublesSpansTheRange) {
  for (const double size : {0x1p-400, 0x1p-200, 1.0, 0x1p+300, 0x1p+480}) {
    Tile tile(3, 100, 3, 0);
    for (double& v : tile.hi) v *= size;
    for (size_t r = 0; r < tile.rows; ++r) tile.hi[2 * tile.stride + r] = 0.0;  // a column of zeros
    std::vector<double> hi(6), lo(6);
    gram_dd({tile.hi.data(), nullptr}, tile.rows, tile.stride, 3, hi.data(), lo.data());
    const Reference a = dot(tile, 0, false, tile, 1, false);
    const double norm = std::sqrt(static_cast<double>(a.norms / size / size / size / size));
    EXPECT_LE(magnitude((a.sum - quad({hi[1], lo[1]})) / size / size), 0x1p-100 * norm) << size;
    EXPECT_EQ(hi[packed_index(0, 2, 3)], 0.0);
    EXPECT_EQ(lo[packed_index(2, 2, 3)], 0.0);
  }
}

TEST_P(Gram, GramCarriesNotANumber) {
  Tile tile(3, 64, 6);
  tile.hi[2 * tile.stride + 17] = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> hi(21), lo(21);
  gram_dd({tile.hi.data(), nullptr}, tile.rows, tile.stride, 6, hi.data(), lo.data());
  EXPECT_TRUE(std::isnan(hi[packed_index(2, 2, 6)]) && std::isnan(hi[packed_index(1, 2, 6)]));
  EXPECT_TRUE(std::isfinite(hi[packed_index(0, 1, 6)]));
}

INSTANTIATE_TEST_SUITE_P(All, Gram, ::testing::ValuesIn(testing::available_isas()),
                         testing::isa_param_name);

// Everything one variant computes, in one list.
std::vector<double> all_results() {
  std::vector<double> out;
  const auto keep = [&](const auto& values) {
    out.insert(out.end(), values.begin(), values.end());
  };
  for (const size_t n : kLengths) {
    const Pair x = wide_pairs(n, n, 6);
    const Pair y = wide_pairs(n + 50, n, 6);
    const double* xh = x.hi.data();
    const double* xl = x.lo.data();
    std::vector<double> hi(round_up_8(n)), lo(round_up_8(n));
    std::vector<double> event(n);
    for (size_t i = 0; i < n; ++i) event[i] = y.hi[i] > 0.0 ? 1.0 : 0.0;
    for (const bool weighted : {false, true}) {
      const LogisticRows rows = {event.data(), weighted ? event.data() : nullptr, n};
      const LogisticSums sums = logistic_working(rows, xh, y.hi.data(), hi.data(), lo.data());
      keep(hi);
      keep(lo);
      out.insert(out.end(), {sums.deviance, sums.pearson, logistic_deviance(rows, xh)});
    }
    std::vector<double> counts(n);
    for (size_t i = 0; i < n; ++i) counts[i] = std::abs(y.hi[i]);
    for (const double power : {1.0, 1.5, 2.0}) {
      const LogLinkRows rows = {counts.data(), power == 2.0 ? counts.data() : nullptr, n};
      const PowerVariance variance(power);
      const LogLinkSums sums = log_link_working(rows, variance, power == 1.0 ? 0.0 : 1e-3, xh,
                                                y.hi.data(), hi.data(), lo.data());
      keep(hi);
      keep(lo);
      out.insert(out.end(), {sums.deviance, sums.pearson, log_link_deviance(rows, variance, xh)});
    }
    out.push_back(column_sum(xh, n));
    out.push_back(weighted_sum(y.hi.data(), xh, n));
    for (const DoubleDouble s :
         {column_sum_dd(xh, xl, n), weighted_sum_dd(y.hi.data(), xh, xl, n)}) {
      out.push_back(s.hi);
      out.push_back(s.lo);
    }
    const std::function<void()> arrays[] = {
        [&] { subtract(xh, 0.1, n, hi.data()); },
        [&] { multiply(xh, y.hi.data(), n, hi.data()); },
        [&] { add_scaled(0.1, xh, 0.3, n, hi.data()); },
        [&] { add_products(y.hi.data(), xh, 0.3, n, hi.data()); },
        [&] { subtract_dd(xh, xl, {0.1, 1e-19}, n, hi.data(), lo.data()); },
        [&] { product_dd(xh, xl, y.hi.data(), y.lo.data(), n, hi.data(), lo.data()); },
        [&] { pow_int_array(xh, xl, 10, n, hi.data(), lo.data()); },
        [&] { dd_add(hi.data(), lo.data(), xh, xl, n); },
        [&] { dd_axpy({0.1, 1e-19}, xh, xl, n, hi.data(), lo.data()); },
        [&] { exp_array(xh, n, hi.data()); },
        [&] { log_array(hi.data(), n, lo.data()); },
    };
    for (const auto& run : arrays) {
      run();
      keep(hi);
      keep(lo);
    }
  }
  for (const size_t k : testing::Sizes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 24, 31}) {
    const Tile tile(k, 200, k);
    std::vector<double> hi(packed_size(k)), lo(packed_size(k));
    gram(tile.hi.data(), tile.rows, tile.stride, k, hi.data());
    keep(hi);
    gram_dd({tile.hi.data(), nullptr}, tile.rows, tile.stride, k, hi.data(), lo.data());
    keep(hi);
    keep(lo);
    gram_dd({tile.hi.data(), tile.lo.data()}, tile.rows, tile.stride, k, hi.data(), lo.data());
    dd_rank_one(k, {0.1, 1e-19}, tile.hi.data(), tile.lo.data(), hi.data(), lo.data());
    keep(hi);
    keep(lo);
  }
  const Tile b(5, 40, 70);
  Tile c(6, 40, 4);
  dd_block_subtract({b.hi.data(), b.lo.data(), b.hi.data(), b.lo.data(), c.hi.data(), c.lo.data()},
                    70, 40, 40);
  keep(c.hi);
  keep(c.lo);
  return out;
}

TEST(KernelBits, Avx2AndAvx512Agree) {
  if (!isa_available(Isa::kAvx512)) GTEST_SKIP() << "no AVX-512 here";
  const Isa before = active_isa();
  ASSERT_TRUE(set_isa_for_testing(Isa::kAvx2));
  const std::vector<double> narrow = all_results();
  ASSERT_TRUE(set_isa_for_testing(Isa::kAvx512));
  const std::vector<double> wide = all_results();
  set_isa_for_testing(before);
  ASSERT_EQ(narrow.size(), wide.size());
  ASSERT_GT(narrow.size(), 100000U);
  for (size_t i = 0; i < wide.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint64_t>(narrow[i]), std::bit_cast<uint64_t>(wide[i])) << i;
  }
}

}  // namespace
}  // namespace insitu
