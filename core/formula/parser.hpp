// Tokens -> syntax tree. Two grammars meet: sums of terms on the right side, arithmetic inside
// calls and in the response.
//
//   formula     = [response] "~" sum | sum
//   response    = "cbind" "(" comparison "," comparison ")" | comparison
//   sum         = ["+" | "-"] product {("+" | "-") product}
//   product     = interaction {"*" interaction}
//   interaction = element {":" element}
//   element     = "(" sum ")" | "0" | "1" | "." | "offset" "(" comparison ")" | atom ["^" unary]
//   comparison  = additive [("<" | "<=" | ">" | ">=" | "==" | "!=") additive]
//   additive    = multiplicative {("+" | "-") multiplicative}
//   multiplicative = unary {("*" | "/") unary}
//   unary       = "-" unary | "+" unary | power
//   power       = atom ["^" unary]
//   atom        = number | name | name "(" arguments ")" | "(" comparison ")"
#pragma once

#include <string_view>
#include <vector>

#include "formula/ast.hpp"
#include "formula/lexer.hpp"

namespace insitu {

inline constexpr uint32_t kMaxNesting = 200;  // of parentheses, calls, signs and powers

// Reads tokens and builds arithmetic; TermParser (formula.cpp) builds terms on top of it.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text), tokens_(lex_formula(text)) {}

  ExprPtr comparison();
  ExprPtr unary();
  ExprPtr atom();

  const Token& token(size_t ahead = 0) const {
    return tokens_[at_ + ahead < tokens_.size() ? at_ + ahead : tokens_.size() - 1];
  }
  const std::vector<Token>& tokens() const { return tokens_; }
  // cbind(success, failure), which only a response may be.
  bool at_counts() const { return at_call() && token().name == kCountsFunction; }
  ExprPtr counts_of_response();

  bool take(TokenKind kind);
  void skip() { at_ += at_ + 1 < tokens_.size() ? 1 : 0; }
  void expect_right(size_t left_position);
  bool at_call() const;

  // "expected <what> after '<previous token>'", pointing at what is there instead.
  [[noreturn]] void fail_expected(const std::string& what) const;
  [[noreturn]] void fail(size_t position, const std::string& what,
                         const std::string& advice = "") const;

  ExprPtr make_binary(BinaryOp op, ExprPtr left, ExprPtr right, size_t position) const;

  // Counts nesting while it lives; SpecError beyond kMaxNesting.
  class Nest {
   public:
    explicit Nest(ExpressionParser& parser);
    ~Nest() { --parser_.nesting_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    ExpressionParser& parser_;
  };

 private:
  ExprPtr additive();
  ExprPtr multiplicative();
  ExprPtr power();
  ExprPtr call();
  ExprPtr factor_of(size_t position);
  ExprPtr codes_of(size_t position);
  ExprPtr column_argument(const char* function);
  int64_t whole_number(const char* what);
  ExprPtr finish(Expr&& expr) const;

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t nesting_ = 0;
};

}  // namespace insitu
