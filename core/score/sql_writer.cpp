#include "score/sql_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/errors.hpp"

namespace insitu {
namespace {

// exp() of these is the largest double and the smallest above zero.
constexpr double kLargestExponent = 709.782712893384;
constexpr double kLeastExponent = -745.13;
// Room for the rounding of a logarithm and of a power's bounds.
constexpr double kMargin = 1e-12;

std::string_view symbol(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return " + ";
    case BinaryOp::kSubtract:
      return " - ";
    case BinaryOp::kMultiply:
      return " * ";
    case BinaryOp::kDivide:
      return " / ";
    case BinaryOp::kLess:
      return " < ";
    case BinaryOp::kLessEqual:
      return " <= ";
    case BinaryOp::kGreater:
      return " > ";
    case BinaryOp::kGreaterEqual:
      return " >= ";
    case BinaryOp::kEqual:
      return " = ";
    case BinaryOp::kNotEqual:
      return " <> ";
    case BinaryOp::kPower:
      break;
  }
  throw InternalError("a power has no symbol in SQL");
}

std::string_view opposite(BinaryOp op) {
  switch (op) {
    case BinaryOp::kLess:
      return " >= ";
    case BinaryOp::kLessEqual:
      return " > ";
    case BinaryOp::kGreater:
      return " <= ";
    case BinaryOp::kGreaterEqual:
      return " < ";
    case BinaryOp::kEqual:
      return " <> ";
    case BinaryOp::kNotEqual:
      return " = ";
    default:
      throw InternalError("an operator that does not compare");
  }
}

// An exponent that is a number, as NumericProgram sees it: 2, -2, 0.5.
bool constant_of(const Expr& expr, double& value) {
  if (expr.kind == ExprKind::kNumber) {
    value = expr.number;
    return true;
  }
  if (expr.kind != ExprKind::kNegate || !constant_of(*expr.args[0], value)) return false;
  value = -value;
  return true;
}

std::string function(std::string_view name, const std::string& x) {
  return std::string(name) + "(" + x + ")";
}

// The power where it neither vanishes nor overflows; NaN is above all bounds.
std::string within_bounds(const SqlDialect& dialect, const std::string& x, double power) {
  constexpr double kMost = std::numeric_limits<double>::max();
  constexpr double kLeast = std::numeric_limits<double>::denorm_min();
  const double root = 1.0 / power;
  const double largest = std::pow(kMost, root);
  const double least = std::pow(kLeast, root);
  const bool rising = power > 0.0;
  const double low = std::max(kLeast, (rising ? least : largest) * (1.0 + kMargin));
  const double high = std::min(kMost, (rising ? largest : least) * (1.0 - kMargin));
  const bool whole = power == std::floor(power);
  const std::string size = whole ? function("ABS", x) : x;
  const std::string plain = " THEN POWER(" + x + ", " + dialect.number(power) + ")";
  std::string text = "CASE";
  if (!whole) text += " WHEN " + x + " < " + dialect.number(0.0) + " THEN NULL";
  if (rising) {
    text += " WHEN " + size + " < " + dialect.number(low) + " THEN " + dialect.number(0.0);
    return text + " WHEN " + size + " <= " + dialect.number(high) + plain + " END";
  }
  if (high < kMost)
    text += " WHEN " + size + " > " + dialect.number(high) + " THEN " + dialect.number(0.0);
  return text + " WHEN " + size + " >= " + dialect.number(low) + plain + " END";
}

}  // namespace

void SqlWriter::check_size(size_t bytes) {
  if (bytes <= kMostSqlBytes) return;
  throw SpecError("the model's SQL expression has more than " + std::to_string(kMostSqlBytes) +
                  " bytes; score with the model itself, or fit fewer levels");
}

std::string SqlWriter::bounded(const Value& value) const {
  return value.infinite ? dialect_.without_infinities(value.text) : value.text;
}

std::string SqlWriter::finite(const Value& value) const {
  const std::string text = bounded(value);
  return value.nan ? dialect_.without_nan(text) : text;
}

