#include "formula/ast.hpp"

#include <algorithm>
#include <charconv>

namespace insitu {
namespace {

enum Precedence { kComparison = 1, kSum, kProduct, kMinus, kPowers, kAtom };

Precedence precedence(const Expr& expr) {
  if (expr.kind == ExprKind::kNegate) return kMinus;
  if (expr.kind != ExprKind::kBinary) return kAtom;
  switch (expr.op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSubtract:
      return kSum;
    case BinaryOp::kMultiply:
    case BinaryOp::kDivide:
      return kProduct;
    case BinaryOp::kPower:
      return kPowers;
    default:
      return kComparison;
  }
}

const char* spelling(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return " + ";
    case BinaryOp::kSubtract:
      return " - ";
    case BinaryOp::kMultiply:
      return " * ";
    case BinaryOp::kDivide:
      return "/";
    case BinaryOp::kPower:
      return "^";
    case BinaryOp::kLess:
      return " < ";
    case BinaryOp::kLessEqual:
      return " <= ";
    case BinaryOp::kGreater:
      return " > ";
    case BinaryOp::kGreaterEqual:
      return " >= ";
    case BinaryOp::kEqual:
      return " == ";
    case BinaryOp::kNotEqual:
      return " != ";
  }
  return "?";
}

std::string number_text(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return error == std::errc() ? std::string(buffer, end) : "?";
}

void print(const Expr& expr, std::string& out);

void print_operand(const Expr& expr, bool parentheses, std::string& out) {
  if (parentheses) out += '(';
  print(expr, out);
  if (parentheses) out += ')';
}

void print_binary(const Expr& expr, std::string& out) {
  const Precedence own = precedence(expr);
  const Expr& left = *expr.args[0];
  const Expr& right = *expr.args[1];
  const bool right_associative = own == kPowers;
  const bool strict_left = right_associative || own == kComparison;  // comparisons do not chain
  print_operand(left, strict_left ? precedence(left) <= own : precedence(left) < own, out);
  out += spelling(expr.op);
  // x^-1 needs no parentheses.
  const bool exponent_minus = right_associative && right.kind == ExprKind::kNegate;
  print_operand(
      right,
      !exponent_minus && (right_associative ? precedence(right) < own : precedence(right) <= own),
      out);
}

void print_call(const std::string& name, const Expr& expr, std::string& out) {
  out += name;
  out += '(';
  for (size_t k = 0; k < expr.args.size(); ++k) {
    if (k > 0) out += ", ";
    print(*expr.args[k], out);
  }
  if (expr.low) out += ", " + std::to_string(*expr.low) + ", " + std::to_string(*expr.high);
  out += ')';
}

void print(const Expr& expr, std::string& out) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      out += number_text(expr.number);
      return;
    case ExprKind::kColumn:
      out += quote_name(expr.name);
      return;
    case ExprKind::kCall:
      print_call(expr.name, expr, out);
      return;
    case ExprKind::kBinary:
      print_binary(expr, out);
      return;
    case ExprKind::kNegate:
      out += '-';
      print_operand(*expr.args[0], precedence(*expr.args[0]) < kMinus, out);
      return;
    case ExprKind::kFactorOf:
      print_call("F", expr, out);
      return;
    case ExprKind::kCodesOf:
      print_call("N", expr, out);
      return;
    case ExprKind::kAll:
      out += '.';
      return;
  }
}

bool is_plain_name(const std::string& name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || name == ".") return false;
  if (digit(name[0]) || (name[0] == '.' && name.size() > 1 && digit(name[1]))) return false;
  if (name.find("\xC2\xA0") != std::string::npos) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || digit(c) || c == '.' || c == '_'; });
}

}  // namespace

std::string quote_name(const std::string& name) {
  return is_plain_name(name) ? name : back_quoted(name);
}

std::string back_quoted(const std::string& name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + '`';
}

std::string to_string(const Expr& expr) {
  std::string out;
  print(expr, out);
  return out;
}

std::string display_name(const Expr& expr) {
  if (expr.kind == ExprKind::kColumn) return expr.name;
  if (expr.kind == ExprKind::kFactorOf) {
    std::string name = "F_" + expr.args[0]->name;
    if (expr.low) {
      name += '_' + std::to_string(*expr.low) + '_' + std::to_string(*expr.high) + "_T";
    }
    return name;
  }
  return to_string(expr);
}

void columns_used(const Expr& expr, std::vector<std::string>& names) {
  if (expr.kind == ExprKind::kColumn &&
      std::find(names.begin(), names.end(), expr.name) == names.end()) {
    names.push_back(expr.name);
  }
  for (const ExprPtr& arg : expr.args) columns_used(*arg, names);
}

}  // namespace insitu
