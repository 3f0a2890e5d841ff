// The text of the expressions; that servers make the engine's numbers of it is tested in
// python/tests/test_to_sql.py.
#include "score/linear_sql.hpp"

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "score/sql_dialect.hpp"
#include "score/sql_writer.hpp"

namespace insitu {
namespace {

Json numeric(const char* name) { return {{"name", name}, {"kind", "numeric"}}; }
Json factor(const char* name, const std::vector<std::string>& levels) {
  return {{"name", name}, {"kind", "factor"}, {"levels", levels}};
}

Json model(const std::string& formula, const Json& columns, double intercept,
           const std::vector<double>& coefficients, const std::vector<double>& centers) {
  return {{"kind", "linear_model"},
          {"design", {{"formula", formula}, {"columns", columns}, {"weight", ""}}},
          {"coefficients", {{"estimate", coefficients}}},
          {"scoring", {{"intercept", intercept}, {"centers", centers}}}};
}

// 12 + 2 (x - 1), and 3 more in level a; b is dropped.
Json simple() {
  return model("y ~ x + f", {numeric("y"), numeric("x"), factor("f", {"a", "b"})}, 12.0,
               {10.0, 2.0, 3.0, 0.0}, {1.0});
}

TEST(LinearSql, EachDialect) {
  EXPECT_EQ(
      "NULLIF(NULLIF(NULLIF(12::float8 + 2::float8 * (CAST(\"x\" AS DOUBLE PRECISION) - 1::float8) "
      "+ CASE CAST(\"f\" AS TEXT) COLLATE \"C\" WHEN 'a' THEN 3::float8 WHEN 'b' THEN 0::float8 "
      "END, 'NaN'::float8), 'Infinity'::float8), -'Infinity'::float8)",
      prediction_to_sql(simple(), "postgres"));
  EXPECT_EQ(
      "NULLIF(NULLIF(NULLIF(12e0 + 2e0 * (CAST(\"x\" AS DOUBLE) - 1e0) + CASE CAST(\"f\" AS "
      "VARCHAR) COLLATE \"binary\" WHEN 'a' THEN 3e0 WHEN 'b' THEN 0e0 END, 'NaN'::DOUBLE), "
      "'Infinity'::DOUBLE), -'Infinity'::DOUBLE)",
      prediction_to_sql(simple(), "duckdb"));
  EXPECT_EQ(
      "NULLIF(NULLIF(12e0 + 2e0 * (CAST(`x` AS REAL) - 1e0) + CASE CAST(`f` AS TEXT) COLLATE "
      "BINARY WHEN 'a' THEN 3e0 WHEN 'b' THEN 0e0 END, 9e999), -9e999)",
      prediction_to_sql(simple(), "sqlite"));
  EXPECT_EQ(
      "12e0 + 2e0 * (CAST([x] AS FLOAT(53)) - 1e0) + CASE CAST([f] AS NVARCHAR(MAX)) COLLATE "
      "Latin1_General_100_BIN2 + N'.' WHEN N'a.' THEN 3e0 WHEN N'b.' THEN 0e0 END",
      prediction_to_sql(simple(), "tsql"));
}

TEST(LinearSql, CellsNestAndThoseWithoutRowsAreLeftOut) {
  Json cells = model("y ~ f:g", {numeric("y"), factor("f", {"a", "b"}), factor("g", {"u", "v"})},
                     0.0, {0.0, 1.0, 2.0, 3.0, 4.0}, {});
  EXPECT_EQ(
      "0e0 + CASE CAST(`f` AS TEXT) COLLATE BINARY WHEN 'a' THEN CASE CAST(`g` AS TEXT) COLLATE "
      "BINARY WHEN 'u' THEN 1e0 WHEN 'v' THEN 3e0 END WHEN 'b' THEN CASE CAST(`g` AS TEXT) COLLATE "
      "BINARY WHEN 'u' THEN 2e0 WHEN 'v' THEN 4e0 END END",
      prediction_to_sql(cells, "sqlite"));
  cells["coefficients"]["empty"] = {2u, 4u};
  EXPECT_EQ(
      "0e0 + CASE CAST(`f` AS TEXT) COLLATE BINARY WHEN 'a' THEN CASE CAST(`g` AS TEXT) COLLATE "
      "BINARY WHEN 'u' THEN 1e0 WHEN 'v' THEN 3e0 END END",
      prediction_to_sql(cells, "sqlite"));
  cells["coefficients"]["empty"] = {1u, 2u, 3u, 4u};
  EXPECT_EQ("0e0 + CAST(NULL AS REAL)", prediction_to_sql(cells, "sqlite"));
}

TEST(SqlDialect, NumbersReadBackTheSame) {
  const SqlDialect& duckdb = SqlDialect::named("duckdb");
  EXPECT_EQ("0.1e0", duckdb.number(0.1));
  EXPECT_EQ("(-2.5e0)", duckdb.number(-2.5));
  EXPECT_EQ("1e+300", duckdb.number(1e300));
  EXPECT_EQ("5e-324", duckdb.number(5e-324));
  EXPECT_EQ("1e+300::float8", SqlDialect::named("postgres").number(1e300));
  EXPECT_EQ("0.30000000000000004::float8", SqlDialect::named("postgres").number(0.1 + 0.2));
}

TEST(SqlDialect, NamesAndTextsAreQuoted) {
  const std::string odd = "a\"b`c]d'e\\f🙂";
  EXPECT_EQ("\"a\"\"b`c]d'e\\f🙂\"", SqlDialect::named("postgres").identifier(odd));
  EXPECT_EQ("\"a\"\"b`c]d'e\\f🙂\"", SqlDialect::named("duckdb").identifier(odd));
  EXPECT_EQ("`a\"b``c]d'e\\f🙂`", SqlDialect::named("sqlite").identifier(odd));
  EXPECT_EQ("[a\"b`c]]d'e\\f🙂]", SqlDialect::named("tsql").identifier(odd));
  EXPECT_EQ("E'a\"b`c]d''e\\\\f🙂'", SqlDialect::named("postgres").label(odd));
  EXPECT_EQ("'a''b'", SqlDialect::named("postgres").label("a'b"));
  EXPECT_EQ("'a\"b`c]d''e\\f🙂'", SqlDialect::named("duckdb").label(odd));
  EXPECT_EQ("'a\"b`c]d''e\\f🙂'", SqlDialect::named("sqlite").label(odd));
  EXPECT_EQ("N'a\"b`c]d''e\\f🙂.'", SqlDialect::named("tsql").label(odd));
}

std::string message_of(const Json& subject, std::string_view dialect) {
  try {
    prediction_to_sql(subject, dialect);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "";
}

TEST(LinearSql, WhatCannotBeWrittenIsSaid) {
  EXPECT_EQ(
      "there is no SQL dialect 'tsq', only 'postgres', 'duckdb', 'sqlite', 'tsql'; did you mean "
      "'tsql'?",
      message_of(simple(), "tsq"));
  EXPECT_EQ("the model lacks \"kind\"; it is damaged or of another kind",
            message_of(Json::object(), "tsql"));
  Json zero = simple();
  zero["design"]["columns"][2]["levels"][0] = std::string("a\0b", 3);
  EXPECT_EQ("the label \"a…\" has a zero byte in it, which SQL cannot hold",
            message_of(zero, "postgres"));
}

// Conditions repeat their operand: nested, they would fill memory.
TEST(LinearSql, ExpressionsDoNotGrowWithoutBound) {
  std::string nested = "x";
  for (int depth = 0; depth < 60; ++depth) nested = "pow(" + nested + ", z)";
  const Json deep =
      model("y ~ " + nested, {numeric("y"), numeric("x"), numeric("z")}, 0.0, {0.0, 1.0}, {0.0});
  EXPECT_NE(std::string::npos, message_of(deep, "postgres").find("more than 16777216 bytes"));
  std::vector<std::string> levels;
  for (int level = 0; level < 1000; ++level) levels.push_back(std::to_string(level));
  const Json wide = model("y ~ f:g", {numeric("y"), factor("f", levels), factor("g", levels)}, 0.0,
                          std::vector<double>(1 + 1000 * 1000, 0.1), {});
  EXPECT_NE(std::string::npos, message_of(wide, "sqlite").find("more than 16777216 bytes"));
}

}  // namespace
}  // namespace insitu
