#include "formula/derivative.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.hpp"
#include "formula/expression.hpp"
#include "formula/formula.hpp"

namespace insitu {
namespace {

ExprPtr parsed(const std::string& text) { return parse_formula(text + " ~ 1").response; }

double value(const ExprPtr& expr, double x, double y) {
  const NumericProgram program = NumericProgram::compile(*expr);
  std::vector<const double*> inputs;
  for (const auto& input : program.inputs()) inputs.push_back(input.column == "x" ? &x : &y);
  double out = 0.0;
  program.evaluate(inputs, 1, &out);
  return out;
}

// Against a central difference, whose own error is about h^2 = 1e-10 of the third derivative.
TEST(Derivative, OfEveryFunction) {
  for (const char* text : {"x",
                           "3 * x - y",
                           "-x",
                           "x * y * x",
                           "x / y",
                           "y / x",
                           "1 / (x * x + y)",
                           "x^2",
                           "x^3 - x^-2",
                           "x^0.5",
                           "x^y",
                           "y^x",
                           "2^x",
                           "pow(x, 3)",
                           "pow(x, y)",
                           "log(x)",
                           "ln(2 * x)",
                           "log10(x)",
                           "log2(x)",
                           "exp(x / 3)",
                           "sqrt(x + y)",
                           "abs(x - 5)",
                           "sin(x)",
                           "cos(x * y)",
                           "tan(x / 9)",
                           "I(x^2) * log(x * y)",
                           "exp(-x^2) / (1 + exp(-x))"}) {
    const ExprPtr expr = parsed(text);
    const ExprPtr slope = derivative(expr, "x");
    ASSERT_NE(nullptr, slope) << text;
    for (const double x : {0.7, 1.9, 3.3}) {
      const double y = 1.3;
      const double h = 1e-5;
      const double central = (value(expr, x + h, y) - value(expr, x - h, y)) / (2.0 * h);
      EXPECT_NEAR(central, value(slope, x, y), 1e-7 * (1.0 + std::abs(central)))
          << text << " " << x;
    }
  }
}

TEST(Derivative, ExactWhereArithmeticIs) {
  EXPECT_EQ(value(derivative(parsed("x^3"), "x"), 2.0, 0.0), 12.0);
  EXPECT_EQ(value(derivative(parsed("x"), "x"), 7.0, 0.0), 1.0);
  EXPECT_EQ(value(derivative(parsed("x * y"), "x"), 7.0, 3.0), 3.0);
  EXPECT_EQ(value(derivative(parsed("x^1"), "x"), 0.0, 0.0), 1.0);
}

TEST(Derivative, NoneWhereNothingDepends) {
  for (const char* text : {"y", "2", "log(y)", "y^2 > 1", "floor(y) + 3", "x^0", "N(f)"})
    EXPECT_EQ(nullptr, derivative(parsed(text), "x")) << text;
}

TEST(Derivative, MissingWhereItDoesNotExist) {
  EXPECT_TRUE(std::isnan(value(derivative(parsed("sqrt(x)"), "x"), 0.0, 0.0)));
  EXPECT_TRUE(std::isnan(value(derivative(parsed("abs(x)"), "x"), 0.0, 0.0)));
  EXPECT_EQ(value(derivative(parsed("abs(x)"), "x"), -2.0, 0.0), -1.0);
}

TEST(Derivative, StepsAreRefused) {
  for (const char* text : {"floor(x)", "ceil(x + y)", "I(x > 3)", "x * (x == y)"}) {
    try {
      derivative(parsed(text), "x");
      ADD_FAILURE() << text;
    } catch (const SpecError& error) {
      EXPECT_NE(std::string::npos, std::string(error.what()).find("steps with it")) << error.what();
    }
  }
}

TEST(Derivative, OfAHostileLengthIsRefused) {
  std::string text = "x";
  for (int k = 0; k < 100; ++k) text = "sin(x * " + text + ")";
  EXPECT_NO_THROW(derivative(parsed(text), "x"));
  text = "x^x";
  for (int k = 0; k < 14; ++k) text = "(" + text + ") * (" + text + ")";
  EXPECT_THROW(derivative(parsed(text), "x"), SpecError);
}

TEST(WithValues, ReplacesColumnsAndCodes) {
  const ExprPtr expr = parsed("x * y + N(f)");
  EXPECT_EQ(expr, with_values(expr, {{"z", false, 1.0}, {"f", false, 2.0}, {"x", true, 2.0}}));
  const ExprPtr set = with_values(expr, {{"x", false, 5.0}, {"f", true, 3.0}});
  EXPECT_EQ(to_string(*set), "5 * y + 3");
  EXPECT_EQ(value(set, 0.0, 2.0), 13.0);
  // Trees that differ have texts that differ.
  EXPECT_EQ(to_string(*with_values(parsed("x^2"), {{"x", false, -2.0}})), "(-2)^2");
  EXPECT_EQ(to_string(*with_values(parsed("-x^2"), {{"x", false, 2.0}})), "-2^2");
}

}  // namespace
}  // namespace insitu
