#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/errors.hpp"
#include "base/names.hpp"
#include "formula/formula.hpp"
#include "formula/term_set.hpp"

namespace insitu {
namespace {

constexpr size_t kTextShown =
    160;  // bytes of a long formula that a message repeats, around the error
constexpr size_t kNamesListed = 20;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

// The part of the text around `position`, cut between characters.
std::string excerpt(std::string_view text, size_t position) {
  if (text.size() <= kTextShown) return std::string(text);
  size_t begin = position > kTextShown / 2 ? position - kTextShown / 2 : 0;
  size_t end = std::min(text.size(), begin + kTextShown);
  while (begin < position && is_continuation(text[begin])) ++begin;
  while (end < text.size() && is_continuation(text[end])) ++end;
  return (begin > 0 ? "…" : "") + std::string(text.substr(begin, end - begin)) +
         (end < text.size() ? "…" : "");
}

class Resolver {
 public:
  Resolver(const Formula& formula, const std::vector<FormulaColumn>& columns)
      : text_(formula.text), columns_(columns) {
    for (const FormulaColumn& column : columns) kinds_.emplace(column.name, column.kind);
  }

  // Checks the element and says what it is.
  ColumnKind check(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kColumn:
        return kind_of(expr);
      case ExprKind::kFactorOf:
        kind_of(*expr.args[0]);
        return ColumnKind::kFactor;
      default:
        check_number(expr);
        return ColumnKind::kNumeric;
    }
  }

  void collect(const Expr& expr, std::vector<std::string>& names) {
    if (expr.kind == ExprKind::kColumn && seen_.insert(expr.name).second) {
      names.push_back(expr.name);
    }
    for (const ExprPtr& arg : expr.args) collect(*arg, names);
  }

 private:
  ColumnKind kind_of(const Expr& column) const {
    const auto found = kinds_.find(column.name);
    if (found != kinds_.end()) return found->second;
    std::vector<std::string> names;
    for (const FormulaColumn& each : columns_) names.push_back(each.name);
    formula_error(text_, column.position, "there is no column \"" + column.name + "\"",
                  names_advice(column.name, names, "the columns"));
  }

  void check_number(const Expr& expr) const {
    if (expr.kind == ExprKind::kColumn) {
      if (kind_of(expr) == ColumnKind::kNumeric) return;
      formula_error(text_, expr.position,
                    quote_name(expr.name) + " is a factor and arithmetic wants a number",
                    "write N(" + quote_name(expr.name) + ") for its codes");
    }
    if (expr.kind == ExprKind::kFactorOf) {
      formula_error(text_, expr.position, "F() makes a factor and arithmetic wants a number",
                    "write floor(" + quote_name(expr.args[0]->name) + ")");
    }
    if (expr.kind == ExprKind::kCodesOf) {
      const std::string name = quote_name(expr.args[0]->name);
      if (kind_of(*expr.args[0]) == ColumnKind::kFactor) return;
      formula_error(text_, expr.position,
                    "N() gives the codes of a factor and " + name + " is a number already",
                    "write " + name);
    }
    for (const ExprPtr& arg : expr.args) check_number(*arg);
  }

  std::string_view text_;
  const std::vector<FormulaColumn>& columns_;
  std::unordered_map<std::string, ColumnKind> kinds_;
  std::unordered_set<std::string> seen_;
};

// Replaces each "." of a term by every column; a term without one is itself.
void expand_term(const Term& term, const std::vector<std::string>& all, const std::string& text,
                 TermSet& into) {
  const auto dot = std::find_if(term.factors.begin(), term.factors.end(),
                                [](const ExprPtr& f) { return f->kind == ExprKind::kAll; });
  if (dot == term.factors.end()) {
    into.add(term);
    if (into.terms().size() > kMaxTerms) {
      formula_error(text, term.factors[0]->position,
                    "more than " + std::to_string(kMaxTerms) + " terms");
    }
    return;
  }
  const auto place = static_cast<size_t>(dot - term.factors.begin());
  for (const std::string& name : all) {
    Expr column;
    column.kind = ExprKind::kColumn;
    column.name = name;
    column.position = (*dot)->position;
    const auto same = [&](const ExprPtr& f) {
      return f->kind == ExprKind::kColumn && f->name == name;
    };
    Term expanded = term;
    if (std::any_of(term.factors.begin(), term.factors.end(), same)) {
      expanded.factors.erase(expanded.factors.begin() + static_cast<std::ptrdiff_t>(place));
    } else {
      expanded.factors[place] = std::make_shared<const Expr>(std::move(column));
    }
    expanded.label.clear();
    for (const ExprPtr& f : expanded.factors) {
      expanded.label += (expanded.label.empty() ? "" : ":") + to_string(*f);
    }
    expand_term(expanded, all, text, into);
  }
}

std::vector<Term> expand_all(const Formula& formula, const std::vector<FormulaColumn>& columns,
                             const std::vector<std::string>& not_in_all) {
  std::unordered_set<std::string> left_out(not_in_all.begin(), not_in_all.end());
  std::vector<std::string> names;
  if (formula.response) columns_used(*formula.response, names);
  for (const ExprPtr& offset : formula.offsets) columns_used(*offset, names);
  left_out.insert(names.begin(), names.end());
  std::vector<std::string> all;
  for (const FormulaColumn& column : columns) {
    if (left_out.count(column.name) == 0) all.push_back(column.name);
  }
  TermSet removed, kept, expanded;
  for (const Term& term : formula.removed) removed.add(term);
  for (const Term& term : formula.terms) {
    TermSet one;
    expand_term(term, all, formula.text, one);
    const bool from_all = one.terms().size() != 1 || one.terms()[0].label != term.label;
    for (const Term& each : one.terms()) {
      if (!from_all || !removed.contains(each)) expanded.add(each);
    }
  }
  return std::move(expanded).release();
}

}  // namespace

