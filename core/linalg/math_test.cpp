#include "linalg/math.hpp"

#include <cfloat>
#include <cmath>
#include <limits>

#include "linalg/reference_test.hpp"

namespace insitu {
namespace {

using testing::EveryIsa;
using testing::magnitude;
using testing::quad;
using testing::Quad;
using testing::Random;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class Math : public EveryIsa {};

double ulp(double x) {
  const double a = std::fabs(x);
  return a < DBL_MIN ? 0x1p-1074 : std::ldexp(1.0, std::ilogb(a) - 52);
}

// Largest error in ulp against long double, which has 11 bits more.
double worst_ulp(void (*array)(const double*, size_t, double*), long double (*exact)(long double),
                 const std::vector<double>& x) {
  std::vector<double> out(x.size());
  array(x.data(), x.size(), out.data());
  double worst = 0.0;
  for (size_t i = 0; i < x.size(); ++i) {
    const long double want = exact(x[i]);
    const long double error = (out[i] - want) / ulp(static_cast<double>(want));
    const double distance = std::fabs(static_cast<double>(error));
    if (!(distance <= worst)) worst = distance;
  }
  return worst;
}

TEST_P(Math, ExpWithinOneUlp) {
  std::vector<double> x;
  for (double v = -745.0; v < 709.78; v += 0.0037) x.push_back(v);
  Random random(1);
  for (int i = 0; i < 200000; ++i) x.push_back(random.symmetric());
  for (int e = -1074; e < 9; ++e) {
    x.push_back(std::ldexp(1.0, e));
    x.push_back(-std::ldexp(1.0, e));
  }
  EXPECT_LE(worst_ulp(exp_array, std::exp, x), 1.0);
}

TEST_P(Math, LogWithinOneUlp) {
  std::vector<double> x;
  Random random(2);
  for (int i = 0; i < 200000; ++i) x.push_back(1.0 + random.symmetric() * 0.75);
  for (int i = 0; i < 200000; ++i) x.push_back(std::fabs(random.wide(1000)) + DBL_MIN);
  for (int i = -2000; i < 2000; ++i) x.push_back(1.0 + i * 0x1p-52);
  for (int e = -1074; e < 1024; ++e) {
    x.push_back(std::ldexp(1.0, e));
    x.push_back(std::ldexp(0x1.6a09e667f3bcdp-1, e));
  }
  EXPECT_LE(worst_ulp(log_array, std::log, x), 1.0);
}

TEST_P(Math, SpecialValues) {
  struct Case {
    double x, exp, log;
  };
  const Case cases[] = {{0.0, 1.0, -kInfinity},
                        {-0.0, 1.0, -kInfinity},
                        {1.0, 0x1.5bf0a8b145769p+1, 0.0},
                        {kInfinity, kInfinity, kInfinity},
                        {-kInfinity, 0.0, kNaN},
                        {kNaN, kNaN, kNaN},
                        {-1.0, 0x1.78b56362cef38p-2, kNaN},
                        {0x1p-1074, 1.0, -0x1.74385446d71c3p+9},
                        {-0x1p-1074, 1.0, kNaN},
                        {DBL_MAX, kInfinity, 0x1.62e42fefa39efp+9},
                        {-DBL_MAX, 0.0, kNaN},
                        {709.782712893384, 0x1.fffffffffff2ap+1023, 0x1.a428494faf1b1p+2},
                        {709.79, kInfinity, 0x1.a428745f620cep+2},
                        {-745.2, 0.0, kNaN},
                        {1e6, kInfinity, 0x1.ba18a998fffa0p+3}};
  const auto same = [](double a, double b) {
    return std::isnan(b) ? std::isnan(a) : std::fabs(a - b) <= 1e-13 * std::fabs(b) || a == b;
  };
  for (const Case& c : cases) {
    for (size_t n = 1; n < 10; ++n) {  // every lane, whole vectors and tails
      std::vector<double> x(n, c.x), out(n);
      exp_array(x.data(), n, out.data());
      for (const double v : out) EXPECT_TRUE(same(v, c.exp)) << "exp " << c.x << " " << v;
      log_array(x.data(), n, x.data());
      for (const double v : x) EXPECT_TRUE(same(v, c.log)) << "log " << c.x << " " << v;
    }
  }
}

TEST_P(Math, PowersOfArrays) {
  const double x[] = {0.0, 1e-300, 0.25, 1.0, 3.0, 1e10, 1e200};
  for (const double p : {0.5, 1.0, 1.5, -0.5}) {
    double found[7];
    power_array(x, 7, p, found);
    EXPECT_EQ(found[0], p > 0.0 ? 0.0 : INFINITY);
    for (size_t i = 1; i < 7; ++i) {
      const double expected = std::pow(x[i], p);
      const double units = 2.0 + std::abs(p * std::log(x[i]));
      EXPECT_NEAR(found[i], expected, units * DBL_EPSILON * expected) << x[i] << "^" << p;
    }
  }
}

TEST_P(Math, WholePowers) {
  const std::vector<double> x = {0.0,         1.0,        -2.0, 1.0 / 3.0, -8.781464495,
                                 3.132002064, 1e15 + 0.3, 5e-9, 7.0};
  const std::vector<double> x_lo = {0.0, 0.0, 1e-17, 1e-18, 0.0, -1e-17, 0.01, 0.0, 0.0};
  for (const unsigned power : {0U, 1U, 2U, 3U, 7U, 10U, 16U}) {
    for (const double* lo : {static_cast<const double*>(nullptr), x_lo.data()}) {
      std::vector<double> hi(16), low(16);
      const bool any = pow_int_array(x.data(), lo, power, x.size(), hi.data(), low.data());
      EXPECT_EQ(any, power > 1 || (power == 1 && lo != nullptr));
      for (size_t i = 0; i < x.size(); ++i) {
        const DoubleDouble base = {x[i], lo == nullptr ? 0.0 : lo[i]};
        Quad exact = 1;
        for (unsigned e = 0; e < power; ++e) exact *= quad(base);
        const double bound = 0x1p-100 * magnitude(exact);
        EXPECT_LE(magnitude(exact - quad({hi[i], low[i]})), bound) << x[i] << "^" << power;
        EXPECT_LE(magnitude(exact - quad(pow_int(base, power))), bound) << x[i] << "^" << power;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Math, ::testing::ValuesIn(testing::available_isas()),
                         testing::isa_param_name);

}  // namespace
}  // namespace insitu
