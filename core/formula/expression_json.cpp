#include "formula/expression_json.hpp"

#include <nlohmann/json.hpp>

#include "base/errors.hpp"

namespace insitu {
namespace {

using nlohmann::json;

const char* symbol(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSubtract:
      return "-";
    case BinaryOp::kMultiply:
      return "*";
    case BinaryOp::kDivide:
      return "/";
    case BinaryOp::kPower:
      return "^";
    case BinaryOp::kLess:
      return "<";
    case BinaryOp::kLessEqual:
      return "<=";
    case BinaryOp::kGreater:
      return ">";
    case BinaryOp::kGreaterEqual:
      return ">=";
    case BinaryOp::kEqual:
      return "==";
    case BinaryOp::kNotEqual:
      return "!=";
  }
  throw InternalError("an operator without a symbol");
}

json call(const char* name, const Expr& expr) {
  json args = json::array();
  for (const ExprPtr& arg : expr.args) args.push_back(expression_json(*arg));
  return {{"call", name}, {"args", std::move(args)}};
}

json power(const Expr& expr) {
  const Expr& exponent = *expr.args[1];
  if (exponent.kind == ExprKind::kNumber && exponent.number == 0.5) {
    return {{"call", "sqrt"}, {"args", json::array({expression_json(*expr.args[0])})}};
  }
  return call("^", expr);
}

}  // namespace

json expression_json(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return {{"number", expr.number}};
    case ExprKind::kColumn:
      return {{"column", expr.name}};
    case ExprKind::kCodesOf:
      return {{"codes", expr.args[0]->name}};
    case ExprKind::kNegate:
      return call("-", expr);
    case ExprKind::kBinary:
      return expr.op == BinaryOp::kPower ? power(expr) : call(symbol(expr.op), expr);
    case ExprKind::kCall:
      if (expr.name == "I") return expression_json(*expr.args[0]);
      if (expr.name == "pow") return power(expr);
      return call(expr.name == "log" ? "ln" : expr.name.c_str(), expr);
    case ExprKind::kFactorOf:
    case ExprKind::kAll:
      break;
  }
  throw SpecError(to_string(expr) + " is not a number");
}

}  // namespace insitu
