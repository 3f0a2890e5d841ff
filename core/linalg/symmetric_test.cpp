#include "linalg/symmetric.hpp"

#include <limits>
#include <numeric>

#include "base/cancel.hpp"
#include "base/errors.hpp"
#include "linalg/reference_test.hpp"

namespace insitu {
namespace {

using testing::EveryIsa;
using testing::magnitude;
using testing::quad;
using testing::Quad;
using testing::Random;
using testing::rounded;

using Columns = std::vector<std::vector<double>>;

Columns random_columns(uint64_t seed, size_t rows, size_t k) {
  Random random(seed);
  Columns x(k, std::vector<double>(rows));
  for (auto& column : x) {
    for (double& v : column) v = random.symmetric();
  }
  return x;
}

SymmetricMatrix cross_products(const Columns& x) {
  SymmetricMatrix m(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t j = i; j < x.size(); ++j) {
      Quad sum = 0;
      for (size_t r = 0; r < x[i].size(); ++r) sum += static_cast<Quad>(x[i][r]) * x[j][r];
      m.set(i, j, rounded(sum));
    }
  }
  return m;
}

FactorRequest all_of(size_t k, std::vector<size_t> responses = {}) {
  FactorRequest request;
  request.order.resize(k);
  std::iota(request.order.begin(), request.order.end(), size_t{0});
  request.responses = std::move(responses);
  return request;
}

using List = std::vector<size_t>;

class Symmetric : public EveryIsa {};

// H_ij = L / (i + j - 1) is whole; its inverse is known: Choi, "Tricks or treats with the Hilbert
// matrix", 1983.
constexpr size_t kHilbert = 10;
constexpr double kHilbertScale = 232792560.0;  // lcm(1 .. 19)
double binomial(size_t n, size_t k) {
  double value = 1.0;
  for (size_t i = 1; i <= k; ++i)
    value = std::nearbyint(value * static_cast<double>(n - k + i) / static_cast<double>(i));
  return value;
}
Quad hilbert_inverse(size_t i, size_t j) {
  const Quad size = static_cast<Quad>(i + j - 1) * binomial(kHilbert + i - 1, kHilbert - j) *
                    binomial(kHilbert + j - 1, kHilbert - i) * binomial(i + j - 2, i - 1) *
                    binomial(i + j - 2, i - 1);
  return ((i + j) % 2 == 0 ? size : -size) / kHilbertScale;
}
SymmetricMatrix hilbert() {
  SymmetricMatrix m(kHilbert);
  for (size_t i = 0; i < kHilbert; ++i) {
    for (size_t j = i; j < kHilbert; ++j)
      m.set(i, j, kHilbertScale / static_cast<double>(i + j + 1));
  }
  return m;
}

TEST_P(Symmetric, InverseOfTheHilbertMatrix) {
  const Factorisation f(hilbert(), all_of(kHilbert));
  ASSERT_EQ(f.kept().size(), kHilbert);
  const SymmetricMatrix inverse = f.inverse();
  for (size_t i = 0; i < kHilbert; ++i) {
    for (size_t j = i; j < kHilbert; ++j) {
      const Quad exact = hilbert_inverse(i + 1, j + 1);
      // Condition 1.6e13: 31.3 - 13.2 digits.
      EXPECT_LE(magnitude(quad(inverse.at(i, j)) - exact), 1e-17 * magnitude(exact))
          << i << " " << j;
    }
  }
}

TEST_P(Symmetric, SolvesAndInvertsAtEverySize) {
  for (const size_t p :
       testing::Sizes{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 63, 64, 65, 66, 70, 130}) {
    Columns x = random_columns(p, 2 * p + 3, p + 2);
    const SymmetricMatrix m = cross_products(x);
    const Factorisation f(m, all_of(p, {p, p + 1}));
    ASSERT_EQ(f.kept().size(), p);
    for (size_t y = 0; y < 2; ++y) {
      const std::vector<DoubleDouble> b = f.solution(y);
      Quad residual_squares = 0;
      for (size_t i = 0; i < p; ++i) {  // normal equations
        Quad gap = quad(m.at(i, p + y));
        for (size_t j = 0; j < p; ++j) gap -= quad(m.at(i, j)) * quad(b[j]);
        ASSERT_LE(magnitude(gap), 1e-28 * static_cast<double>(p)) << p;
      }
      for (size_t r = 0; r < x[0].size(); ++r) {
        Quad residual = x[p + y][r];
        for (size_t j = 0; j < p; ++j) residual -= quad(b[j]) * x[j][r];
        residual_squares += residual * residual;
      }
      EXPECT_LE(magnitude(residual_squares - quad(f.residual_squares(y))),
                1e-26 * magnitude(residual_squares));
    }
    const SymmetricMatrix inverse = f.inverse();
    for (size_t i = 0; i < p; ++i) {
      for (size_t j = 0; j < p; ++j) {
        Quad sum = i == j ? -1 : 0;
        for (size_t c = 0; c < p; ++c) sum += quad(m.at(i, c)) * quad(inverse.at(c, j));
        ASSERT_LE(magnitude(sum), 1e-26) << p << " " << i << " " << j;
      }
    }
  }
}

TEST_P(Symmetric, DependentColumnsAreAliasedWhereverTheyStand) {
  for (const size_t p : testing::Sizes{2, 3, 4, 5, 6, 9, 20}) {
    for (size_t at = 1; at < p; ++at) {
      Columns x = random_columns(p, 40, p + 1);
      x[at] = x[0];  // a duplicate, or with three columns before it a sum
      if (at >= 3) {
        for (size_t r = 0; r < 40; ++r)
          x[at][r] = std::ldexp(std::floor(std::ldexp(x[0][r], 30)), -30);
        for (size_t r = 0; r < 40; ++r)
          x[1][r] = std::ldexp(std::floor(std::ldexp(x[1][r], 30)), -30);
        x[0] = x[at];
        for (size_t r = 0; r < 40; ++r) x[at][r] = x[0][r] + x[1][r];
      }
      const Factorisation f(cross_products(x), all_of(p, {p}));
      EXPECT_EQ(f.aliased(), List{at}) << p;
      EXPECT_TRUE(f.suspicious().empty());
      // The same fit as without the column.
      FactorRequest without = all_of(p, {p});
      without.order.erase(without.order.begin() + static_cast<std::ptrdiff_t>(at));
      const Factorisation g(cross_products(x), without);
      EXPECT_EQ(f.kept(), g.kept());
      const double size = f.residual_squares(0).hi;
      EXPECT_NEAR(size, g.residual_squares(0).hi, 1e-15 * size);
      for (size_t c = 0; c + 1 < p; ++c) {
        EXPECT_NEAR(f.solution(0)[c].hi, g.solution(0)[c].hi,
                    1e-14 * std::fabs(g.solution(0)[c].hi));
        EXPECT_NEAR(f.inverse().at(c, c).hi, g.inverse().at(c, c).hi,
                    1e-14 * g.inverse().at(c, c).hi);
      }
    }
  }
}

// x1 = x0 + distance e, e orthogonal to x0 and of its length: the residual norm is about distance x
// raw norm.
SymmetricMatrix nearly_dependent(double distance) {
  return cross_products({{1.0, 1.0, 0.0, 0.0}, {1.0 + distance, 1.0 - distance, 0.0, 0.0}});
}

TEST_P(Symmetric, TheRankRule) {
  const double alias = 8.0 * 0x1p-52;
  struct Case {
    double distance;
    bool aliased, suspicious;
  };
  for (const Case& c : {Case{0.5 * alias, true, false}, Case{2.0 * alias, false, true},
                        Case{0.9e-7, false, true}, Case{1.1e-7, false, false}}) {
    const Factorisation f(nearly_dependent(c.distance), all_of(2));
    EXPECT_EQ(f.aliased(), c.aliased ? List{1} : List{}) << c.distance;
    EXPECT_EQ(f.suspicious(), c.suspicious ? List{1} : List{}) << c.distance;
    EXPECT_FALSE(f.doubtful());
  }
  // Four columns kept before double the distance that counts as dependent.
  FactorRequest request = all_of(2);
  request.kept_before = 4;
  EXPECT_EQ(Factorisation(nearly_dependent(1.5 * alias), request).aliased(), List{1});
  EXPECT_EQ(Factorisation(nearly_dependent(3.0 * alias), request).aliased(), List{});
}

TEST_P(Symmetric, RawNormsDecideWhereColumnsWereCentred) {
  // A constant column of 1e8 over 100 rows whose centring left rounding noise.
  SymmetricMatrix m(2);
  m.set(0, 0, 1e-16);
  m.set(1, 1, 1.0);
  FactorRequest request = all_of(2);
  request.raw_squares = {1e18, 5.0};
  request.kept_before = 1;
  EXPECT_EQ(Factorisation(m, request).aliased(), List{0});
  request.raw_squares.clear();
  EXPECT_EQ(Factorisation(m, request).aliased(), List{});
}

TEST_P(Symmetric, ZeroColumnsEmptyRequestsAndPerfectFits) {
  SymmetricMatrix m(3);
  m.set(1, 1, 4.0);
  m.set(1, 2, 6.0);
  m.set(2, 2, 9.0);
  const Factorisation f(m, all_of(2, {2}));
  EXPECT_EQ(f.aliased(), List{0});
  EXPECT_EQ(f.solution(0).at(0).hi, 1.5);
  EXPECT_TRUE(f.residual_squares(0) == DoubleDouble(0.0));
  FactorRequest nothing;
  nothing.responses = {2};
  const Factorisation g(m, nothing);
  EXPECT_TRUE(g.kept().empty() && g.solution(0).empty());
  EXPECT_EQ(g.inverse().size, 0U);
  EXPECT_EQ(g.residual_squares(0).hi, 9.0);
}

TEST_P(Symmetric, PowersOfTwoScaleExactly) {
  Columns x = random_columns(5, 30, 6);
  const Factorisation f(cross_products(x), all_of(5, {5}));
  const int exponent[] = {200, -200, 11, 0, -3, 150};
  for (size_t j = 0; j < 6; ++j) {
    for (double& v : x[j]) v = std::ldexp(v, exponent[j]);
  }
  const Factorisation g(cross_products(x), all_of(5, {5}));
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(std::ldexp(f.solution(0)[i].hi, 150 - exponent[i]), g.solution(0)[i].hi);
    EXPECT_EQ(std::ldexp(f.inverse().at(i, 4).lo, 3 - exponent[i]), g.inverse().at(i, 4).lo);
  }
  EXPECT_EQ(std::ldexp(f.residual_squares(0).hi, 300), g.residual_squares(0).hi);
}

