#include "formula/formula.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/errors.hpp"
#include "formula/parser.hpp"
#include "formula/term_set.hpp"

namespace insitu {
namespace {

// Terms, offsets and what was said of the intercept, of one sum or a part of it.
struct Sum {
  TermSet terms;
  std::vector<ExprPtr> offsets;
  std::optional<bool> intercept;
  size_t position = 0;

  bool only_terms() const { return offsets.empty() && !intercept; }
};

Term combine(const Term& a, const Term& b) {
  Term term = a;
  for (const ExprPtr& factor : b.factors) {
    const std::string label = to_string(*factor);
    const bool known = std::any_of(term.factors.begin(), term.factors.end(), [&](const ExprPtr& f) {
      return f->kind != ExprKind::kAll && to_string(*f) == label;
    });
    if (known) continue;
    term.factors.push_back(factor);
    term.label += ':' + label;
  }
  return term;
}

class TermParser {
 public:
  explicit TermParser(std::string_view text) : text_(text), parser_(text) {}

  Formula run() {
    Formula formula;
    formula.text = std::string(text_);
    if (has_tilde()) {
      if (parser_.at_counts()) {
        formula.response = parser_.counts_of_response();
      } else if (parser_.token().kind != TokenKind::kTilde) {
        formula.response = parser_.comparison();
      }
      if (!parser_.take(TokenKind::kTilde)) parser_.fail_expected("'~' or an operator");
    }
    Sum sum = parse_sum(&formula.removed);
    if (parser_.token().kind != TokenKind::kEnd) fail_after_sum();
    formula.intercept = sum.intercept.value_or(true);
    if (!sum.terms.has_all()) formula.removed.clear();
    formula.terms = std::move(sum.terms).release();
    formula.offsets = std::move(sum.offsets);
    return formula;
  }

 private:
  bool has_tilde() const {
    const auto is_tilde = [](const Token& token) { return token.kind == TokenKind::kTilde; };
    return std::any_of(parser_.tokens().begin(), parser_.tokens().end(), is_tilde);
  }

  [[noreturn]] void fail_after_sum() const {
    const Token& here = parser_.token();
    switch (here.kind) {
      case TokenKind::kTilde:
        parser_.fail(here.position, "a second '~'");
      case TokenKind::kRight:
        parser_.fail(here.position, "this ')' has no '('");
      case TokenKind::kLess:
      case TokenKind::kLessEqual:
      case TokenKind::kGreater:
      case TokenKind::kGreaterEqual:
      case TokenKind::kEqual:
      case TokenKind::kNotEqual:
        parser_.fail(here.position, "a comparison is not a term", "write I(x > 15)");
      default:
        parser_.fail_expected("an operator");
    }
  }

  // `removed` collects what is taken from a "."; null inside parentheses.
  Sum parse_sum(std::vector<Term>* removed) {
    Sum sum;
    sum.position = parser_.token().position;
    bool minus = parser_.take(TokenKind::kMinus);
    if (!minus) parser_.take(TokenKind::kPlus);
    for (;;) {
      Sum part = parse_product();
      if (minus) {
        subtract(sum, part, removed);
      } else {
        append(sum, part, removed);
      }
      minus = parser_.token().kind == TokenKind::kMinus;
      if (!minus && parser_.token().kind != TokenKind::kPlus) return sum;
      parser_.skip();
    }
  }

  void append(Sum& sum, Sum& part, std::vector<Term>* removed) {
    if (part.intercept) sum.intercept = part.intercept;
    for (ExprPtr& offset : part.offsets) sum.offsets.push_back(std::move(offset));
    for (Term& term : std::move(part.terms).release()) {
      if (removed != nullptr && !removed->empty()) {  // written again after it was removed
        std::erase_if(*removed, [wanted = TermSet::key(term)](const Term& other) {
          return TermSet::key(other) == wanted;
        });
      }
      add(sum.terms, std::move(term));
    }
  }

  void subtract(Sum& sum, const Sum& part, std::vector<Term>* removed) {
    if (part.intercept) sum.intercept = !*part.intercept;
    if (!part.offsets.empty()) {
      parser_.fail(part.position, "an offset cannot be removed", "leave it out");
    }
    const bool after_all = sum.terms.has_all();
    for (const Term& term : part.terms.terms()) {
      const bool found = sum.terms.remove(term);
      if (after_all && removed != nullptr && !has_all(term)) {
        removed->push_back(term);
      } else if (!found) {
        parser_.fail(term.factors[0]->position,
                     after_all ? "terms of '.' cannot be removed inside parentheses"
                               : "the term " + term.label + " is removed but was not there");
      }
    }
  }

  void add(TermSet& terms, Term term) {
    const size_t position = term.factors[0]->position;
    if (term.factors.size() > kMaxInteraction) {
      parser_.fail(position, "an interaction of more than " + std::to_string(kMaxInteraction));
    }
    terms.add(std::move(term));
    if (terms.terms().size() > kMaxTerms) {
      parser_.fail(position, "more than " + std::to_string(kMaxTerms) + " terms");
    }
  }

