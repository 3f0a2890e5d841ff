#include "linalg/kernels.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "linalg/math.hpp"
#include "linalg/reference_test.hpp"

namespace insitu {
namespace {

using testing::EveryIsa;
using testing::magnitude;
using testing::Quad;
using testing::quad;
using testing::quad_abs;
using testing::Random;
using testing::rounded;

constexpr double kUnit = 0x1p-53;
const size_t kLengths[] = {0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 40, 100, 511, 2048, 5001};

std::vector<double> wide_values(uint64_t seed, size_t n, int spread = 20) {
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
Pair wide_pairs(uint64_t seed, size_t n, int spread = 20) {
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

class Kernels : public EveryIsa {};

TEST_P(Kernels, SumsKeepTheirBound) {
  for (const size_t n : kLengths) {
    const std::vector<double> x = wide_values(n, n);
    const std::vector<double> w = wide_values(n + 1, n, 2);
    Quad sum = 0, terms = 0, weighted = 0, weighted_terms = 0;
    for (size_t i = 0; i < n; ++i) {
      sum += x[i];
      terms += std::fabs(x[i]);
      const Quad t = static_cast<Quad>(w[i]) * x[i];
      weighted += t;
      weighted_terms += quad_abs(t);
    }
    const double bound = (static_cast<double>(n) / 8 + 5) * kUnit;
    EXPECT_LE(magnitude(sum - column_sum(x.data(), n)), bound * magnitude(terms)) << n;
    EXPECT_LE(magnitude(weighted - weighted_sum(w.data(), x.data(), n)),
              bound * magnitude(weighted_terms))
        << n;
  }
}

TEST_P(Kernels, SumIsFiniteExactlyWhenAllAre) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    for (size_t at = 0; at < 77; ++at) {
      std::vector<double> x(77, 1.0);
      EXPECT_EQ(column_sum(x.data(), x.size()), 77.0);
      x[at] = bad;
      EXPECT_FALSE(std::isfinite(column_sum(x.data(), x.size()))) << at;
    }
  }
}

TEST_P(Kernels, DoubleDoubleSums) {
  for (const size_t n : kLengths) {
    const Pair x = wide_pairs(n + 5, n);
    const std::vector<double> w = wide_values(n + 1, n, 2);
    Quad hi_sum = 0, sum = 0, terms = 0, weighted = 0;
    for (size_t i = 0; i < n; ++i) {
      hi_sum += x.hi[i];
      sum += quad({x.hi[i], x.lo[i]});
      terms += std::fabs(x.hi[i]) * 4;
      weighted += w[i] * quad({x.hi[i], x.lo[i]});
    }
    const double bound = 0x1p-100 * magnitude(terms);
    EXPECT_LE(magnitude(hi_sum - quad(column_sum_dd(x.hi.data(), nullptr, n))), bound) << n;
    EXPECT_LE(magnitude(sum - quad(column_sum_dd(x.hi.data(), x.lo.data(), n))), bound) << n;
    EXPECT_LE(magnitude(weighted - quad(weighted_sum_dd(w.data(), x.hi.data(), x.lo.data(), n))),
              bound)
        << n;
  }
}

TEST_P(Kernels, PackingWritesValuesThenZeros) {
  for (const size_t n : kLengths) {
    const std::vector<double> x = wide_values(n, n);
    const std::vector<double> w = wide_values(n + 1, n);
    std::vector<double> out(round_up_8(n) + 1, 7.0);
    subtract(x.data(), 0.1, n, out.data());
    for (size_t i = 0; i < n; ++i) EXPECT_EQ(out[i], x[i] - 0.1);
    for (size_t i = n; i < round_up_8(n); ++i) EXPECT_EQ(out[i], 0.0);
    EXPECT_EQ(out.back(), 7.0);
    multiply(x.data(), w.data(), n, out.data());
    for (size_t i = 0; i < n; ++i) EXPECT_EQ(out[i], x[i] * w[i]);
    for (size_t i = n; i < round_up_8(n); ++i) EXPECT_EQ(out[i], 0.0);
    EXPECT_EQ(out.back(), 7.0);
  }
}

TEST_P(Kernels, DoubleDoublePackingIsAccurate) {
  for (const size_t n : kLengths) {
    const Pair x = wide_pairs(n, n);
    const Pair y = wide_pairs(n + 50, n);
    std::vector<double> hi(round_up_8(n)), lo(round_up_8(n));
    const DoubleDouble shift = two_sum(0.1, 1e-18);
    const auto check = [&](size_t i, Quad exact, double size) {
      ASSERT_LE(magnitude(exact - quad({hi[i], lo[i]})), 0x1p-102 * size) << n << " " << i;
    };
    subtract_dd(x.hi.data(), nullptr, shift, n, hi.data(), lo.data());
    for (size_t i = 0; i < n; ++i) check(i, x.hi[i] - quad(shift), std::fabs(x.hi[i]) + 0.1);
    subtract_dd(x.hi.data(), x.lo.data(), shift, n, hi.data(), lo.data());
    for (size_t i = 0; i < n; ++i)
      check(i, quad({x.hi[i], x.lo[i]}) - quad(shift), std::fabs(x.hi[i]) + 0.1);
    multiply_dd(x.hi.data(), x.lo.data(), y.hi.data(), n, hi.data(), lo.data());
    for (size_t i = 0; i < n; ++i) {
      const Quad exact = quad({x.hi[i], x.lo[i]}) * y.hi[i];
      check(i, exact, magnitude(exact));
    }
    product_dd(x.hi.data(), x.lo.data(), y.hi.data(), y.lo.data(), n, hi.data(), lo.data());
    for (size_t i = 0; i < n; ++i) {
      const Quad exact = quad({x.hi[i], x.lo[i]}) * quad({y.hi[i], y.lo[i]});
      check(i, exact, magnitude(exact));
    }
    for (size_t i = n; i < hi.size(); ++i) EXPECT_TRUE(hi[i] == 0.0 && lo[i] == 0.0);
  }
}

TEST_P(Kernels, PackingTellsWhetherLowHalvesMatter) {
  for (const size_t n : testing::Sizes{1, 7, 8, 13, 100}) {
    std::vector<double> x(n, 3.0), hi(round_up_8(n)), lo(round_up_8(n));
    EXPECT_FALSE(subtract_dd(x.data(), nullptr, -5.0, n, hi.data(), lo.data()));
    EXPECT_TRUE(subtract_dd(x.data(), nullptr, {3.0, 1e-30}, n, hi.data(), lo.data()) ==
                (hi[0] != -1e-30));
    for (size_t at = 0; at < n; ++at) {
      x[at] = 0.1;
      EXPECT_TRUE(subtract_dd(x.data(), nullptr, -5.0, n, hi.data(), lo.data())) << n << " " << at;
      EXPECT_TRUE(multiply_dd(x.data(), nullptr, x.data(), n, hi.data(), lo.data()));
      EXPECT_TRUE(pow_int_array(x.data(), nullptr, 2, n, hi.data(), lo.data()));
      x[at] = 3.0;
    }
  }
}

TEST_P(Kernels, GramKeepsItsBound) {
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

TEST_P(Kernels, GramOfDoubleDoublesKeepsItsBound) {
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

TEST_P(Kernels, GramOfDoubleDoublesIsExactOnIntegers) {
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

TEST_P(Kernels, GramOfDoubleDoublesSpansTheRange) {
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

TEST_P(Kernels, GramCarriesNotANumber) {
  Tile tile(3, 64, 6);
  tile.hi[2 * tile.stride + 17] = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> hi(21), lo(21);
  gram_dd({tile.hi.data(), nullptr}, tile.rows, tile.stride, 6, hi.data(), lo.data());
  EXPECT_TRUE(std::isnan(hi[packed_index(2, 2, 6)]) && std::isnan(hi[packed_index(1, 2, 6)]));
  EXPECT_TRUE(std::isfinite(hi[packed_index(0, 1, 6)]));
}

TEST_P(Kernels, ArraysOfDoubleDoubles) {
  for (const size_t n : kLengths) {
    const Pair x = wide_pairs(n, n);
    const Pair y = wide_pairs(n + 7, n);
    const DoubleDouble factor = two_sum(1.0 / 3.0, 1e-17);
    for (const bool with_lo : {false, true}) {
      Pair sum = y;
      Pair product = y;
      const double* lo = with_lo ? x.lo.data() : nullptr;
      dd_add(sum.hi.data(), sum.lo.data(), x.hi.data(), lo, n);
      dd_axpy(factor, x.hi.data(), lo, n, product.hi.data(), product.lo.data());
      for (size_t i = 0; i < n; ++i) {
        const Quad xi = quad({x.hi[i], with_lo ? x.lo[i] : 0.0});
        const Quad yi = quad({y.hi[i], y.lo[i]});
        const double size = magnitude(xi) + magnitude(yi);
        ASSERT_LE(magnitude(yi + xi - quad({sum.hi[i], sum.lo[i]})), 0x1p-102 * size) << n;
        ASSERT_LE(magnitude(yi + quad(factor) * xi - quad({product.hi[i], product.lo[i]})),
                  0x1p-102 * size);
      }
    }
  }
}

// Moments of rows [begin, end) of a tile by definition, in quadruple precision.
struct Moments {
  Quad weight = 0;
  std::vector<Quad> mean, cross;
  std::vector<double> mean_hi, mean_lo, cross_hi, cross_lo, residual_hi, residual_lo;
  Moments(const Tile& t, size_t begin, size_t end, Quad origin_error = 0)
      : mean(t.k),
        cross(packed_size(t.k)),
        mean_hi(t.k),
        mean_lo(t.k),
        cross_hi(cross.size()),
        cross_lo(cross.size()),
        residual_hi(t.k),
        residual_lo(t.k) {
    weight = static_cast<Quad>(end - begin);
    for (size_t j = 0; j < t.k; ++j) {
      for (size_t r = begin; r < end; ++r) mean[j] += t.at(r, j, true) / weight;
      const DoubleDouble residual = rounded(-origin_error * mean[j] * weight);
      residual_hi[j] = residual.hi;
      residual_lo[j] = residual.lo;
      mean[j] += origin_error * mean[j];
    }
    for (size_t i = 0; i < t.k; ++i) {
      for (size_t j = i; j < t.k; ++j) {
        const size_t p = packed_index(i, j, t.k);
        for (size_t r = begin; r < end; ++r)
          cross[p] += (t.at(r, i, true) - mean[i]) * (t.at(r, j, true) - mean[j]);
        const DoubleDouble c = rounded(cross[p]);
        cross_hi[p] = c.hi;
        cross_lo[p] = c.lo;
      }
      const DoubleDouble m = rounded(mean[i]);
      mean_hi[i] = m.hi;
      mean_lo[i] = m.lo;
    }
  }
  CenteredMoments view() {
    return {rounded(weight), mean_hi.data(), mean_lo.data(), cross_hi.data(), cross_lo.data()};
  }
};

void expect_moments(const Moments& got, const CenteredMoments& view, const Moments& want,
                    const char* what) {
  EXPECT_TRUE(quad(view.weight) == want.weight) << what;
  const size_t k = want.mean.size();
  for (size_t j = 0; j < k; ++j) {
    const double sd = std::sqrt(static_cast<double>(want.cross[packed_index(j, j, k)]));
    ASSERT_LE(magnitude(quad({got.mean_hi[j], got.mean_lo[j]}) - want.mean[j]), 0x1p-98 * sd)
        << what;
    for (size_t i = 0; i <= j; ++i) {
      const size_t p = packed_index(i, j, k);
      const double size = sd * std::sqrt(static_cast<double>(want.cross[packed_index(i, i, k)]));
      ASSERT_LE(magnitude(quad({got.cross_hi[p], got.cross_lo[p]}) - want.cross[p]), 0x1p-98 * size)
          << what << " " << i << " " << j;
    }
  }
}

TEST_P(Kernels, MergeOfCentredMoments) {
  for (const size_t k : testing::Sizes{1, 2, 3, 5, 8, 9, 17, 40}) {
    const Tile tile(k, 60, k, 2);
    const Moments whole(tile, 0, 60);
    for (const size_t cut : testing::Sizes{1, 20, 59}) {
      Moments a(tile, 0, cut);
      Moments b(tile, cut, 60);
      CenteredMoments into = a.view();
      CenteredMomentsView from{
          b.view().weight,   b.mean_hi.data(), b.mean_lo.data(), b.cross_hi.data(),
          b.cross_lo.data(), nullptr,          nullptr};
      merge_centered(k, into, from);
      expect_moments(a, into, whole, "about the means");

      Moments first(tile, 0, cut);
      Moments shifted(tile, cut, 60, static_cast<Quad>(0x1p-20));
      into = first.view();
      from = {shifted.view().weight,     shifted.mean_hi.data(),  shifted.mean_lo.data(),
              shifted.cross_hi.data(),   shifted.cross_lo.data(), shifted.residual_hi.data(),
              shifted.residual_lo.data()};
      merge_centered(k, into, from);
      expect_moments(first, into, whole, "about an origin near the mean");
    }
  }
}

TEST_P(Kernels, MergeWithNothingIsTheIdentity) {
  const Tile tile(3, 30, 5, 2);
  Moments full(tile, 0, 30);
  const Moments copy = full;
  CenteredMoments into = full.view();
  merge_centered(5, into, {});
  EXPECT_EQ(full.cross_hi, copy.cross_hi);
  Moments empty = full;
  for (auto* v : {&empty.mean_hi, &empty.mean_lo, &empty.cross_hi, &empty.cross_lo})
    std::fill(v->begin(), v->end(), 0.0);
  CenteredMoments nothing = empty.view();
  nothing.weight = 0.0;
  merge_centered(5, nothing,
                 {into.weight, full.mean_hi.data(), full.mean_lo.data(), full.cross_hi.data(),
                  full.cross_lo.data(), nullptr, nullptr});
  EXPECT_TRUE(nothing.weight == into.weight);
  EXPECT_EQ(empty.mean_hi, copy.mean_hi);
  EXPECT_EQ(empty.mean_lo, copy.mean_lo);
  EXPECT_EQ(empty.cross_hi, copy.cross_hi);
  EXPECT_EQ(empty.cross_lo, copy.cross_lo);
}

TEST_P(Kernels, RankOne) {
  for (const size_t k : testing::Sizes{1, 2, 7, 8, 9, 30}) {
    const Pair d = wide_pairs(k, k, 3);
    Pair cross = wide_pairs(k + 3, packed_size(k), 3);
    const Pair before = cross;
    const DoubleDouble factor = two_sum(-1.0 / 7.0, 1e-18);
    dd_rank_one(k, factor, d.hi.data(), d.lo.data(), cross.hi.data(), cross.lo.data());
    for (size_t i = 0; i < k; ++i) {
      for (size_t j = i; j < k; ++j) {
        const size_t p = packed_index(i, j, k);
        const Quad product = quad(factor) * quad({d.hi[i], d.lo[i]}) * quad({d.hi[j], d.lo[j]});
        const Quad exact = quad({before.hi[p], before.lo[p]}) + product;
        ASSERT_LE(magnitude(exact - quad({cross.hi[p], cross.lo[p]})),
                  0x1p-100 * (std::fabs(before.hi[p]) + magnitude(product)));
      }
    }
  }
}

TEST_P(Kernels, BlockSubtract) {
  constexpr size_t kStride = 40;
  for (const size_t depth : testing::Sizes{0, 1, 5, 32, 33, 200}) {
    const Pair a = wide_pairs(depth, 4 * depth + 1, 2);
    const Tile b(depth, kStride, depth + 1, 2);
    Tile c(depth + 77, kStride, 4, 2);
    const Tile before = c;
    // Tiles have columns; here they are rows.
    ASSERT_EQ(b.stride, kStride);
    dd_block_subtract(
        {a.hi.data(), a.lo.data(), b.hi.data(), b.lo.data(), c.hi.data(), c.lo.data()}, depth,
        kStride, kStride);
    for (size_t r = 0; r < 4; ++r) {
      for (size_t j = 0; j < kStride; ++j) {
        Quad exact = before.at(j, r, true);
        double terms = magnitude(exact);
        for (size_t s = 0; s < depth; ++s) {
          const Quad t = quad({a.hi[4 * s + r], a.lo[4 * s + r]}) * b.at(j, s, true);
          exact -= t;
          terms += magnitude(t);
        }
        ASSERT_LE(magnitude(exact - c.at(j, r, true)), 0x1p-101 * terms)
            << depth << " " << r << " " << j;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Kernels, ::testing::ValuesIn(testing::available_isas()),
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