TEST_P(Symmetric, OrderIsTheCallers) {
  Columns x = random_columns(9, 20, 4);
  x[2] = x[0];
  FactorRequest request;
  request.order = {2, 1, 0};
  request.responses = {3};
  const Factorisation f(cross_products(x), request);
  EXPECT_EQ(f.kept(), (List{2, 1}));
  EXPECT_EQ(f.aliased(), List{0});
  EXPECT_EQ(f.pivots()[0].hi, cross_products(x).at(2, 2).hi);
}

// A pivot below zero is rounding of the sums; of the dependent column itself nothing can be said.
TEST_P(Symmetric, AliasedByRoundingIsDoubtful) {
  for (const double rounding : {0.0, 1e-16}) {
    SymmetricMatrix m(2);
    m.set(0, 0, 1.0);
    m.set(0, 1, 1.0);
    m.set(1, 1, DoubleDouble(1.0) - DoubleDouble(rounding));
    const Factorisation f(m, all_of(2));
    EXPECT_EQ(f.aliased(), List{1});
    EXPECT_EQ(f.doubtful(), rounding > 0.0);
  }
}

TEST_P(Symmetric, NonFiniteSumsAreAnError) {
  SymmetricMatrix m(2);
  m.set(0, 0, std::numeric_limits<double>::infinity());
  m.set(1, 1, 1.0);
  EXPECT_THROW(Factorisation(m, all_of(2)), NumericError);
}