  Sum parse_product() {
    Sum left = parse_interaction();
    for (;;) {
      const Token& op = parser_.token();
      if (op.kind == TokenKind::kSlash || op.kind == TokenKind::kIn) {
        parser_.fail(op.position, "'" + std::string(op.text) + "' does not nest terms here",
                     "write I(x / 2) to divide, a + a:b to nest b in a");
      }
      if (op.kind != TokenKind::kStar) return left;
      parser_.skip();
      Sum right = parse_interaction();
      check_only_terms(left, op);
      check_only_terms(right, op);
      TermSet both = cross(left, right);
      for (Term& term : std::move(right.terms).release()) add(left.terms, std::move(term));
      for (Term& term : std::move(both).release()) add(left.terms, std::move(term));
    }
  }

  Sum parse_interaction() {
    Sum left = parse_element();
    while (parser_.token().kind == TokenKind::kColon) {
      const Token& op = parser_.token();
      parser_.skip();
      const Sum right = parse_element();
      check_only_terms(left, op);
      check_only_terms(right, op);
      left.terms = cross(left, right);
    }
    return left;
  }

  TermSet cross(const Sum& left, const Sum& right) {
    if (left.terms.terms().size() * right.terms.terms().size() > kMaxTerms) {
      parser_.fail(left.position, "more than " + std::to_string(kMaxTerms) + " terms");
    }
    TermSet result;
    for (const Term& a : left.terms.terms()) {
      for (const Term& b : right.terms.terms()) add(result, combine(a, b));
    }
    return result;
  }

  void check_only_terms(const Sum& sum, const Token& op) const {
    if (sum.only_terms()) return;
    parser_.fail(op.position,
                 "'" + std::string(op.text) + "' combines terms, not numbers or offsets",
                 "write arithmetic inside I(…)");
  }

  Sum parse_element() {
    const Token& here = parser_.token();
    Sum sum;
    sum.position = here.position;
    if (here.kind == TokenKind::kLeft) {
      const ExpressionParser::Nest nest(parser_);
      parser_.skip();
      sum = parse_sum(nullptr);
      parser_.expect_right(here.position);
      return parse_group_power(std::move(sum), here.position);
    }
    if (here.kind == TokenKind::kNumber) return parse_constant();
    if (here.kind == TokenKind::kDot) {
      parser_.skip();
      if (parser_.token().kind == TokenKind::kCaret) {
        parser_.fail(parser_.token().position, "'.' has no power");
      }
      Expr all;
      all.kind = ExprKind::kAll;
      all.position = here.position;
      add(sum.terms, Term{{std::make_shared<const Expr>(std::move(all))}, "."});
      return sum;
    }
    if (here.kind != TokenKind::kName) parser_.fail_expected("a term");
    if (parser_.at_call() && here.name == "offset") return parse_offset();
    add_element(sum, parse_power(parser_.atom()));
    return sum;
  }

  void add_element(Sum& sum, ExprPtr element) {
    std::string label = to_string(*element);
    add(sum.terms, Term{{std::move(element)}, std::move(label)});
  }

  ExprPtr parse_power(ExprPtr base) {
    const size_t position = parser_.token().position;
    if (!parser_.take(TokenKind::kCaret)) return base;
    const ExpressionParser::Nest nest(parser_);
    return parser_.make_binary(BinaryOp::kPower, std::move(base), parser_.unary(), position);
  }

  // (x)^2 is x^2; (a + b)^2 would be crossing, which '^' never is.
  Sum parse_group_power(Sum sum, size_t position) {
    if (parser_.token().kind != TokenKind::kCaret) return sum;
    const bool single = sum.only_terms() && sum.terms.terms().size() == 1 &&
                        sum.terms.terms()[0].factors.size() == 1 && !sum.terms.has_all();
    if (!single) {
      parser_.fail(parser_.token().position,
                   "'^' is a power of one column, it does not cross terms",
                   "write a * b for main effects and interactions, I((a + b)^2) for arithmetic");
    }
    Sum powered;
    powered.position = position;
    add_element(powered, parse_power(sum.terms.terms()[0].factors[0]));
    return powered;
  }

  Sum parse_constant() {
    const Token& here = parser_.token();
    parser_.skip();
    if (here.number != 0.0 && here.number != 1.0) {
      parser_.fail(here.position, "a number other than 0 and 1 is not a term",
                   "write arithmetic inside I(…), as in I(2 * x)");
    }
    if (parser_.token().kind == TokenKind::kCaret) {
      parser_.fail(parser_.token().position, "a power of a number is not a term",
                   "write arithmetic inside I(…), as in I(2^x)");
    }
    Sum sum;
    sum.position = here.position;
    sum.intercept = here.number == 1.0;
    return sum;
  }

  Sum parse_offset() {
    Sum sum;
    sum.position = parser_.token().position;
    parser_.skip();
    const size_t left = parser_.token().position;
    parser_.skip();
    sum.offsets.push_back(parser_.comparison());
    parser_.expect_right(left);
    return sum;
  }

  std::string_view text_;
  ExpressionParser parser_;
};

}  // namespace

Formula parse_formula(std::string_view text) { return TermParser(text).run(); }

}  // namespace insitu
