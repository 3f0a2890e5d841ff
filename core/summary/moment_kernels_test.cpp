#include "summary/moment_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "linalg/reference_test.hpp"
#include "testing/tables.hpp"

namespace insitu {
namespace {

using testing::Quad;

struct Exact {
  double mean, m2;
};

// In 113 bits: two passes, enough for these numbers.
Exact exact_moments(const std::vector<double>& x, const std::vector<double>& w) {
  Quad weight = 0, sum = 0, squares = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    weight += w[i];
    sum += static_cast<Quad>(w[i]) * x[i];
  }
  const Quad mean = sum / weight;
  for (size_t i = 0; i < x.size(); ++i) squares += w[i] * (x[i] - mean) * (x[i] - mean);
  return {static_cast<double>(mean), static_cast<double>(squares)};
}

class MomentKernels : public testing::EveryIsa {};

TEST_P(MomentKernels, AgreesWithQuadruplePrecision) {
  laws::Rng rng(7);
  for (const size_t n : {1u, 2u, 7u, 8u, 9u, 63u, 64u, 1000u, 2048u}) {
    for (const double offset : {0.0, 1e9, 1e15}) {
      std::vector<double> x, w, ones(n, 1.0);
      for (size_t i = 0; i < n; ++i) {
        x.push_back(offset + 1000.0 * rng.normal());
        w.push_back(std::exp(3.0 * rng.normal()));
      }
      for (const bool weighted : {false, true}) {
        const Exact exact = exact_moments(x, weighted ? w : ones);
        const Moments found = moments_of(x.data(), weighted ? w.data() : nullptr, n);
        std::vector<uint32_t> codes(n, 1);
        std::vector<CellSums> cells(2);
        add_to_cells(codes.data(), x.data(), weighted ? w.data() : nullptr, n, cells.data(), 2);
        const Moments cell = moments_of(cells[1], weighted);
        for (const Moments& m : {found, cell}) {
          EXPECT_EQ(m.mean.hi, exact.mean) << n << " " << offset << weighted;
          EXPECT_NEAR(m.m2.hi, exact.m2, 4e-16 * exact.m2 + 1e-25 * std::fabs(offset));
          EXPECT_EQ(m.min, *std::min_element(x.begin(), x.end()));
          EXPECT_EQ(m.max, *std::max_element(x.begin(), x.end()));
          EXPECT_EQ(m.valid, n);
        }
        EXPECT_EQ(moments_of(cells[0], weighted).valid, 0u);
      }
    }
  }
}

TEST_P(MomentKernels, RowsWithoutACellAreLeftOut) {
  const std::vector<double> x = {1.0, 2.0, std::nan(""), 4.0};
  const std::vector<uint32_t> codes = {0, 0xFFFFFFFFu, 0, 0xFFFFFFFEu};
  CellSums cell;
  add_to_cells(codes.data(), x.data(), nullptr, x.size(), &cell, 1);
  EXPECT_EQ(cell.valid, 1u);
  EXPECT_EQ(cell.missing, 1u);
  EXPECT_EQ(cell.max, 1.0);
}

INSTANTIATE_TEST_SUITE_P(All, MomentKernels, ::testing::ValuesIn(testing::available_isas()),
                         testing::isa_param_name);

// Cubes merged one by one keep the digits of a double-double: the squares of 1, 8, … n³ about their
// mean sum to 1 + … + n⁶ - n³ (n + 1)⁴ / 16, a whole number.
TEST(Moments, MergesKeepTheirLowHalves) {
  constexpr int kNumbers = 3001;
  Moments all;
  Quad exact = 0;
  for (int k = 1; k <= kNumbers; ++k) {
    const double x = static_cast<double>(k) * k * k;
    merge(all, moments_of(&x, nullptr, 1));
    exact += static_cast<Quad>(x) * x;
  }
  const Quad n = kNumbers;
  exact -= n * n * n * (n + 1) * (n + 1) * (n + 1) * (n + 1) / 16;
  EXPECT_LE(testing::magnitude(testing::quad(all.m2) - exact),
            kNumbers * 0x1p-100 * testing::magnitude(exact));
}

TEST(Moments, MergeIsChans) {
  Moments a, b, empty;
  const double left[] = {1.0, 3.0}, right[] = {5.0, 7.0, 9.0};
  merge(a, moments_of(left, nullptr, 2));
  merge(b, moments_of(right, nullptr, 3));
  merge(a, b);
  merge(a, empty);
  EXPECT_EQ(a.mean.hi, 5.0);
  EXPECT_EQ(a.m2.hi, 40.0);
  EXPECT_EQ(a.valid, 5u);
  EXPECT_EQ(statistics(a, Weighting::kNone).std_dev, std::sqrt(10.0));
}

}  // namespace
}  // namespace insitu