SqlWriter::Value SqlWriter::value(const Expr& expr) const {
  Value made;
  switch (expr.kind) {
    case ExprKind::kNumber:
      return {std::isfinite(expr.number) ? number(expr.number) : dialect_.null_number()};
    case ExprKind::kColumn:
      return number_of(expr.name);
    case ExprKind::kCodesOf:
      return codes_of(expr.args[0]->name);
    case ExprKind::kNegate:
      made = value(*expr.args[0]);
      made.text = "(-" + made.text + ")";
      break;
    case ExprKind::kBinary:
      made = binary(expr);
      break;
    case ExprKind::kCall:
      made = call(expr);
      break;
    case ExprKind::kFactorOf:
    case ExprKind::kAll:
      throw InternalError("a factor where a number is computed");
  }
  check_size(made.text.size());
  return made;
}

SqlWriter::Value SqlWriter::binary(const Expr& expr) const {
  if (expr.op == BinaryOp::kPower) return power(*expr.args[0], *expr.args[1]);
  if (expr.op >= BinaryOp::kLess) return comparison(expr);
  const Value left = value(*expr.args[0]);
  Value right = value(*expr.args[1]);
  if (expr.op == BinaryOp::kDivide)
    right.text = "NULLIF(" + bounded(right) + ", " + number(0.0) + ")";
  const bool nan = left.nan || right.nan || (overflows() && !dialect_.nan.empty());
  return {"(" + left.text + std::string(symbol(expr.op)) + right.text + ")", nan, overflows()};
}

SqlWriter::Value SqlWriter::comparison(const Expr& expr) const {
  const std::string left = finite(value(*expr.args[0]));
  const std::string right = finite(value(*expr.args[1]));
  return {"CASE WHEN " + left + std::string(symbol(expr.op)) + right + " THEN " + number(1.0) +
          " WHEN " + left + std::string(opposite(expr.op)) + right + " THEN " + number(0.0) +
          " END"};
}

SqlWriter::Value SqlWriter::call(const Expr& expr) const {
  const std::string& name = expr.name;
  const Expr& operand = *expr.args[0];
  if (name == "pow") return power(operand, *expr.args[1]);
  if (name == "exp") return exponential(operand);
  Value x = value(operand);
  const auto where = [&](const char* condition, const std::string& then) {
    x.text = "CASE WHEN " + x.text + condition + number(0.0) + " THEN " + then + " END";
    return x;
  };
  if (name == "log" || name == "ln") return where(" > ", function(dialect_.ln, x.text));
  if (name == "log10") return where(" > ", function("LOG10", x.text));
  if (name == "sqrt") return where(" >= ", function("SQRT", x.text));
  if (name == "log2") {
    return where(" > ",
                 std::string(dialect_.log2_before) + x.text + std::string(dialect_.log2_after));
  }
  if (name == "abs") x.text = function("ABS", x.text);
  if (name == "floor") x.text = function("FLOOR", x.text);
  if (name == "ceil") x.text = function(dialect_.ceil, x.text);
  if (name == "sin") return {function("SIN", bounded(x)), x.nan, false};
  if (name == "cos") return {function("COS", bounded(x)), x.nan, false};
  if (name == "tan") return {function("TAN", bounded(x)), x.nan, false};
  if (name == "abs" || name == "floor" || name == "ceil" || name == "I") return x;
  throw SpecError("the function " + name + "() is not available in the SQL dialect '" +
                  std::string(dialect_.name) + "'; compute it in a column of the table");
}

// A NaN meets none of the conditions.
std::string SqlWriter::exponential(const SqlDialect& dialect, const std::string& x) {
  if (!dialect.strict) return dialect.without_infinities(function("EXP", x));
  return "CASE WHEN " + x + " < " + dialect.number(kLeastExponent) + " THEN " +
         dialect.number(0.0) + " WHEN " + x + " <= " + dialect.number(kLargestExponent) + " THEN " +
         function("EXP", x) + " END";
}

SqlWriter::Value SqlWriter::exponential(const Expr& operand) const {
  const Value found = value(operand);
  const std::string x = bounded(found);
  if (!dialect_.strict) return {function("EXP", x), found.nan, true};
  return {exponential(dialect_, x)};
}

SqlWriter::Value SqlWriter::power(const Expr& base, const Expr& exponent) const {
  const Value x = value(base);
  double constant = 0.0;
  if (constant_of(exponent, constant)) return constant_power(x, constant);
  return any_power(finite(x), finite(value(exponent)));
}

