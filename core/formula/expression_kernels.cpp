#include "formula/expression_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/double_double.hpp"
#include "base/errors.hpp"
#include "linalg/kernels.hpp"
#include "linalg/math.hpp"

namespace insitu {
namespace {

using Op = NumericProgram::Op;
using Instruction = NumericProgram::Instruction;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Operand {
  double* hi;
  double* lo;
};

// A step that is not finite is missing, and then has no low half.
inline void store(Operand out, size_t i, DoubleDouble value) {
  const bool finite = value.hi - value.hi == 0.0;
  out.hi[i] = finite ? value.hi : kNaN;
  out.lo[i] = value.lo - value.lo == 0.0 && finite ? value.lo : 0.0;
}

template <class F>
[[gnu::always_inline]] inline void map1(Operand a, size_t n, F f) {
  for (size_t i = 0; i < n; ++i) store(a, i, f(DoubleDouble(a.hi[i], a.lo[i])));
}

template <class F>
[[gnu::always_inline]] inline void map2(Operand a, Operand b, size_t n, F f) {
  for (size_t i = 0; i < n; ++i) {
    store(a, i, f(DoubleDouble(a.hi[i], a.lo[i]), DoubleDouble(b.hi[i], b.lo[i])));
  }
}

// Functions without a double-double form: on the rounded value.
template <class F>
[[gnu::always_inline]] inline void map_rounded(Operand a, size_t n, F f) {
  for (size_t i = 0; i < n; ++i) store(a, i, f(a.hi[i] + a.lo[i]));
}

// Our own exp and log, the same on every machine.
inline void map_array(Operand a, size_t n, void (*f)(const double*, size_t, double*)) {
  for (size_t i = 0; i < n; ++i) a.hi[i] += a.lo[i];
  f(a.hi, n, a.hi);
  for (size_t i = 0; i < n; ++i) store(a, i, a.hi[i]);
}

template <class F>
[[gnu::always_inline]] inline void compare(Operand a, Operand b, size_t n, F f) {
  for (size_t i = 0; i < n; ++i) {
    const DoubleDouble d = DoubleDouble(a.hi[i], a.lo[i]) - DoubleDouble(b.hi[i], b.lo[i]);
    // Overflow of the difference does not matter: its sign is right. NaN operands give NaN.
    const double sign = a.hi[i] - b.hi[i] == 0.0 ? d.hi + d.lo : a.hi[i] - b.hi[i];
    a.hi[i] = std::isnan(sign) ? kNaN : (f(sign) ? 1.0 : 0.0);
    a.lo[i] = 0.0;
  }
}

// The base is inverted first, so that a power too small to hold is 0 and not missing.
inline DoubleDouble integer_power(DoubleDouble base, int32_t power) {
  if (std::isnan(base.hi)) return base;
  if (power < 0) base = DoubleDouble(1.0) / base;
  DoubleDouble result = 1.0;
  for (auto left = static_cast<uint32_t>(power < 0 ? -power : power); left > 0;) {
    if ((left & 1u) != 0) result *= base;
    left >>= 1;
    if (left > 0) base *= base;
  }
  return result;
}

inline DoubleDouble floor_dd(DoubleDouble a) {
  const double whole = std::floor(a.hi);
  if (whole != a.hi) return whole;
  const DoubleDouble sum = quick_two_sum(whole, std::floor(a.lo));
  return sum;
}

inline DoubleDouble power_of(DoubleDouble a, DoubleDouble b) {
  if (std::isnan(a.hi) || std::isnan(b.hi)) return kNaN;  // pow(1, NaN) would be 1
  return std::pow(a.hi + a.lo, b.hi + b.lo);
}

[[gnu::always_inline]] inline void arithmetic(const Instruction& step, Operand a, Operand b,
                                              size_t n) {
  switch (step.op) {
    case Op::kAdd:
      return map2(a, b, n, [](auto x, auto y) { return x + y; });
    case Op::kSubtract:
      return map2(a, b, n, [](auto x, auto y) { return x - y; });
    case Op::kMultiply:
      return map2(a, b, n, [](auto x, auto y) { return x * y; });
    case Op::kDivide:
      return map2(a, b, n, [](auto x, auto y) { return x / y; });
    case Op::kPower:
      return map2(a, b, n, power_of);
    case Op::kLess:
      return compare(a, b, n, [](double d) { return d < 0.0; });
    case Op::kLessEqual:
      return compare(a, b, n, [](double d) { return d <= 0.0; });
    case Op::kGreater:
      return compare(a, b, n, [](double d) { return d > 0.0; });
    case Op::kGreaterEqual:
      return compare(a, b, n, [](double d) { return d >= 0.0; });
    case Op::kEqual:
      return compare(a, b, n, [](double d) { return d == 0.0; });
    case Op::kNotEqual:
      return compare(a, b, n, [](double d) { return d != 0.0; });
    default:
      throw InternalError("a step of an expression that takes no two operands");
  }
}

[[gnu::always_inline]] inline void function(const Instruction& step, Operand a, size_t n) {
  const int32_t power = step.index;
  switch (step.op) {
    case Op::kIntegerPower:
      return map1(a, n, [power](DoubleDouble x) { return integer_power(x, power); });
    case Op::kNegate:
      return map1(a, n, [](DoubleDouble x) { return -x; });
    case Op::kAbs:
      return map1(a, n, [](DoubleDouble x) { return abs(x); });
    case Op::kSqrt:
      return map1(a, n, [](DoubleDouble x) { return x.hi == 0.0 ? DoubleDouble(0.0) : sqrt(x); });
    case Op::kFloor:
      return map1(a, n, floor_dd);
    case Op::kCeil:
      return map1(a, n, [](DoubleDouble x) { return -floor_dd(-x); });
    case Op::kLog:
      return map_array(a, n, log_array);
    case Op::kLog10:
      return map_rounded(a, n, [](double x) { return std::log10(x); });
    case Op::kLog2:
      return map_rounded(a, n, [](double x) { return std::log2(x); });
    case Op::kExp:
      return map_array(a, n, exp_array);
    case Op::kSin:
      return map_rounded(a, n, [](double x) { return std::sin(x); });
    case Op::kCos:
      return map_rounded(a, n, [](double x) { return std::cos(x); });
    case Op::kTan:
      return map_rounded(a, n, [](double x) { return std::tan(x); });
    default:
      throw InternalError("a step of an expression that takes no operand");
  }
}

// `stride`: doubles from the high halves of a level to its low ones.
[[gnu::always_inline]] inline void run(std::span<const Instruction> code,
                                       std::span<const double* const> inputs, size_t begin,
                                       size_t n, double* stack, size_t stride) {
  size_t top = 0;  // levels in use
  const auto level = [stack, stride](size_t k) {
    return Operand{stack + 2 * k * stride, stack + (2 * k + 1) * stride};
  };
  for (const Instruction& step : code) {
    if (step.op == Op::kInput) {
      std::copy_n(inputs[static_cast<size_t>(step.index)] + begin, n, level(top).hi);
      std::fill_n(level(top++).lo, n, 0.0);
    } else if (step.op == Op::kNumber) {
      std::fill_n(level(top).hi, n, step.number);
      std::fill_n(level(top++).lo, n, 0.0);
    } else if (step.op <= Op::kPower || (step.op >= Op::kLess && step.op <= Op::kNotEqual)) {
      --top;
      arithmetic(step, level(top - 1), level(top), n);
    } else {
      function(step, level(top - 1), n);
    }
  }
}

void run_block(std::span<const Instruction> code, std::span<const double* const> inputs,
               size_t begin, size_t n, double* stack) {
  run(code, inputs, begin, n, stack, kExpressionBlock);
}

void run_row(std::span<const Instruction> code, std::span<const double* const> inputs,
             double* stack) {
  run(code, inputs, 0, 1, stack, 1);
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void run_block_fma(std::span<const Instruction> code,
                                               std::span<const double* const> inputs, size_t begin,
                                               size_t n, double* stack) {
  run(code, inputs, begin, n, stack, kExpressionBlock);
}

[[gnu::target("avx2,fma")]] void run_row_fma(std::span<const Instruction> code,
                                             std::span<const double* const> inputs, double* stack) {
  run(code, inputs, 0, 1, stack, 1);
}
#endif

}  // namespace

// Same bits either way: std::fma is exact in software too, only slow.
void evaluate_block(std::span<const Instruction> code, std::span<const double* const> inputs,
                    size_t begin, size_t n, double* stack) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) return run_block_fma(code, inputs, begin, n, stack);
#endif
  run_block(code, inputs, begin, n, stack);
}

void evaluate_row(std::span<const Instruction> code, std::span<const double* const> inputs,
                  double* stack) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) return run_row_fma(code, inputs, stack);
#endif
  run_row(code, inputs, stack);
}

}  // namespace insitu
