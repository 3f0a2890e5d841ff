#include "formula/expression_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "formula/formula.hpp"

namespace insitu {
namespace {

std::string json_of(const std::string& response) {
  return expression_json(*parse_formula(response + " ~ x").response).dump();
}

TEST(ExpressionJson, TellsTheTree) {
  EXPECT_EQ(R"({"column":"my col"})", json_of("`my col`"));
  EXPECT_EQ(R"({"args":[{"column":"x"},{"number":2.5}],"call":"+"})", json_of("I(x + 2.5)"));
  EXPECT_EQ(R"({"args":[{"args":[{"column":"x"}],"call":"ln"}],"call":"-"})", json_of("-log(x)"));
  EXPECT_EQ(R"({"args":[{"column":"x"},{"column":"z"}],"call":">="})", json_of("x >= z"));
  EXPECT_EQ(R"({"codes":"f"})", json_of("N(f)"));
}

TEST(ExpressionJson, PowersHaveOneName) {
  const std::string cube = R"({"args":[{"column":"x"},{"number":3.0}],"call":"^"})";
  EXPECT_EQ(cube, json_of("x^3"));
  EXPECT_EQ(cube, json_of("pow(x, 3)"));
  EXPECT_EQ(json_of("sqrt(x)"), json_of("x^0.5"));  // as the engine computes it
}

TEST(ExpressionJson, RefusesFactors) { EXPECT_THROW(json_of("F(x)"), SpecError); }

}  // namespace
}  // namespace insitu