SqlWriter::Value SqlWriter::constant_power(const Value& base, double power) const {
  if (power == 1.0) return base;
  if (power == 0.0)
    return {"CASE WHEN " + finite(base) + " IS NOT NULL THEN " + number(1.0) + " END"};
  // What is not finite stays so in a positive power, and would be lost in a negative one.
  const std::string x = power > 0.0 ? base.text : finite(base);
  if (power == 0.5) {
    return {"CASE WHEN " + x + " >= " + number(0.0) + " THEN " + function("SQRT", x) + " END",
            base.nan, base.infinite};
  }
  if (dialect_.strict) return {within_bounds(dialect_, x, power)};
  const std::string plain = "POWER(" + x + ", " + number(power) + ")";
  if (power == std::floor(power)) return {plain, base.nan, true};
  return {"CASE WHEN " + x + " >= " + number(0.0) + " THEN " + plain + " END", base.nan, true};
}

std::string SqlWriter::power(const SqlDialect& dialect, const std::string& x, double power) {
  if (power == 0.5) return function("SQRT", x);
  if (dialect.strict) return within_bounds(dialect, x, power);
  return dialect.without_infinities("POWER(" + x + ", " + dialect.number(power) + ")");
}

// As C's pow(): of a negative x only for whole y, of zero only for y >= 0.
SqlWriter::Value SqlWriter::any_power(const std::string& x, const std::string& y) const {
  check_size(6 * (x.size() + y.size()));
  const std::string zero = number(0.0);
  const std::string plain = "POWER(" + x + ", " + y + ")";
  const auto sized = [&](const std::string& size) -> std::string {
    if (!dialect_.strict) return std::string(plain);
    const std::string log = y + " * " + function(dialect_.ln, size);
    return "CASE WHEN " + log + " < " + number(kLeastExponent) + " THEN " + zero + " WHEN " + log +
           " <= " + number(kLargestExponent * (1.0 - kMargin)) + " THEN " + plain + " END";
  };
  const std::string of_zero = "CASE WHEN " + y + " > " + zero + " THEN " + zero + " WHEN " + y +
                              " = " + zero + " THEN " + number(1.0) + " END";
  return {"CASE WHEN " + x + " > " + zero + " THEN " + sized(x) + " WHEN " + x + " = " + zero +
              " THEN " + of_zero + " WHEN " + y + " = " + function("FLOOR", y) + " THEN " +
              sized("-" + x) + " END",
          false, overflows()};
}

// Timestamps may be infinite where numbers are not taken to be.
SqlWriter::Value SqlWriter::number_of(const std::string& column) const {
  switch (design_.find_column(column)->time) {
    case TimeUnit::kDays:
      return {dialect_.as_days(column), false, !dialect_.infinity.empty()};
    case TimeUnit::kSeconds:
      return {dialect_.as_seconds(column), false, !dialect_.infinity.empty()};
    case TimeUnit::kNone:
      break;
  }
  return {dialect_.as_number(column), !dialect_.nan.empty(), false};
}

std::string SqlWriter::subject_of(const std::string& column) const {
  return design_.find_column(column)->logical ? dialect_.as_boolean(column)
                                              : dialect_.as_text(column);
}

std::string SqlWriter::label_of(const std::string& column, const std::string& level) const {
  if (!design_.find_column(column)->logical) return dialect_.label(level);
  if (level == "True") return std::string(dialect_.truth);
  if (level == "False") return std::string(dialect_.falsehood);
  return "";
}

std::string SqlWriter::subject(const DesignFactor& factor) const {
  if (factor.from_number) return function("FLOOR", bounded(number_of(factor.column)));
  return subject_of(factor.column);
}

std::string SqlWriter::label(const DesignFactor& factor, const std::string& level) const {
  if (!factor.from_number) return label_of(factor.column, level);
  int64_t whole = 0;
  const char* const end = level.data() + level.size();
  const auto [stop, error] = std::from_chars(level.data(), end, whole);
  const bool known = error == std::errc() && stop == end && std::to_string(whole) == level;
  return known ? number(static_cast<double>(whole)) : "";
}

SqlWriter::Value SqlWriter::codes_of(const std::string& column) const {
  std::string whens;
  double code = 0.0;
  for (const std::string& level : *design_.find_column(column)->levels) {
    const std::string label = label_of(column, level);
    if (!label.empty()) whens += " WHEN " + label + " THEN " + number(code);
    code += 1.0;
    check_size(whens.size());
  }
  if (whens.empty()) return {dialect_.null_number()};
  return {"CASE " + subject_of(column) + whens + " END"};
}

}  // namespace insitu
