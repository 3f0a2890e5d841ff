// Model formulas: text -> terms (parse_formula) -> terms checked against the columns of a source
// (resolve).
//
// Terms are sums of interactions: `y ~ a + b:c + a*d`. `*` is both main effects and their
// interaction, in the order written; `-1`, `0 +` remove the intercept; `- term` removes a term; a
// parenthesised sum distributes over `:` and `*`.
// `^` is arithmetic power, never crossing; other arithmetic on the right side goes into I(…).
// Inside I(…), function calls and the response: + - * / ^, comparisons giving 0 or 1, log
// (natural), ln, log10, log2, exp, sqrt, abs, sin, cos, tan, floor, ceil, pow. F(x[, low, high]) is
// x as a factor, one level per integer n for [n, n+1), or of a factor its levels at the places low
// to high, from 1; N(f) the 0-based codes of a factor. Every error is a SpecError that points at a
// character of the text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/chunk.hpp"
#include "formula/ast.hpp"

namespace insitu {

inline constexpr size_t kMaxFormulaBytes = size_t{1} << 20;
inline constexpr size_t kMaxTerms = 20'000;
inline constexpr size_t kMaxInteraction = 16;  // elements of one term

// One term: an interaction of one or more elements.
struct Term {
  std::vector<ExprPtr> factors;
  std::string label;  // canonical: to_string of the elements joined by ":"
};

// Coefficient and table name of a term: display_name of the elements joined by ":".
std::string display_name(const Term& term);

struct Formula {
  std::string text;
  ExprPtr response;  // null if one-sided or without "~"
  bool intercept = true;
  std::vector<Term> terms;  // in order as written; a:b and b:a are one term, the first kept
  std::vector<ExprPtr> offsets;
  std::vector<Term> removed;  // "- term" after a ".", for resolve()

  bool has_all() const;  // "." is used
};

// SpecError that says what is wrong at which character.
Formula parse_formula(std::string_view text);

// Canonical text of the whole formula.
std::string to_string(const Formula& formula);

// What a formula needs to know of a column.
struct FormulaColumn {
  std::string name;
  ColumnKind kind = ColumnKind::kNumeric;
};

// A formula whose columns exist and whose "." is expanded.
struct ResolvedFormula {
  Formula formula;
  ColumnKind response_kind = ColumnKind::kNumeric;  // if there is a response
  std::vector<std::vector<ColumnKind>> kinds;       // per term, per element
  std::vector<std::string> columns;                 // used: response, terms, offsets; each once
};

// Checks a formula against the columns of a source. Factor elements are factor columns and F(…);
// all else is numeric.
// "." stands for every column that is not in the response, in an offset nor in `not_in_all`
// (weights), in the source's order. SpecError: unknown column (near names and the columns there
// are), arithmetic on a factor (use N(f)), N() of a number.
ResolvedFormula resolve(const Formula& formula, const std::vector<FormulaColumn>& columns,
                        const std::vector<std::string>& not_in_all = {});

// Kind of one element, which must have passed resolve().
ColumnKind element_kind(const Expr& expr, const std::vector<FormulaColumn>& columns);

// SpecError: formula "…": <what> at character <position>; <advice>.
[[noreturn]] void formula_error(std::string_view text, size_t position, const std::string& what,
                                const std::string& advice = "");

// Advice for an unknown name: near ones, then the first of those there are.
std::string names_advice(std::string_view name, std::span<const std::string> candidates,
                         std::string_view kind);

}  // namespace insitu
