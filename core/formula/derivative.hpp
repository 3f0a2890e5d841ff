// Expressions made of expressions: derivatives, and values put in the place of columns.
#pragma once

#include <string>
#include <vector>

#include "formula/ast.hpp"

namespace insitu {

// More nodes than this, of a derivative or an expression with values in it, are a SpecError.
inline constexpr size_t kMostNodes = 100'000;

// d expr / d column by the rules of calculus; null where `expr` does not depend on the column. N(f)
// does not depend on one. SpecError where it steps with the column: floor, ceil, comparisons.
ExprPtr derivative(const ExprPtr& expr, const std::string& column);

// What a column holds in every row: a number, or of a factor (N(f) reads it) the code of a level.
struct FixedColumn {
  std::string column;
  bool codes = false;
  double number = 0.0;
};

// `expr` itself where none of the columns is in it.
ExprPtr with_values(const ExprPtr& expr, const std::vector<FixedColumn>& fixed);

}  // namespace insitu
