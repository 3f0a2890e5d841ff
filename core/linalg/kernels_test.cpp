#include "linalg/kernels.hpp"

#include <algorithm>
#include <limits>

#include "linalg/kernel_table.hpp"
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
using testing::Random;
using testing::rounded;
using testing::Tile;
using testing::wide_pairs;
using testing::wide_values;

constexpr double kUnit = 0x1p-53;
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

}  // namespace
}  // namespace insitu
