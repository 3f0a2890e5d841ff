// Numeric expressions of a formula, compiled once and evaluated over tiles of rows.
//
// Missing inputs (NaN) give missing results; so does any step that is not finite (log(0), 1/0,
// overflow). Comparisons give 0 or 1. Double-double evaluation: sums, products, quotients, integer
// powers and square roots carry hi + lo; other functions are evaluated on hi with lo = 0. Integer
// powers are computed in double-double and rounded once in either mode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formula/ast.hpp"

namespace insitu {

class NumericProgram {
 public:
  // SpecError for factor elements: only numeric trees compile. N(f) reads its codes as an input
  // column.
  static NumericProgram compile(const Expr& expr);

  // Inputs in the order evaluate() wants them. `codes`: 0-based codes of a factor, as doubles (NaN:
  // missing).
  struct Input {
    std::string column;
    bool codes = false;
  };
  const std::vector<Input>& inputs() const { return inputs_; }
  // The expression is just its only input: callers may use that column directly.
  bool is_column() const { return code_.size() == 1 && code_[0].op == Op::kInput; }

  // out[i] for n rows. out_lo may be null: then plain double. inputs[k] has n doubles.
  void evaluate(std::span<const double* const> inputs, size_t n, double* out,
                double* out_lo = nullptr) const;
  // The same for one row, without allocating: inputs[k] points at one double, `stack` at
  // stack_doubles() of them.
  double evaluate_one(std::span<const double* const> inputs, double* stack) const;
  size_t stack_doubles() const { return 2 * max_depth_; }

  enum class Op : uint8_t {
    kInput,
    kNumber,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kPower,
    kIntegerPower,
    kNegate,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kEqual,
    kNotEqual,
    kLog,
    kLog10,
    kLog2,
    kExp,
    kSqrt,
    kAbs,
    kSin,
    kCos,
    kTan,
    kFloor,
    kCeil,
  };
  struct Instruction {
    Op op = Op::kInput;
    int32_t index = 0;  // of the input; or the integer power
    double number = 0.0;
  };

 private:
  void emit(const Expr& expr, size_t depth);
  void emit_input(const std::string& column, bool codes);
  void emit_power(const Expr& base, const Expr& exponent, size_t depth);

  std::vector<Input> inputs_;
  std::vector<Instruction> code_;  // a stack machine's
  size_t max_depth_ = 0;
};

// The functions a formula may call, sorted: for error messages and for documentation.
std::span<const std::string_view> formula_functions();

}  // namespace insitu
