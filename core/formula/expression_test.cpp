#include "formula/expression.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/errors.hpp"
#include "formula/formula.hpp"
#include "linalg/kernels.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

NumericProgram program_of(const std::string& text) {
  return NumericProgram::compile(*parse_formula(text + " ~ 1").response);
}

// The expression of x (and y) for each row.
std::vector<double> values(const std::string& text, const std::vector<double>& x,
                           const std::vector<double>& y = {}, std::vector<double>* low = nullptr) {
  const NumericProgram program = program_of(text);
  std::vector<const double*> inputs;
  for (const auto& input : program.inputs())
    inputs.push_back(input.column == "x" ? x.data() : y.data());
  std::vector<double> out(x.size());
  if (low != nullptr) low->resize(x.size());
  program.evaluate(inputs, x.size(), out.data(), low != nullptr ? low->data() : nullptr);
  std::vector<double> stack(program.stack_doubles());
  for (size_t i = 0; i < x.size(); ++i) {
    const double one = program.evaluate_one(inputs, stack.data());
    EXPECT_EQ(std::bit_cast<uint64_t>(one), std::bit_cast<uint64_t>(out[i])) << text << " " << i;
    for (const double*& input : inputs) ++input;
  }
  return out;
}
double value(const std::string& text, double x, double y = 0.0) {
  return values(text, {x}, {y})[0];
}

TEST(Expression, Arithmetic) {
  EXPECT_EQ(value("x + 2 * y - 1", 3, 4), 10);
  EXPECT_EQ(value("-x^2", 3), -9);
  EXPECT_EQ(value("x / y", 1, 4), 0.25);
  EXPECT_EQ(value("2^x^2", 3), 512);
  EXPECT_EQ(value("pow(x, -2)", 4), 0.0625);
  EXPECT_EQ(value("I(x^0.5)", 9), 3);
  EXPECT_EQ(value("x^y", 2, 0.5), std::sqrt(2.0));
  EXPECT_EQ(value("x - (y - x)", 5, 1), 9);
}

TEST(Expression, Functions) {
  EXPECT_NEAR(value("log(x)", 10), 2.302585092994046, 5e-16);
  EXPECT_EQ(value("ln(x) - log(x)", 7), 0);
  EXPECT_NEAR(value("exp(x)", 1), 2.718281828459045, 5e-16);
  EXPECT_EQ(value("log10(x)", 1000), 3);
  EXPECT_EQ(value("log2(x)", 8), 3);
  EXPECT_EQ(value("sqrt(x)", 2), std::sqrt(2.0));
  EXPECT_EQ(value("abs(x)", -2), 2);
  EXPECT_EQ(value("floor(x)", -1.5), -2);
  EXPECT_EQ(value("ceil(x)", -1.5), -1);
  EXPECT_NEAR(value("sin(x)^2 + cos(x)^2", 0.7), 1, 1e-15);
  EXPECT_NEAR(value("tan(x) - sin(x) / cos(x)", 0.7), 0, 1e-15);
}

TEST(Expression, ComparisonsGiveZeroOrOne) {
  EXPECT_EQ(value("x > 15", 15), 0);
  EXPECT_EQ(value("x >= 15", 15), 1);
  EXPECT_EQ(value("x < y", -1e308, 1e308), 1);
  EXPECT_EQ(value("x <= y", 2, 1), 0);
  EXPECT_EQ(value("x == y", 2, 2), 1);
  EXPECT_EQ(value("x != y", 2, 2), 0);
  EXPECT_EQ(value("(x > 1) * (y > 1)", 2, 2), 1);
}

