// The variables of a design as SQL that gives the engine's values: NULL where a value is missing, a
// level unknown, or a step of a formula not finite. Columns are taken to hold no infinite values,
// which the engine refuses.
//
// Where a dialect's functions fail instead of giving infinity or NaN, they are asked only where
// they have a value; sums and products beyond the range of a double then remain the server's error.
#pragma once

#include <string>

#include "design/design.hpp"
#include "score/sql_dialect.hpp"

namespace insitu {

// Longer expressions are a SpecError.
inline constexpr size_t kMostSqlBytes = size_t{1} << 24;

class SqlWriter {
 public:
  SqlWriter(const SqlDialect& dialect, const Design& design) : dialect_(dialect), design_(design) {}

  struct Value {
    std::string text;  // an operand: needs no parentheses
    bool nan = false;  // it may be
    bool infinite = false;
  };
  Value value(const Expr& expr) const;
  // A factor's label to be compared: CASE <subject> WHEN <label> …
  std::string subject(const DesignFactor& factor) const;
  // exp(x) and x^power of an operand that is finite or NULL, and positive: NULL beyond the range of
  // a double.
  static std::string exponential(const SqlDialect& dialect, const std::string& x);
  static std::string power(const SqlDialect& dialect, const std::string& x, double power);
  // Empty where no value of the column has this label.
  std::string label(const DesignFactor& factor, const std::string& level) const;
  // SpecError beyond kMostSqlBytes.
  static void check_size(size_t bytes);

 private:
  std::string label_of(const std::string& column, const std::string& level) const;
  Value number_of(const std::string& column) const;
  std::string subject_of(const std::string& column) const;
  Value codes_of(const std::string& column) const;
  Value binary(const Expr& expr) const;
  Value comparison(const Expr& expr) const;
  Value call(const Expr& expr) const;
  Value exponential(const Expr& operand) const;
  Value power(const Expr& base, const Expr& exponent) const;
  Value constant_power(const Value& base, double power) const;
  Value any_power(const std::string& x, const std::string& y) const;
  // NULL where it is infinite, and also where it is NaN.
  std::string bounded(const Value& value) const;
  std::string finite(const Value& value) const;
  // Overflow is an error of some dialects and infinite in others.
  bool overflows() const { return !dialect_.strict; }
  std::string number(double value) const { return dialect_.number(value); }

  const SqlDialect& dialect_;
  const Design& design_;
};

}  // namespace insitu
