#include "formula/lexer.hpp"

#include <charconv>

#include "base/errors.hpp"
#include "base/utf8.hpp"
#include "formula/formula.hpp"

namespace insitu {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Every byte of a non-ASCII character may be part of a plain name.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '_'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    check_text();
    while (skip_space(), at_ < text_.size()) next();
    push(TokenKind::kEnd, 0);
    return std::move(tokens_);
  }

 private:
  void check_text() const {
    if (text_.size() > kMaxFormulaBytes) {
      throw SpecError("the formula is " + std::to_string(text_.size()) +
                      " bytes long; the limit is " + std::to_string(kMaxFormulaBytes));
    }
    if (!is_utf8(text_)) throw SpecError("the formula is not valid UTF-8");
  }

  void skip_space() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else if (text_.substr(at_, 2) == "\xC2\xA0") {  // no-break space, from web pages
        at_ += 2;
      } else {
        return;
      }
    }
  }

  Token& push(TokenKind kind, size_t length) {
    Token token;
    token.kind = kind;
    token.position = at_;
    token.text = text_.substr(at_, length);
    at_ += length;
    return tokens_.emplace_back(std::move(token));
  }

  char peek(size_t k = 1) const { return at_ + k < text_.size() ? text_[at_ + k] : '\0'; }

  void next() {
    const char c = text_[at_];
    if (c == '`') return quoted_name();
    if (is_digit(c) || (c == '.' && is_digit(peek()))) return number();
    if (c == '.' && !is_name_part(peek())) {
      push(TokenKind::kDot, 1);
      return;
    }
    if (is_letter(c) || c == '.' || c == '_') return name();
    symbol(c);
  }

  void symbol(char c) {
    const bool equals = peek() == '=';
    switch (c) {
      case '~':
        push(TokenKind::kTilde, 1);
        return;
      case '+':
        push(TokenKind::kPlus, 1);
        return;
      case '-':
        push(TokenKind::kMinus, 1);
        return;
      case '*':
        push(peek() == '*' ? TokenKind::kCaret : TokenKind::kStar, peek() == '*' ? 2 : 1);
        return;
      case '/':
        push(TokenKind::kSlash, 1);
        return;
      case ':':
        push(TokenKind::kColon, 1);
        return;
      case '^':
        push(TokenKind::kCaret, 1);
        return;
      case '(':
        push(TokenKind::kLeft, 1);
        return;
      case ')':
        push(TokenKind::kRight, 1);
        return;
      case ',':
        push(TokenKind::kComma, 1);
        return;
      case '<':
        push(equals ? TokenKind::kLessEqual : TokenKind::kLess, equals ? 2 : 1);
        return;
      case '>':
        push(equals ? TokenKind::kGreaterEqual : TokenKind::kGreater, equals ? 2 : 1);
        return;
      case '=':
        push(equals ? TokenKind::kEqual : TokenKind::kAssign, equals ? 2 : 1);
        return;
      case '!':
        if (equals) {
          push(TokenKind::kNotEqual, 2);
          return;
        }
        break;
      case '%':
        if (text_.substr(at_, 4) == "%in%") {
          push(TokenKind::kIn, 4);
          return;
        }
        break;
      case '"':
      case '\'':
        formula_error(
            text_, at_, "a formula has no text constants",
            "write names that are not plain in back-quotes, and compare text in transforms");
      default:
        break;
    }
    formula_error(text_, at_, "unexpected character '" + std::string(1, c) + "'",
                  "write names that hold it in back-quotes");
  }

  void number() {
    double value = 0.0;
    const char* first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
    const auto length = static_cast<size_t>(end - first);
    if (error != std::errc() ||
        (at_ + length < text_.size() && is_name_part(text_[at_ + length]))) {
      formula_error(text_, at_, "this is not a number",
                    "write names that start with a digit in back-quotes");
    }
    push(TokenKind::kNumber, length).number = value;
  }

  void name() {
    size_t length = 0;
    // A no-break space ends a name: it is white space in disguise.
    while (at_ + length < text_.size() && is_name_part(text_[at_ + length]) &&
           text_.substr(at_ + length, 2) != "\xC2\xA0") {
      ++length;
    }
    Token& token = push(TokenKind::kName, length);
    token.name = std::string(token.text);
  }

  // Inside back-quotes a doubled or backslash-escaped back-quote is one; a doubled backslash is one
  // too.
  void quoted_name() {
    std::string name;
    size_t at = at_ + 1;
    for (;; ++at) {
      if (at >= text_.size()) formula_error(text_, at_, "this back-quote is never closed");
      const char c = text_[at];
      const char after = at + 1 < text_.size() ? text_[at + 1] : '\0';
      if (c == '\\' && (after == '`' || after == '\\')) {
        ++at;
        name += after;
      } else if (c == '`') {
        if (after != '`') break;
        ++at;
        name += '`';
      } else {
        name += c;
      }
    }
    if (name.empty()) formula_error(text_, at_, "this name is empty");
    Token& token = push(TokenKind::kName, at + 1 - at_);
    token.name = std::move(name);
    token.quoted = true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex_formula(std::string_view text) { return Lexer(text).run(); }

}  // namespace insitu
