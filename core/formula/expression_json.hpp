// A formula's expression as plain data, for those that evaluate it elsewhere.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "formula/ast.hpp"

namespace insitu {

// {"column": name}, {"number": value}, {"codes": name} for N(f), or {"call": name, "args": […]}:
// the functions of formulas by one name each ("ln" for log, "^" for powers, "sqrt" for those of
// 0.5) and the operators + - * / < <= > >= == !=. A step that is not finite is missing, as is one
// of a missing argument. SpecError for what is no number.
nlohmann::json expression_json(const Expr& expr);

}  // namespace insitu