TEST(Expression, WhatIsNotFiniteIsMissing) {
  for (const char* text :
       {"x + 1", "x^0", "x > 1", "x != 1", "pow(1, x)", "floor(x)", "abs(x)", "log(x)"}) {
    EXPECT_TRUE(std::isnan(value(text, kNaN))) << text;
  }
  EXPECT_TRUE(std::isnan(value("log(x)", 0)));
  EXPECT_TRUE(std::isnan(value("log(x)", -1)));
  EXPECT_TRUE(std::isnan(value("sqrt(x)", -1)));
  EXPECT_TRUE(std::isnan(value("1 / x", 0)));
  EXPECT_TRUE(std::isnan(value("exp(x)", 1000)));
  EXPECT_TRUE(std::isnan(value("1 / (1 / x)", 0)));
  EXPECT_TRUE(std::isnan(value("x * x", 1e200)));
  EXPECT_EQ(value("sqrt(x)", 0), 0);
  EXPECT_EQ(value("x^-2", 1e200), 0);
}

TEST(Expression, PowersAndProductsAreDoubleDoubles) {
  std::vector<double> low;
  // 0.1 as a double is 0.1000000000000000055511151231257827…; its cube by exact rational
  // arithmetic.
  const std::vector<double> high = values("x^3", {0.1}, {}, &low);
  EXPECT_EQ(high[0], 0x1.0624dd2f1a9fdp-10);
  EXPECT_EQ(low[0], -0x1.4fdf3b645a1cap-64);
  values("x * y", {1.0 + 0x1p-30}, {1.0 - 0x1p-30}, &low);
  EXPECT_EQ(low[0], -0x1p-60);
  values("x + y", {1.0}, {0x1p-80}, &low);
  EXPECT_EQ(low[0], 0x1p-80);
  values("log(x)", {2.0}, {}, &low);
  EXPECT_EQ(low[0], 0.0);
  EXPECT_EQ(values("floor(x + y)", {3.0}, {-0x1p-80}, &low)[0], 2.0);
  EXPECT_EQ(values("(x + y) < 3", {3.0}, {-0x1p-80}, &low)[0], 1.0);
}

TEST(Expression, PlainIsTheRoundedDoubleDouble) {
  std::vector<double> x, low;
  for (int k = 1; k <= 1000; ++k) x.push_back(k * 0.37 - 200.0);
  const char* text = "x^5 / (x + 0.1) - x^3 * 7";
  const std::vector<double> plain = values(text, x);
  const std::vector<double> high = values(text, x, {}, &low);
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(plain[i], high[i]);
    EXPECT_EQ(high[i] + low[i], high[i]);
    EXPECT_NEAR(plain[i], std::pow(x[i], 5) / (x[i] + 0.1) - 7 * std::pow(x[i], 3),
                1e-11 * std::abs(std::pow(x[i], 4)) + 1e-6);
  }
}

// A fused multiply-add is exact in software too: no machine gives other bits.
TEST(Expression, EveryInstructionSetGivesTheSameBits) {
  const Isa before = active_isa();
  std::vector<double> x, y;
  for (int k = 1; k <= 2000; ++k) {
    x.push_back(k * 0.37 - 200.0);
    y.push_back(1.0 / k);
  }
  std::vector<double> best_low, low;
  const char* text = "x^5 / (y + 0.1) - x * y^3 + sqrt(y)";
  const std::vector<double> best = values(text, x, y, &best_low);
  ASSERT_TRUE(set_isa_for_testing(Isa::kBaseline));
  EXPECT_EQ(values(text, x, y, &low), best);
  EXPECT_EQ(low, best_low);
  set_isa_for_testing(before);
}

TEST(Expression, InputsAreListedOnce) {
  const NumericProgram program = program_of("x + y * x + N(f)");
  ASSERT_EQ(program.inputs().size(), 3u);
  EXPECT_EQ(program.inputs()[2].column, "f");
  EXPECT_TRUE(program.inputs()[2].codes);
  EXPECT_FALSE(program.is_column());
  EXPECT_TRUE(program_of("I(x)").is_column());
  EXPECT_THROW(NumericProgram::compile(*parse_formula("F(x)").terms[0].factors[0]), SpecError);
}

TEST(Expression, ADeepTreeRuns) {
  std::string text = "x";
  for (int k = 0; k < 150; ++k) text = "1 + (" + text + ")";
  EXPECT_EQ(value(text, 1), 151);
}

}  // namespace
}  // namespace insitu
