#include "score/sql_dialect.hpp"

#include <array>
#include <charconv>
#include <vector>

#include "base/errors.hpp"
#include "base/names.hpp"

namespace insitu {
namespace {

constexpr std::array<SqlDialect, 4> kDialects = {{
    {.name = "postgres",
     .number_type = "DOUBLE PRECISION",
     .text_type = "TEXT",
     .collation = " COLLATE \"C\"",
     .boolean_type = "BOOLEAN",
     .truth = "TRUE",
     .falsehood = "FALSE",
     .number_suffix = "::float8",
     .infinity = "'Infinity'::float8",
     .nan = "'NaN'::float8",
     .ln = "LN",
     .log2_before = "LN(",
     .log2_after = ") / LN(2::float8)",
     .ceil = "CEIL",
     .atan2 = "ATAN2",
     .days_before = "(",
     .days_after = " - DATE '1970-01-01')::float8",
     .seconds_before = "EXTRACT(EPOCH FROM ",
     .seconds_after = ")::float8",
     .quote = '"',
     .closing_quote = '"',
     .strict = true,
     .pads = false},
    {.name = "duckdb",
     .number_type = "DOUBLE",
     .text_type = "VARCHAR",
     .collation = " COLLATE \"binary\"",
     .boolean_type = "BOOLEAN",
     .truth = "TRUE",
     .falsehood = "FALSE",
     .number_suffix = "e0",
     .infinity = "'Infinity'::DOUBLE",
     .nan = "'NaN'::DOUBLE",
     .ln = "LN",
     .log2_before = "LOG2(",
     .log2_after = ")",
     .ceil = "CEIL",
     .atan2 = "ATAN2",
     .days_before = "CAST(DATE_DIFF('day', DATE '1970-01-01', ",
     .days_after = ") AS DOUBLE)",
     .seconds_before = "EPOCH(",
     .seconds_after = ")",
     .quote = '"',
     .closing_quote = '"',
     .strict = false,
     .pads = false},
    // Names in back-quotes: SQLite takes "x" for the text 'x' where there is no such column.
    {.name = "sqlite",
     .number_type = "REAL",
     .text_type = "TEXT",
     .collation = " COLLATE BINARY",
     .boolean_type = "INTEGER",
     .truth = "1",
     .falsehood = "0",
     .number_suffix = "e0",
     .infinity = "9e999",
     .nan = "",
     .ln = "LN",
     .log2_before = "LOG2(",
     .log2_after = ")",
     .ceil = "CEIL",
     .atan2 = "ATAN2",
     .days_before = "",
     .days_after = "",
     .seconds_before = "",
     .seconds_after = "",
     .quote = '`',
     .closing_quote = '`',
     .strict = false,
     .pads = false},
    {.name = "tsql",
     .number_type = "FLOAT(53)",
     .text_type = "NVARCHAR(MAX)",
     .collation = " COLLATE Latin1_General_100_BIN2",
     .boolean_type = "BIT",
     .truth = "1",
     .falsehood = "0",
     .number_suffix = "e0",
     .infinity = "",
     .nan = "",
     .ln = "LOG",
     .log2_before = "LOG(",
     .log2_after = ", 2)",
     .ceil = "CEILING",
     .atan2 = "ATN2",
     .days_before = "CAST(DATEDIFF(DAY, '19700101', ",
     .days_after = ") AS FLOAT(53))",
     .seconds_before = "(DATEDIFF_BIG(MICROSECOND, '19700101', ",
     .seconds_after = ") / 1e6)",
     .quote = '[',
     .closing_quote = ']',
     .strict = true,
     .pads = true},
}};

// Behind both sides of a comparison where blanks at their ends would not count.
constexpr std::string_view kPadStop = ".";

std::string quoted(std::string_view text, char open, char close, std::string_view what) {
  std::string out(1, open);
  for (const char c : text) {
    if (c == '\0') {
      throw SpecError("the " + std::string(what) + " \"" +
                      std::string(text.substr(0, text.find(c))) +
                      "…\" has a zero byte in it, which SQL cannot hold");
    }
    if (c == close) out += c;
    out += c;
  }
  return out += close;
}

std::string cast(const std::string& sql, std::string_view type) {
  return "CAST(" + sql + " AS " + std::string(type) + ")";
}

std::string null_if(const std::string& sql, std::string_view value) {
  return "NULLIF(" + sql + ", " + std::string(value) + ")";
}

}  // namespace

const SqlDialect& SqlDialect::named(std::string_view name) {
  std::vector<std::string> names;
  std::string known;
  for (const SqlDialect& dialect : kDialects) {
    if (dialect.name == name) return dialect;
    names.emplace_back(dialect.name);
    known += (known.empty() ? "'" : ", '") + names.back() + "'";
  }
  throw SpecError("there is no SQL dialect '" + std::string(name) + "', only " + known +
                  did_you_mean(std::string(name), names));
}

std::string SqlDialect::identifier(std::string_view column) const {
  return quoted(column, quote, closing_quote, "column");
}

std::string SqlDialect::number(double value) const {
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  std::string text(digits.data(), static_cast<size_t>(end - digits.data()));
  const bool exponent = text.find('e') != std::string::npos;
  if (number_suffix != "e0" || !exponent) text += number_suffix;
  return text[0] == '-' ? "(" + text + ")" : text;
}

std::string SqlDialect::as_number(std::string_view column) const {
  return cast(identifier(column), number_type);
}

std::string SqlDialect::as_days(std::string_view column) const {
  if (days_before.empty()) return as_number(column);
  return std::string(days_before) + identifier(column) + std::string(days_after);
}

std::string SqlDialect::as_seconds(std::string_view column) const {
  if (seconds_before.empty()) return as_number(column);
  return std::string(seconds_before) + identifier(column) + std::string(seconds_after);
}

std::string SqlDialect::as_text(std::string_view column) const {
  std::string text = cast(identifier(column), text_type);
  text += collation;
  return pads ? text + " + N'" + std::string(kPadStop) + "'" : text;
}

std::string SqlDialect::as_boolean(std::string_view column) const {
  return cast(identifier(column), boolean_type);
}

std::string SqlDialect::label(std::string_view text) const {
  if (pads) return "N" + quoted(std::string(text).append(kPadStop), '\'', '\'', "label");
  // A backslash means the same with E'' whatever PostgreSQL's standard_conforming_strings says.
  if (name != "postgres" || text.find('\\') == std::string_view::npos)
    return quoted(text, '\'', '\'', "label");
  std::string doubled;
  for (const char c : text) doubled += c == '\\' ? std::string("\\\\") : std::string(1, c);
  return "E" + quoted(doubled, '\'', '\'', "label");
}

std::string SqlDialect::null_number() const { return cast("NULL", number_type); }

std::string SqlDialect::without_nan(const std::string& sql) const {
  return nan.empty() ? sql : null_if(sql, nan);
}

std::string SqlDialect::without_infinities(const std::string& sql) const {
  if (infinity.empty()) return sql;
  return null_if(null_if(sql, infinity), "-" + std::string(infinity));
}

}  // namespace insitu
