#include "formula/parser.hpp"

#include <algorithm>

#include "formula/formula.hpp"

namespace insitu {
namespace {

BinaryOp comparison_op(TokenKind kind, bool& found) {
  found = true;
  switch (kind) {
    case TokenKind::kLess:
      return BinaryOp::kLess;
    case TokenKind::kLessEqual:
      return BinaryOp::kLessEqual;
    case TokenKind::kGreater:
      return BinaryOp::kGreater;
    case TokenKind::kGreaterEqual:
      return BinaryOp::kGreaterEqual;
    case TokenKind::kEqual:
      return BinaryOp::kEqual;
    case TokenKind::kNotEqual:
      return BinaryOp::kNotEqual;
    default:
      found = false;
      return BinaryOp::kEqual;
  }
}

}  // namespace

std::string shown_token(const Token& token) {
  return token.kind == TokenKind::kEnd ? "the end" : "'" + std::string(token.text) + "'";
}

ExpressionParser::Nest::Nest(ExpressionParser& parser) : parser_(parser) {
  if (parser.nesting_ >= kMaxNesting) {
    parser.fail(parser.token().position,
                "more than " + std::to_string(kMaxNesting) + " levels of nesting");
  }
  ++parser.nesting_;
}

void ExpressionParser::fail(size_t position, const std::string& what,
                            const std::string& advice) const {
  formula_error(text_, position, what, advice);
}

void ExpressionParser::fail_expected(const std::string& what) const {
  const Token& here = token();
  if (at_ == 0) fail(here.position, "expected " + what + ", found " + shown_token(here));
  const Token& before = tokens_[at_ - 1];
  const std::string after = "expected " + what + " after '" + std::string(before.text) + "'";
  if (here.kind == TokenKind::kEnd) fail(before.position, after);
  fail(here.position, after + ", found " + shown_token(here));
}

bool ExpressionParser::take(TokenKind kind) {
  if (token().kind != kind) return false;
  skip();
  return true;
}

void ExpressionParser::expect_right(size_t left_position) {
  if (take(TokenKind::kRight)) return;
  if (token().kind == TokenKind::kEnd) fail(left_position, "this '(' is never closed");
  fail(token().position, "expected ')' or an operator, found " + shown_token(token()));
}

bool ExpressionParser::at_call() const {
  return token().kind == TokenKind::kName && !token().quoted && token(1).kind == TokenKind::kLeft;
}

ExprPtr ExpressionParser::finish(Expr&& expr) const {
  for (const ExprPtr& arg : expr.args) expr.depth = std::max(expr.depth, arg->depth + 1);
  if (expr.depth > kMaxExprDepth) {
    fail(expr.position, "an expression of more than " + std::to_string(kMaxExprDepth) + " steps",
         "make the column with transforms");
  }
  return std::make_shared<const Expr>(std::move(expr));
}

ExprPtr ExpressionParser::make_binary(BinaryOp op, ExprPtr left, ExprPtr right,
                                      size_t position) const {
  Expr expr;
  expr.kind = ExprKind::kBinary;
  expr.op = op;
  expr.args = {std::move(left), std::move(right)};
  expr.position = position;
  return finish(std::move(expr));
}

ExprPtr ExpressionParser::comparison() {
  ExprPtr left = additive();
  bool found = false;
  const BinaryOp op = comparison_op(token().kind, found);
  if (!found) return left;
  const size_t position = token().position;
  skip();
  ExprPtr result = make_binary(op, std::move(left), additive(), position);
  comparison_op(token().kind, found);
  if (found) fail(token().position, "comparisons do not chain", "put one of them in parentheses");
  return result;
}

ExprPtr ExpressionParser::additive() {
  ExprPtr left = multiplicative();
  for (;;) {
    const Token& op = token();
    if (op.kind != TokenKind::kPlus && op.kind != TokenKind::kMinus) return left;
    skip();
    left = make_binary(op.kind == TokenKind::kPlus ? BinaryOp::kAdd : BinaryOp::kSubtract,
                       std::move(left), multiplicative(), op.position);
  }
}

ExprPtr ExpressionParser::multiplicative() {
  ExprPtr left = unary();
  for (;;) {
    const Token& op = token();
    if (op.kind == TokenKind::kColon) {
      fail(op.position, "':' makes interactions of terms and has no meaning in arithmetic",
           "write '*' for a product");
    }
    if (op.kind != TokenKind::kStar && op.kind != TokenKind::kSlash) return left;
    skip();
    left = make_binary(op.kind == TokenKind::kStar ? BinaryOp::kMultiply : BinaryOp::kDivide,
                       std::move(left), unary(), op.position);
  }
}

ExprPtr ExpressionParser::unary() {
  const Token& sign = token();
  if (sign.kind != TokenKind::kMinus && sign.kind != TokenKind::kPlus) return power();
  const Nest nest(*this);
  skip();
  ExprPtr operand = unary();
  if (sign.kind == TokenKind::kPlus) return operand;
  Expr expr;
  expr.kind = ExprKind::kNegate;
  expr.args = {std::move(operand)};
  expr.position = sign.position;
  return finish(std::move(expr));
}

ExprPtr ExpressionParser::power() {
  ExprPtr base = atom();
  const size_t position = token().position;
  if (!take(TokenKind::kCaret)) return base;
  const Nest nest(*this);
  return make_binary(BinaryOp::kPower, std::move(base), unary(), position);
}

ExprPtr ExpressionParser::atom() {
  const Token& here = token();
  if (at_call()) return call();
  if (here.kind == TokenKind::kLeft) {
    const Nest nest(*this);
    skip();
    ExprPtr inside = comparison();
    expect_right(here.position);
    return inside;
  }
  Expr expr;
  expr.position = here.position;
  if (here.kind == TokenKind::kNumber) {
    expr.number = here.number;
  } else if (here.kind == TokenKind::kName) {
    expr.kind = ExprKind::kColumn;
    expr.name = here.name;
  } else if (here.kind == TokenKind::kDot) {
    fail(here.position, "'.' stands for all columns and has no meaning in arithmetic");
  } else {
    fail_expected("a column, a number or a function");
  }
  skip();
  return finish(std::move(expr));
}

}  // namespace insitu
