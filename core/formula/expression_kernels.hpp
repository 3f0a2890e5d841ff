// One block of rows through the steps of a NumericProgram, chosen at run time for the machine.
#pragma once

#include <cstddef>
#include <span>

#include "formula/expression.hpp"

namespace insitu {

inline constexpr size_t kExpressionBlock = 256;

// Rows [begin, begin + n) of the inputs, n <= kExpressionBlock. `stack` has room for two blocks
// (high and low halves) per level of the stack; the result is the first level. Plain and
// double-double results come from the same steps, so the plain one is the double-double rounded.
void evaluate_block(std::span<const NumericProgram::Instruction> code,
                    std::span<const double* const> inputs, size_t begin, size_t n, double* stack);

// The same for one row, whose levels of the stack are two doubles each.
void evaluate_row(std::span<const NumericProgram::Instruction> code,
                  std::span<const double* const> inputs, double* stack);

}  // namespace insitu
