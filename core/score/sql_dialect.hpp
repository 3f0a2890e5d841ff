// How one SQL dialect writes what a model is made of: names, texts, numbers, functions.
#pragma once

#include <string>
#include <string_view>

namespace insitu {

struct SqlDialect {
  std::string_view name;
  std::string_view number_type;
  std::string_view text_type;
  std::string_view collation;     // compares texts by their bytes
  std::string_view boolean_type;  // with the literals of its two values
  std::string_view truth;
  std::string_view falsehood;
  std::string_view number_suffix;  // makes a literal a double and no decimal
  std::string_view infinity;       // a literal; empty: numbers are always finite
  std::string_view nan;            // a literal; empty: there is none
  std::string_view ln;
  std::string_view log2_before;  // around the operand
  std::string_view log2_after;
  std::string_view ceil;
  std::string_view atan2;
  // Around a date, and around a timestamp, to make days and seconds since 1970 of it; empty where
  // the dialect has no such types.
  std::string_view days_before;
  std::string_view days_after;
  std::string_view seconds_before;
  std::string_view seconds_after;
  char quote;  // around names; doubled inside
  char closing_quote;
  bool strict;  // functions fail where others give what is not finite
  bool pads;    // '=' ignores blanks at the end of texts

  // SpecError naming those there are.
  static const SqlDialect& named(std::string_view name);

  // SpecError for a zero byte, which no dialect can hold.
  std::string identifier(std::string_view column) const;
  // A double that reads back the same; in parentheses if negative.
  std::string number(double value) const;  // finite
  // A date or timestamp as days, or seconds, since 1970.
  std::string as_days(std::string_view column) const;
  std::string as_seconds(std::string_view column) const;
  // The column as a double, as a text to be compared with label()s, and as a truth value.
  std::string as_number(std::string_view column) const;
  std::string as_text(std::string_view column) const;
  std::string as_boolean(std::string_view column) const;
  std::string label(std::string_view text) const;
  std::string null_number() const;
  // NULL for NaN, and for the infinities, where the dialect has them.
  std::string without_nan(const std::string& sql) const;
  std::string without_infinities(const std::string& sql) const;
};

}  // namespace insitu
