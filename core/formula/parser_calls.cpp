// Calls: functions, F() and N().
#include <algorithm>
#include <array>
#include <cmath>

#include "base/levels.hpp"
#include "formula/expression.hpp"
#include "formula/formula.hpp"
#include "formula/parser.hpp"

namespace insitu {
namespace {

struct Refused {
  std::string_view name;
  const char* advice;
};
constexpr std::array kRefused = {
    Refused{"poly", "write the powers: x + x^2 + x^3"},
    Refused{"bs", "make spline columns with transforms"},
    Refused{"ns", "make spline columns with transforms"},
    Refused{"s", "make spline columns with transforms"},
    Refused{"cbind", "it is the response of a binomial family: cbind(success, failure) ~ …"},
    Refused{"factor", "text columns are factors already; write F(x) for a column of whole numbers"},
    Refused{"as.factor",
            "text columns are factors already; write F(x) for a column of whole numbers"},
    Refused{"C", "text columns are factors already; write F(x) for a column of whole numbers"},
    Refused{"as.numeric", "write N(f) for the codes of a factor"},
    Refused{"ceiling", "write ceil(x)"},
    Refused{"scale", "scale the column with transforms"},
    Refused{"ifelse", "write a comparison, as in I(x > 15), or use transforms"},
    Refused{"offset", "an offset is a term of the right side: y ~ a + offset(b)"},
};

}  // namespace

ExprPtr ExpressionParser::call() {
  const Nest nest(*this);
  const Token& function = token();
  skip();
  const size_t left = token().position;
  skip();
  if (function.name == "F") return factor_of(function.position);
  if (function.name == "N") return codes_of(function.position);
  for (const Refused& refused : kRefused) {
    if (function.name == refused.name) {
      fail(function.position, function.name + "() is not a function of formulas", refused.advice);
    }
  }
  const auto known = formula_functions();
  if (function.name != "I" && std::find(known.begin(), known.end(), function.name) == known.end()) {
    const std::vector<std::string> names(known.begin(), known.end());
    fail(function.position, "there is no function " + function.name + "()",
         names_advice(function.name, names, "the functions"));
  }
  Expr expr;
  expr.kind = ExprKind::kCall;
  expr.name = function.name;
  expr.position = function.position;
  if (token().kind != TokenKind::kRight) {
    do expr.args.push_back(comparison());
    while (take(TokenKind::kComma));
  }
  expect_right(left);
  const size_t wanted = function.name == "pow" ? 2 : 1;
  if (expr.args.size() != wanted) {
    fail(function.position, function.name + "() takes " + std::to_string(wanted) +
                                (wanted == 1 ? " argument" : " arguments") + ", got " +
                                std::to_string(expr.args.size()));
  }
  return finish(std::move(expr));
}

ExprPtr ExpressionParser::counts_of_response() {
  Expr expr;
  expr.kind = ExprKind::kCall;
  expr.name = kCountsFunction;
  expr.position = token().position;
  skip();
  const size_t left = token().position;
  skip();
  do expr.args.push_back(comparison());
  while (take(TokenKind::kComma));
  expect_right(left);
  if (expr.args.size() != 2) {
    fail(expr.position, "cbind() takes the counts of successes and of failures, and has " +
                            std::to_string(expr.args.size()) +
                            (expr.args.size() == 1 ? " argument" : " arguments"));
  }
  return finish(std::move(expr));
}

ExprPtr ExpressionParser::column_argument(const char* function) {
  const Token& name = token();
  const bool plain = name.kind == TokenKind::kName && !at_call() &&
                     (token(1).kind == TokenKind::kComma || token(1).kind == TokenKind::kRight);
  if (!plain) {
    if (token().kind == TokenKind::kEnd) fail_expected("the name of a column");
    fail(name.position, std::string(function) + "() takes the name of a column",
         "make a column of the expression with transforms");
  }
  return atom();
}

// F(x), F(x, low, high), F(x, low, high, exclude); the last three may be named as in low = 1.
ExprPtr ExpressionParser::factor_of(size_t position) {
  const size_t left = tokens_[at_ - 1].position;
  Expr expr;
  expr.kind = ExprKind::kFactorOf;
  expr.position = position;
  expr.args = {column_argument("F")};
  for (int place = 0; take(TokenKind::kComma); ++place) {
    std::string name = place == 0 ? "low" : place == 1 ? "high" : "exclude";
    if (place > 2) fail(token().position, "F() takes at most 4 arguments: x, low, high, exclude");
    if (token().kind == TokenKind::kName && token(1).kind == TokenKind::kAssign) {
      name = token().name;
      if (name != "low" && name != "high" && name != "exclude") {
        fail(token().position, "F() has no argument " + name,
             "its arguments are x, low, high, exclude");
      }
      skip();
      skip();
    }
    if (name == "exclude") {
      const Token& value = token();
      if (value.name != "TRUE" && value.name != "True" && value.name != "T") {
        fail(value.position, "exclude must be TRUE: values out of range are missing");
      }
      skip();
      continue;
    }
    (name == "low" ? expr.low : expr.high) = whole_number(("F()'s " + name).c_str());
  }
  expect_right(left);
  if (expr.low.has_value() != expr.high.has_value()) {
    fail(position, "F() needs both low and high, or neither");
  }
  if (expr.low && (*expr.high < *expr.low || *expr.high - *expr.low >= int64_t{kMaxLevels})) {
    fail(position, "F() from " + std::to_string(*expr.low) + " to " + std::to_string(*expr.high) +
                       " has no level or more than " + std::to_string(kMaxLevels));
  }
  return finish(std::move(expr));
}

ExprPtr ExpressionParser::codes_of(size_t position) {
  const size_t left = tokens_[at_ - 1].position;
  Expr expr;
  expr.kind = ExprKind::kCodesOf;
  expr.position = position;
  expr.args = {column_argument("N")};
  expect_right(left);
  return finish(std::move(expr));
}

int64_t ExpressionParser::whole_number(const char* what) {
  const bool negative = take(TokenKind::kMinus);
  const Token& value = token();
  // 2^53: whole numbers beyond it are not all doubles.
  if (value.kind != TokenKind::kNumber || value.number != std::floor(value.number) ||
      value.number > 9007199254740992.0) {
    fail(value.position,
         std::string(what) + " must be a whole number, found " + shown_token(value));
  }
  skip();
  const auto number = static_cast<int64_t>(value.number);
  return negative ? -number : number;
}

}  // namespace insitu
