#include "formula/expression.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/errors.hpp"
#include "formula/expression_kernels.hpp"

namespace insitu {
namespace {

using Op = NumericProgram::Op;

constexpr std::array<std::string_view, 14> kFunctions = {"abs", "ceil", "cos",   "exp",  "floor",
                                                         "ln",  "log",  "log10", "log2", "pow",
                                                         "sin", "sqrt", "tan",   "I"};
constexpr double kLargestIntegerPower = 1024.0;

Op function_op(std::string_view name) {
  if (name == "log" || name == "ln") return Op::kLog;
  if (name == "log10") return Op::kLog10;
  if (name == "log2") return Op::kLog2;
  if (name == "exp") return Op::kExp;
  if (name == "sqrt") return Op::kSqrt;
  if (name == "abs") return Op::kAbs;
  if (name == "sin") return Op::kSin;
  if (name == "cos") return Op::kCos;
  if (name == "tan") return Op::kTan;
  if (name == "floor") return Op::kFloor;
  if (name == "ceil") return Op::kCeil;
  throw SpecError("there is no function " + std::string(name) + "() in formulas");
}

Op binary_op(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return Op::kAdd;
    case BinaryOp::kSubtract:
      return Op::kSubtract;
    case BinaryOp::kMultiply:
      return Op::kMultiply;
    case BinaryOp::kDivide:
      return Op::kDivide;
    case BinaryOp::kPower:
      return Op::kPower;
    case BinaryOp::kLess:
      return Op::kLess;
    case BinaryOp::kLessEqual:
      return Op::kLessEqual;
    case BinaryOp::kGreater:
      return Op::kGreater;
    case BinaryOp::kGreaterEqual:
      return Op::kGreaterEqual;
    case BinaryOp::kEqual:
      return Op::kEqual;
    case BinaryOp::kNotEqual:
      return Op::kNotEqual;
  }
  throw InternalError("an operator that programs do not know");
}

// The exponent if it is a constant: 2, -2, 0.5.
bool constant_value(const Expr& expr, double& value) {
  if (expr.kind == ExprKind::kNumber) {
    value = expr.number;
    return true;
  }
  if (expr.kind != ExprKind::kNegate || !constant_value(*expr.args[0], value)) return false;
  value = -value;
  return true;
}

}  // namespace

std::span<const std::string_view> formula_functions() { return kFunctions; }

NumericProgram NumericProgram::compile(const Expr& expr) {
  NumericProgram program;
  program.emit(expr, 1);
  return program;
}

void NumericProgram::emit_input(const std::string& column, bool codes) {
  const auto same = [&](const Input& input) {
    return input.column == column && input.codes == codes;
  };
  const auto found = std::find_if(inputs_.begin(), inputs_.end(), same);
  const auto index = static_cast<int32_t>(found - inputs_.begin());
  if (found == inputs_.end()) inputs_.push_back({column, codes});
  code_.push_back({Op::kInput, index, 0.0});
}

void NumericProgram::emit_power(const Expr& base, const Expr& exponent, size_t depth) {
  emit(base, depth);
  double value = 0.0;
  if (constant_value(exponent, value)) {
    if (value == std::floor(value) && std::abs(value) <= kLargestIntegerPower) {
      code_.push_back({Op::kIntegerPower, static_cast<int32_t>(value), 0.0});
      return;
    }
    if (value == 0.5) {
      code_.push_back({Op::kSqrt, 0, 0.0});
      return;
    }
  }
  emit(exponent, depth + 1);
  code_.push_back({Op::kPower, 0, 0.0});
}

void NumericProgram::emit(const Expr& expr, size_t depth) {
  max_depth_ = std::max(max_depth_, depth);
  switch (expr.kind) {
    case ExprKind::kNumber:
      code_.push_back({Op::kNumber, 0, expr.number});
      return;
    case ExprKind::kColumn:
      emit_input(expr.name, false);
      return;
    case ExprKind::kCodesOf:
      emit_input(expr.args[0]->name, true);
      return;
    case ExprKind::kNegate:
      emit(*expr.args[0], depth);
      code_.push_back({Op::kNegate, 0, 0.0});
      return;
    case ExprKind::kBinary:
      if (expr.op == BinaryOp::kPower) return emit_power(*expr.args[0], *expr.args[1], depth);
      emit(*expr.args[0], depth);
      emit(*expr.args[1], depth + 1);
      code_.push_back({binary_op(expr.op), 0, 0.0});
      return;
    case ExprKind::kCall:
      if (expr.name == "pow") return emit_power(*expr.args[0], *expr.args[1], depth);
      emit(*expr.args[0], depth);
      if (expr.name != "I") code_.push_back({function_op(expr.name), 0, 0.0});
      return;
    case ExprKind::kFactorOf:
    case ExprKind::kAll:
      break;
  }
  throw SpecError(to_string(expr) + " is not a number");
}

void NumericProgram::evaluate(std::span<const double* const> inputs, size_t n, double* out,
                              double* out_lo) const {
  if (is_column()) {
    std::copy_n(inputs[0], n, out);
    if (out_lo != nullptr) std::fill_n(out_lo, n, 0.0);
    return;
  }
  std::vector<double> stack(2 * max_depth_ * kExpressionBlock);
  for (size_t begin = 0; begin < n; begin += kExpressionBlock) {
    const size_t rows = std::min(kExpressionBlock, n - begin);
    evaluate_block(code_, inputs, begin, rows, stack.data());
    std::copy_n(stack.data(), rows, out + begin);
    if (out_lo != nullptr) std::copy_n(stack.data() + kExpressionBlock, rows, out_lo + begin);
  }
}

double NumericProgram::evaluate_one(std::span<const double* const> inputs, double* stack) const {
  if (is_column()) return *inputs[0];
  evaluate_row(code_, inputs, stack);
  return stack[0];
}

}  // namespace insitu