void formula_error(std::string_view text, size_t position, const std::string& what,
                   const std::string& advice) {
  const std::string_view before = text.substr(0, position);
  const auto character =
      1 + std::count_if(before.begin(), before.end(), [](char c) { return !is_continuation(c); });
  std::string message = "formula \"" + excerpt(text, position) + "\": " + what + " at character " +
                        std::to_string(character);
  if (!advice.empty()) message += "; " + advice;
  throw SpecError(message);
}

std::string names_advice(std::string_view name, std::span<const std::string> candidates,
                         std::string_view kind) {
  std::string text = did_you_mean(name, candidates);
  if (text.starts_with("; ")) text = text.substr(2) + " ";
  text += std::string(kind) + (candidates.empty() ? ": none" : " are ");
  const size_t listed = std::min(candidates.size(), kNamesListed);
  for (size_t k = 0; k < listed; ++k) text += (k == 0 ? "'" : ", '") + candidates[k] + '\'';
  if (listed < candidates.size()) text += ", … (" + std::to_string(candidates.size()) + " in all)";
  return text;
}

ColumnKind element_kind(const Expr& expr, const std::vector<FormulaColumn>& columns) {
  if (expr.kind == ExprKind::kFactorOf) return ColumnKind::kFactor;
  if (expr.kind != ExprKind::kColumn) return ColumnKind::kNumeric;
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const FormulaColumn& c) { return c.name == expr.name; });
  return found == columns.end() ? ColumnKind::kNumeric : found->kind;
}

std::string display_name(const Term& term) {
  std::string name;
  for (const ExprPtr& factor : term.factors) {
    if (!name.empty()) name += ':';
    name += display_name(*factor);
  }
  return name;
}

bool Formula::has_all() const {
  return std::any_of(terms.begin(), terms.end(),
                     [](const Term& term) { return insitu::has_all(term); });
}

std::string to_string(const Formula& formula) {
  std::string text = (formula.response ? to_string(*formula.response) + " " : "") + "~";
  const char* separator = " ";
  for (const Term& term : formula.terms) {
    text += separator + term.label;
    separator = " + ";
  }
  for (const ExprPtr& offset : formula.offsets) {
    text += separator + ("offset(" + to_string(*offset) + ")");
    separator = " + ";
  }
  for (const Term& term : formula.removed) text += " - " + term.label;
  if (!formula.intercept) return text + (separator[1] == '\0' ? " 0" : " - 1");
  return separator[1] == '\0' ? text + " 1" : text;
}

ResolvedFormula resolve(const Formula& formula, const std::vector<FormulaColumn>& columns,
                        const std::vector<std::string>& not_in_all) {
  ResolvedFormula resolved;
  resolved.formula = formula;
  Resolver resolver(formula, columns);
  for (const Term& term : formula.removed) {
    for (const ExprPtr& factor : term.factors) {
      if (factor->kind != ExprKind::kAll) resolver.check(*factor);
    }
  }
  if (formula.response) {
    resolved.response_kind = resolver.check(*formula.response);
    resolver.collect(*formula.response, resolved.columns);
  }
  if (formula.has_all()) {
    resolved.formula.terms = expand_all(formula, columns, not_in_all);
    resolved.formula.removed.clear();
  }
  for (const Term& term : resolved.formula.terms) {
    std::vector<ColumnKind>& kinds = resolved.kinds.emplace_back();
    for (const ExprPtr& factor : term.factors) {
      kinds.push_back(resolver.check(*factor));
      resolver.collect(*factor, resolved.columns);
    }
  }
  for (const ExprPtr& offset : formula.offsets) {
    if (resolver.check(*offset) == ColumnKind::kFactor) {
      formula_error(formula.text, offset->position, "an offset must be a number, not a factor");
    }
    resolver.collect(*offset, resolved.columns);
  }
  return resolved;
}

}  // namespace insitu