TEST_P(Symmetric, ConditionOfACorrelationMatrix) {
  // Correlation rho: ||R|| ||R^-1|| = (1 + rho)^2 / (1 - rho^2), whatever the scales.
  SymmetricMatrix m(2);
  m.set(0, 0, 4.0);
  m.set(1, 1, 1e12);
  m.set(0, 1, 0.75 * 2e6);
  EXPECT_NEAR(condition_1norm(m, Factorisation(m, all_of(2)).inverse()), 7.0, 1e-14);
  EXPECT_EQ(condition_1norm(SymmetricMatrix(0), SymmetricMatrix(0)), 1.0);
}

TEST_P(Symmetric, ErrorBoundsHoldAndAreNotIdle) {
  constexpr size_t kColumns = 5;
  constexpr double kEps = 1e-8;
  Columns x = random_columns(11, 50, kColumns + 1);
  for (size_t r = 0; r < 50; ++r) x[2][r] = x[1][r] + 0.01 * x[2][r];
  const SymmetricMatrix m = cross_products(x);
  const Factorisation f(m, all_of(kColumns, {kColumns}));
  std::vector<double> scales(kColumns), b(kColumns);
  for (size_t j = 0; j < kColumns; ++j) {
    scales[j] = std::sqrt(m.at(j, j).hi);
    b[j] = f.solution(0)[j].hi;
  }
  const SymmetricMatrix inverse = f.inverse();
  const double y_scale = std::sqrt(m.at(kColumns, kColumns).hi);
  const ErrorBounds bounds =
      coefficient_error_bound({&inverse, scales, b, y_scale, f.residual_squares(0).hi, kEps});
  Random random(3);
  std::vector<double> used(kColumns);
  for (int trial = 0; trial < 200; ++trial) {
    SymmetricMatrix wrong = m;
    for (size_t i = 0; i <= kColumns; ++i) {
      for (size_t j = i; j <= kColumns; ++j) {
        const double size = std::sqrt(m.at(i, i).hi * m.at(j, j).hi);
        // A third of eps is one standard deviation.
        wrong.set(i, j, m.at(i, j) + kEps / 3 * size * (random.bits() % 2 == 0 ? 1.0 : -1.0));
      }
    }
    const Factorisation g(wrong, all_of(kColumns, {kColumns}));
    for (size_t j = 0; j < kColumns; ++j) {
      const double error = std::fabs((g.solution(0)[j].hi - b[j]) / b[j]);
      EXPECT_LE(error, 1.01 * bounds.coefficients[j]);
      used[j] = std::max(used[j], error / bounds.coefficients[j]);
      const double before = std::sqrt(inverse.at(j, j).hi * f.residual_squares(0).hi);
      const double after = std::sqrt(g.inverse().at(j, j).hi * g.residual_squares(0).hi);
      EXPECT_LE(std::fabs(after / before - 1.0), 1.01 * bounds.std_errors[j]);
    }
  }
  for (const double share : used) EXPECT_GE(share, 0.3);
  EXPECT_GE(bounds.worst(), bounds.coefficients[0]);
}

