// Formula text -> tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace insitu {

enum class TokenKind : uint8_t {
  kName,
  kNumber,
  kDot,
  kTilde,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kColon,
  kCaret,
  kIn,  // kIn: %in%
  kLeft,
  kRight,
  kComma,
  kAssign,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kNotEqual,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t position = 0;  // byte offset of its first character
  std::string name;     // names without back-quotes
  bool quoted = false;  // was in back-quotes, hence never a function
  double number = 0.0;
  std::string_view text;  // as written
};

// Ends with kEnd. SpecError on a character that no formula has, an open back-quote, bad UTF-8, or
// text beyond kMaxFormulaBytes.
std::vector<Token> lex_formula(std::string_view text);

// As messages show it: 'x', or the end.
std::string shown_token(const Token& token);

}  // namespace insitu
