#include "formula/formula.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "base/errors.hpp"
#include "formula/describe.hpp"

namespace insitu {
namespace {

std::vector<std::string> labels(const Formula& formula) {
  std::vector<std::string> result;
  for (const Term& term : formula.terms) result.push_back(term.label);
  return result;
}
std::vector<std::string> terms(std::string_view text) { return labels(parse_formula(text)); }
using Names = std::vector<std::string>;

std::string error_of(std::string_view text) {
  try {
    parse_formula(text);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "no error";
}

const std::vector<FormulaColumn> kColumns = {{"ArrDelay", ColumnKind::kNumeric},
                                             {"DepDelay", ColumnKind::kNumeric},
                                             {"DayOfWeek", ColumnKind::kFactor},
                                             {"Origin", ColumnKind::kFactor}};

std::string resolve_error(std::string_view text) {
  try {
    resolve(parse_formula(text), kColumns);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Formula, TermsKeepTheOrderWritten) {
  EXPECT_EQ(terms("y ~ a:b + a + c*d + b:a + a"), (Names{"a:b", "a", "c", "d", "c:d"}));
  EXPECT_EQ(terms("y ~ a*b*c"), (Names{"a", "b", "a:b", "c", "a:c", "b:c", "a:b:c"}));
  EXPECT_EQ(terms("y ~ (a + b):c"), (Names{"a:c", "b:c"}));
  EXPECT_EQ(terms("y ~ (a + b)*c"), (Names{"a", "b", "c", "a:c", "b:c"}));
  EXPECT_EQ(terms("y ~ a:a + b"), (Names{"a", "b"}));
  EXPECT_EQ(terms("y ~ a*b - a:b - b"), (Names{"a"}));
  EXPECT_EQ(terms("y ~ + a\n + b"), (Names{"a", "b"}));
}

TEST(Formula, Intercept) {
  EXPECT_TRUE(parse_formula("y ~ a").intercept);
  EXPECT_TRUE(parse_formula("y ~ 1").intercept);
  EXPECT_TRUE(parse_formula("y ~ a - 1 + 1").intercept);
  EXPECT_TRUE(parse_formula("y ~ a - 0").intercept);
  EXPECT_FALSE(parse_formula("y ~ a - 1").intercept);
  EXPECT_FALSE(parse_formula("y ~ -1 + a").intercept);
  EXPECT_FALSE(parse_formula("y ~ 0 + a").intercept);
  EXPECT_FALSE(parse_formula("y ~ a + 0").intercept);
  EXPECT_TRUE(parse_formula("y ~ 1").terms.empty());
}

TEST(Formula, Sides) {
  EXPECT_EQ(parse_formula("~ a + b").response, nullptr);
  EXPECT_EQ(parse_formula("a + b").response, nullptr);
  EXPECT_EQ(terms("a + b:c"), (Names{"a", "b:c"}));
  EXPECT_EQ(to_string(*parse_formula("log(y + 1) ~ a").response), "log(y + 1)");
  EXPECT_EQ(to_string(*parse_formula("ArrDelay>15~a").response), "ArrDelay > 15");
  const Formula formula = parse_formula("y ~ a + offset(log(n)) - 1");
  ASSERT_EQ(formula.offsets.size(), 1u);
  EXPECT_EQ(to_string(*formula.offsets[0]), "log(n)");
  EXPECT_EQ(to_string(formula), "y ~ a + offset(log(n)) - 1");
}

TEST(Formula, PowerIsArithmetic) {
  EXPECT_EQ(terms("y ~ x + x^2 + x**3 + (x)^4 + x^-1 + x^(1 + 1)"),
            (Names{"x", "x^2", "x^3", "x^4", "x^-1", "x^(1 + 1)"}));
  EXPECT_EQ(to_string(*parse_formula("x^2^3 ~ 1").response), "x^2^3");
  EXPECT_EQ(to_string(*parse_formula("(x^2)^3 ~ 1").response), "(x^2)^3");
  EXPECT_EQ(to_string(*parse_formula("-x^2 ~ 1").response), "-x^2");
  EXPECT_EQ(to_string(*parse_formula("(-x)^2 ~ 1").response), "(-x)^2");
  EXPECT_EQ(to_string(*parse_formula("a-(b-c) ~ 1").response), "a - (b - c)");
  EXPECT_EQ(to_string(*parse_formula("a/(b*c)*1e-3 ~ 1").response), "a/(b * c) * 0.001");
}

TEST(Formula, FactorsAndCodes) {
  const Formula formula =
      parse_formula("y ~ F(age) + F(age, 30, 39) + F(x, low=-2, high=5, exclude=TRUE):N(f)");
  EXPECT_EQ(labels(formula), (Names{"F(age)", "F(age, 30, 39)", "F(x, -2, 5):N(f)"}));
  EXPECT_EQ(display_name(formula.terms[0]), "F_age");
  EXPECT_EQ(display_name(formula.terms[1]), "F_age_30_39_T");
  EXPECT_EQ(display_name(formula.terms[2]), "F_x_-2_5_T:N(f)");
  EXPECT_EQ(*formula.terms[1].factors[0]->high, 39);
}

TEST(Formula, QuotedNames) {
  const Formula formula =
      parse_formula("`a b` ~ `it``s` + `\\`x` + `日 😀` + größe + .x_1 + `\"; DROP TABLE t; --`");
  EXPECT_EQ(display_name(*formula.response), "a b");
  EXPECT_EQ(to_string(*formula.response), "`a b`");
  EXPECT_EQ(formula.terms[0].factors[0]->name, "it`s");
  EXPECT_EQ(formula.terms[1].factors[0]->name, "`x");
  EXPECT_EQ(formula.terms[2].factors[0]->name, "日 😀");
  EXPECT_EQ(formula.terms[3].label, "größe");
  EXPECT_EQ(formula.terms[4].label, ".x_1");
  EXPECT_EQ(formula.terms[5].factors[0]->name, "\"; DROP TABLE t; --");
  for (const std::string name :
       {"a`b", "a\\", "\\`", "1x", ".", ".5", "a+b", "😀", "f(x)", "a\xC2\xA0"}) {
    const Formula quoted = parse_formula(quote_name(name));
    ASSERT_EQ(quoted.terms.size(), 1u) << name;
    EXPECT_EQ(quoted.terms[0].factors[0]->name, name);
  }
}

TEST(Formula, ErrorsPointAtTheCharacter) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"y ~ a +", "formula \"y ~ a +\": expected a term after '+' at character 7"},
      {"y ~ a + * b", "expected a term after '+', found '*' at character 9"},
      {"", "expected a term, found the end at character 1"},
      {"y ~", "expected a term after '~' at character 3"},
      {"y ~ a ~ b", "a second '~' at character 7"},
      {"y ~ (a + b", "this '(' is never closed at character 5"},
      {"y ~ a)", "this ')' has no '(' at character 6"},
      {"y ~ größe ! b", "unexpected character '!' at character 11"},
      {"y ~ `a", "this back-quote is never closed at character 5"},
      {"y ~ a b", "expected an operator after 'a', found 'b' at character 7"},
      {"y ~ 2x", "this is not a number at character 5"},
      {"y ~ 1e999", "this is not a number at character 5"},
      {"y ~ 2*x",
       "a number other than 0 and 1 is not a term at character 5; write arithmetic inside I(…)"},
      {"y ~ (a - 1):b", "':' combines terms, not numbers or offsets at character 12"},
      {"y ~ x/2", "'/' does not nest terms here at character 6"},
      {"y ~ a %in% b", "'%in%' does not nest terms here at character 7"},
      {"y ~ (a + b)^2", "it does not cross terms at character 12; write a * b"},
      {"y ~ x > 3", "a comparison is not a term at character 7; write I(x > 15)"},
      {"y ~ I(a < b < c)", "comparisons do not chain at character 13"},
      {"y ~ I(a:b)", "has no meaning in arithmetic at character 8"},
      {"y ~ poly(x, 2)", "poly() is not a function of formulas at character 5; write the powers"},
      {"y ~ cbind(a, b)",
       "cbind() is not a function of formulas at character 5; it is the response of a binomial"},
      {"log(cbind(a, b)) ~ x", "cbind() is not a function of formulas at character 5"},
      {"cbind(a, b, c) ~ x",
       "cbind() takes the counts of successes and of failures, and has 3 arguments"},
      {"y ~ lgo(x)", "there is no function lgo() at character 5; did you mean 'log'"},
      {"y ~ log(x, 2)", "log() takes 1 argument, got 2 at character 5"},
      {"y ~ pow(x)", "pow() takes 2 arguments, got 1 at character 5"},
      {"y ~ F(x + 1)", "F() takes the name of a column at character 7"},
      {"y ~ F(x, 3)", "F() needs both low and high, or neither at character 5"},
      {"y ~ F(x, 3, 1)", "has no level or more than 1000000 at character 5"},
      {"y ~ F(x, 0.5, 1)", "F()'s low must be a whole number, found '0.5' at character 10"},
      {"y ~ F(x, 1, 2, FALSE)",
       "exclude must be TRUE: values out of range are missing at character 16"},
      {"y ~ a - b", "the term b is removed but was not there at character 9"},
      {"y ~ 'a'", "a formula has no text constants at character 5"},
      {"y + . ~ a", "'.' stands for all columns and has no meaning in arithmetic at character 5"},
      {"y ~ a == b", "a comparison is not a term"},
      {"y ~ \xff", "not valid UTF-8"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_NE(error_of(text).find(expected), std::string::npos)
        << text << " gave: " << error_of(text);
  }
}

TEST(Formula, LimitsAreErrors) {
  const std::string deep(100'000, '(');
  EXPECT_NE(error_of("y ~ " + deep + "x").find("more than 200 levels of nesting"),
            std::string::npos);
  EXPECT_NE(error_of("y ~ I(" + deep + "x").find("more than 200 levels"), std::string::npos);
  EXPECT_NE(error_of("y ~ I(" + std::string(100'000, '-') + "x)").find("more than 200 levels"),
            std::string::npos);
  std::string chain = "y ~ I(x";
  for (int k = 0; k < 5'000; ++k) chain += "+x";
  EXPECT_NE(error_of(chain + ")").find("more than 1000 steps"), std::string::npos);
  std::string crossed = "y ~ a";
  for (int k = 0; k < 30; ++k) crossed += "*b" + std::to_string(k);
  EXPECT_NE(error_of(crossed).find("more than"), std::string::npos);
  EXPECT_NE(error_of(std::string(kMaxFormulaBytes + 1, 'a')).find("bytes long"), std::string::npos);
}

TEST(Formula, ALongFormulaIsShownAroundTheError) {
  std::string text = "y ~ a";
  for (int k = 0; k < 500; ++k) text += " + column_é" + std::to_string(k);
  const std::string message = error_of(text + " + + +");
  EXPECT_LT(message.size(), 400u);
  EXPECT_NE(message.find("column_é499"), std::string::npos) << message;
}

TEST(Resolve, KindsAndColumns) {
  const ResolvedFormula resolved =
      resolve(parse_formula(
                  "log(ArrDelay) ~ DayOfWeek:DepDelay + F(DepDelay) + N(Origin) + F(Origin, 1, 2)"),
              kColumns);
  EXPECT_EQ(resolved.response_kind, ColumnKind::kNumeric);
  using Kinds = std::vector<ColumnKind>;
  EXPECT_EQ(resolved.kinds[0], (Kinds{ColumnKind::kFactor, ColumnKind::kNumeric}));
  EXPECT_EQ(resolved.kinds[1], (Kinds{ColumnKind::kFactor}));
  EXPECT_EQ(resolved.kinds[2], (Kinds{ColumnKind::kNumeric}));
  EXPECT_EQ(resolved.kinds[3], (Kinds{ColumnKind::kFactor}));
  EXPECT_EQ(resolved.columns, (Names{"ArrDelay", "DayOfWeek", "DepDelay", "Origin"}));
}

TEST(Resolve, AllColumns) {
  const auto all = [](std::string_view text, const Names& not_in_all = {}) {
    return labels(resolve(parse_formula(text), kColumns, not_in_all).formula);
  };
  EXPECT_EQ(all("ArrDelay ~ ."), (Names{"DepDelay", "DayOfWeek", "Origin"}));
  EXPECT_EQ(all("~ .", {"Origin"}), (Names{"ArrDelay", "DepDelay", "DayOfWeek"}));
  EXPECT_EQ(all("ArrDelay ~ Origin + ."), (Names{"Origin", "DepDelay", "DayOfWeek"}));
  EXPECT_EQ(all("ArrDelay ~ . - Origin"), (Names{"DepDelay", "DayOfWeek"}));
  EXPECT_EQ(all("ArrDelay ~ . - Origin + Origin"), (Names{"DepDelay", "DayOfWeek", "Origin"}));
  EXPECT_EQ(all("ArrDelay ~ . + offset(log(DepDelay))"), (Names{"DayOfWeek", "Origin"}));
  EXPECT_EQ(all("ArrDelay ~ DepDelay:."),
            (Names{"DepDelay", "DepDelay:DayOfWeek", "DepDelay:Origin"}));
  EXPECT_EQ(all("ArrDelay ~ .*DepDelay - DayOfWeek:DepDelay"),
            (Names{"DepDelay", "DayOfWeek", "Origin", "Origin:DepDelay"}));
}

TEST(Resolve, ErrorsSayWhatToDo) {
  EXPECT_NE(resolve_error("ArrDelay ~ Depdely")
                .find("there is no column \"Depdely\" at character 12; did you mean 'DepDelay'"),
            std::string::npos)
      << resolve_error("ArrDelay ~ Depdely");
  EXPECT_NE(resolve_error("ArrDelay ~ zzz").find("the columns are 'ArrDelay', 'DepDelay'"),
            std::string::npos);
  EXPECT_NE(
      resolve_error("ArrDelay ~ I(DayOfWeek + 1)").find("at character 14; write N(DayOfWeek)"),
      std::string::npos);
  EXPECT_NE(resolve_error("ArrDelay ~ DayOfWeek^2").find("write N(DayOfWeek)"), std::string::npos);
  EXPECT_NE(resolve_error("ArrDelay ~ N(DepDelay)").find("is a number already"), std::string::npos);
  EXPECT_NE(resolve_error("ArrDelay ~ I(F(DepDelay) + 1)").find("write floor(DepDelay)"),
            std::string::npos);
  EXPECT_NE(resolve_error("ArrDelay ~ . - Orign").find("did you mean 'Origin'"), std::string::npos);
  EXPECT_NE(resolve_error("ArrDelay ~ DepDelay + offset(Origin)").find("Origin"),
            std::string::npos);
}

TEST(Describe, SaysWhatIsUsed) {
  const nlohmann::json columns = nlohmann::json::parse(
      R"([{"name": "y", "kind": "numeric"}, {"name": "f", "kind": "factor"}, {"name": "my x", "kind": "numeric"}])");
  const nlohmann::json described = describe_formula("log(y) ~ f:`my x` + F(`my x`) - 1", columns);
  const char* expected = R"json({
    "response": "log(y)", "response_kind": "numeric", "response_variables": ["y"], "intercept": false, "variables": ["y", "f", "my x"],
    "offsets": [], "terms": [
      {"label": "f:`my x`", "name": "f:my x", "variables": ["f", "my x"],
       "elements": ["f", "`my x`"], "factors": [{"label": "f", "name": "f"}], "kind": "mixed"},
      {"label": "F(`my x`)", "name": "F_my x", "variables": ["my x"],
       "elements": ["F(`my x`)"], "factors": [{"label": "F(`my x`)", "name": "F_my x"}], "kind": "factor"}]
})json";
  EXPECT_EQ(described, nlohmann::json::parse(expected)) << described.dump();
  EXPECT_EQ(describe_formula("~ a", nullptr)["response"], nlohmann::json());
  EXPECT_EQ(describe_formula("~ a", nullptr)["terms"][0]["kind"], "unknown");
  EXPECT_THROW(describe_formula("~ a", nlohmann::json::object()), SpecError);
}

// What parses prints as text that parses to the same.
TEST(Formula, RandomTextsParseOrFailAndPrintTheSame) {
  const std::vector<std::string> pieces = {
      "y",  "~",    "a", "b", "+",   "-", "*",       ":", "^",     "(", ")", "F(", "N(",
      "I(", "log(", "1", "0", "2.5", ".", "offset(", ",", "`q r`", "/", "<", " ",  "-1"};
  std::mt19937 random(1);
  size_t parsed = 0;
  for (int k = 0; k < 50'000; ++k) {
    std::string text = "y~";
    const size_t length = 1 + random() % 12;
    for (size_t j = 0; j < length; ++j) text += pieces[random() % pieces.size()];
    std::string printed;
    try {
      printed = to_string(parse_formula(text));
      ++parsed;
    } catch (const SpecError&) {
      continue;
    }
    ASSERT_NO_THROW(ASSERT_EQ(to_string(parse_formula(printed)), printed) << text)
        << text << " -> " << printed;
  }
  EXPECT_GT(parsed, 1000u);
}

}  // namespace
}  // namespace insitu