TEST(Cancel, EndsAFactorisationAndOnlyWithinItsScope) {
  SymmetricMatrix identity(8);
  FactorRequest request;
  for (size_t i = 0; i < 8; ++i) {
    identity.set(i, i, 1.0);
    request.order.push_back(i);
  }
  std::atomic<bool> flag = false;
  {
    const CancelScope scope(flag);
    const Factorisation before(identity, request);
    flag = true;
    EXPECT_THROW(Factorisation(identity, request), CancelledError);
    EXPECT_THROW(before.inverse(), CancelledError);
  }
  EXPECT_EQ(Factorisation(identity, request).kept().size(), 8u);
}

INSTANTIATE_TEST_SUITE_P(All, Symmetric, ::testing::ValuesIn(testing::available_isas()),
                         testing::isa_param_name);

TEST(SymmetricBits, Avx2AndAvx512Agree) {
  if (!isa_available(Isa::kAvx512)) GTEST_SKIP() << "no AVX-512 here";
  const Isa before = active_isa();
  const SymmetricMatrix m = cross_products(random_columns(4, 90, 70));
  SymmetricMatrix inverses[2];
  for (int v = 0; v < 2; ++v) {
    ASSERT_TRUE(set_isa_for_testing(v == 0 ? Isa::kAvx2 : Isa::kAvx512));
    inverses[v] = Factorisation(m, all_of(70)).inverse();
  }
  set_isa_for_testing(before);
  EXPECT_EQ(inverses[0].hi, inverses[1].hi);
  EXPECT_EQ(inverses[0].lo, inverses[1].lo);
}

}  // namespace
}  // namespace insitu
