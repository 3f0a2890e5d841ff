// The syntax tree of a formula: plain immutable nodes, shared by pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace insitu {

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

enum class ExprKind : uint8_t {
  kNumber,    // number
  kColumn,    // name
  kCall,      // name = function ("I" is the identity), args
  kBinary,    // op, args[0], args[1]
  kNegate,    // args[0]
  kFactorOf,  // F(x), F(x, low, high): args[0] is a kColumn; low and high are both set or both
              // empty
  kCodesOf,   // N(f): args[0] is a kColumn
  kAll,       // "." before resolve() replaces it
};

enum class BinaryOp : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kPower,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kNotEqual,
};

// One node. Trees are at most kMaxExprDepth deep, so recursion over them is safe.
struct Expr {
  ExprKind kind = ExprKind::kNumber;
  BinaryOp op = BinaryOp::kAdd;
  double number = 0.0;
  std::string name;
  std::vector<ExprPtr> args;
  std::optional<int64_t> low;
  std::optional<int64_t> high;
  size_t position = 0;  // byte offset in the formula's text, for error messages
  uint32_t depth = 1;   // of this tree
};

inline constexpr uint32_t kMaxExprDepth = 1000;

// Canonical text, which parses back to the same tree: `log(x)`, `I(x^2)`, `F(x, 30, 39)`, `my col`
// in back-quotes.
std::string to_string(const Expr& expr);

// How a coefficient or a table calls it: the plain column name, `F_x`, `F_x_30_39_T`, otherwise the
// canonical text.
std::string display_name(const Expr& expr);

// Names of the columns in the tree, in order of appearance, each once.
void columns_used(const Expr& expr, std::vector<std::string>& names);

// The call that counts of successes and failures are a response by: cbind(success, failure).
inline constexpr const char* kCountsFunction = "cbind";
inline bool is_counts(const Expr& expr) {
  return expr.kind == ExprKind::kCall && expr.name == kCountsFunction;
}

// A column name as formula text: itself, or in back-quotes (doubled inside) where it is not a plain
// name.
std::string quote_name(const std::string& name);
// The same in back-quotes always.
std::string back_quoted(const std::string& name);

}  // namespace insitu
