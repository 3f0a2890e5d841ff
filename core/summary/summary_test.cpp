#include "summary/summary_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/compare.hpp"
#include "base/erased.hpp"
#include "base/errors.hpp"
#include "summary/summary_analysis.hpp"
#include "testing/laws.hpp"
#include "testing/random_table.hpp"

namespace insitu {
namespace {

using laws::Rng;
using laws::Table;
using Labels = std::vector<std::string>;

Json columns_of(const Table& table) {
  Json list = Json::array();
  const Chunk chunk = table.all();
  for (const Column& column : chunk.columns()) {
    list.push_back({{"name", column.name()},
                    {"kind", column.kind() == ColumnKind::kFactor ? "factor" : "numeric"}});
  }
  return list;
}

Json summarised(const Table& table, const std::string& formula,
                const Json& options = Json::object()) {
  Json spec = {{"formula", formula}, {"columns", columns_of(table)}};
  spec.update(options);
  SummaryFit fit(spec);
  while (const AnalysisPtr pass = fit.next()) {
    const auto state = pass->empty();
    pass->update(*state, table.all());
    fit.accept(*state);
  }
  return fit.result();
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Ten rows small enough for the hand: x of level b is 2, 4, 6 (and one missing), of level a 1, 3.
Table small() {
  Table table(8);
  table.doubles("x", {2, 1, 4, kNaN, 3, 6, 100, 7});
  table.text("f", {"b", "a", "b", "b", "a", "b", std::nullopt, "c"});
  table.text("g", {"u", "u", "v", "v", "v", "u", "u", "u"});
  table.doubles("w", {1, 2, 3, 4, 0, 2, 1, kNaN});
  table.integers("n", {1, 2, 3, 4, 0, 2, 1, 1});
  return table;
}

TEST(Summary, MomentsByTerm) {
  const Json result = summarised(small(), "~ x + n");
  EXPECT_EQ(result["n_rows"], 8);
  EXPECT_EQ(result["n_valid_obs"], 8);
  const Json& x = result["terms"][0];
  EXPECT_EQ(x["type"], "numeric");
  EXPECT_EQ(x["name"], "x");
  EXPECT_EQ(x["valid_obs"], 7);
  EXPECT_EQ(x["missing_obs"], 1);
  EXPECT_EQ(x["sum"], 123.0);
  EXPECT_DOUBLE_EQ(x["mean"].get<double>(), 123.0 / 7.0);
  // sum x^2 = 10115; (10115 - 123^2 / 7) / 6
  EXPECT_DOUBLE_EQ(x["std_dev"].get<double>(), std::sqrt((10115.0 - 15129.0 / 7.0) / 6.0));
  EXPECT_EQ(x["min"], 1.0);
  EXPECT_EQ(x["max"], 100.0);
  EXPECT_EQ(result["terms"][1]["valid_obs"], 8);
}

TEST(Summary, ListwiseDropsTheRowEverywhere) {
  const Json result = summarised(small(), "~ x + n + f", {{"by_term", false}});
  EXPECT_EQ(result["n_valid_obs"], 6);
  EXPECT_EQ(result["n_missing_obs"], 2);
  EXPECT_EQ(result["terms"][1]["valid_obs"], 6);
  EXPECT_EQ(result["terms"][1]["missing_obs"], 2);
  EXPECT_EQ(result["terms"][1]["sum"], 1.0 + 2 + 3 + 0 + 2 + 1);
  EXPECT_EQ(result["terms"][2]["counts"], (Json{2, 3, 1}));
}

TEST(Summary, CountsOfFactorsAndTheirCells) {
  const Json result = summarised(small(), "~ f + f:g + F(n)");
  EXPECT_EQ(result["terms"][0]["levels"], Json({{"a", "b", "c"}}));
  EXPECT_EQ(result["terms"][0]["counts"], (Json{2, 4, 1}));
  EXPECT_EQ(result["terms"][0]["valid_obs"], 7);
  EXPECT_EQ(result["terms"][0]["missing_obs"], 1);
  EXPECT_EQ(result["terms"][1]["name"], "f:g");
  EXPECT_EQ(result["terms"][1]["counts"], (Json{1, 2, 1, 1, 2, 0}));  // a:u b:u c:u a:v b:v c:v
  EXPECT_EQ(result["terms"][2]["factors"], Json({"F_n"}));
  EXPECT_EQ(result["terms"][2]["levels"], Json({{"0", "1", "2", "3", "4"}}));
  EXPECT_EQ(result["terms"][2]["counts"], (Json{1, 3, 2, 1, 1}));
}

TEST(Summary, MomentsWithinCellsAndOverall) {
  for (const char* formula : {"~ x:f", "x ~ f"}) {
    const Json result = summarised(small(), formula);
    ASSERT_EQ(result["terms"].size(), 1u);
    const Json& cells = result["terms"][0];
    EXPECT_EQ(cells["type"], "cells");
    EXPECT_EQ(cells["name"], "x:f");
    EXPECT_EQ(cells["variable"], "x");
    EXPECT_EQ(cells["mean"], (Json{2.0, 4.0, 7.0}));
    EXPECT_DOUBLE_EQ(cells["std_dev"][0].get<double>(), std::sqrt(2.0));
    EXPECT_EQ(cells["std_dev"][1], 2.0);
    EXPECT_TRUE(cells["std_dev"][2].is_null());
    EXPECT_EQ(cells["valid_obs"], (Json{2, 3, 1}));
    EXPECT_EQ(cells["missing_obs"], (Json{0, 1, 0}));
    EXPECT_EQ(cells["overall"]["valid_obs"], 6);
    EXPECT_EQ(cells["overall"]["missing_obs"], 2);
    EXPECT_EQ(cells["overall"]["sum"], 23.0);
  }
}

TEST(Summary, Weights) {
  const Json p = summarised(small(), "~ x + f", {{"pweights", "w"}});
  EXPECT_EQ(p["n_valid_obs"], 6);  // one zero weight, one missing
  EXPECT_EQ(p["n_missing_obs"], 1);
  EXPECT_EQ(p["sum_of_weights"], 13);
  const Json& x = p["terms"][0];  // x 2 1 4 6 100 with w 1 2 3 2 1
  EXPECT_EQ(x["valid_obs"], 5);
  EXPECT_EQ(x["missing_obs"], 2);
  EXPECT_EQ(x["sum_of_weights"], 9);
  EXPECT_EQ(x["missing_weights"], 4);
  EXPECT_DOUBLE_EQ(x["mean"].get<double>(), 128.0 / 9.0);
  const double m2 = 10126.0 - 128.0 * 128.0 / 9.0;
  EXPECT_DOUBLE_EQ(x["std_dev"].get<double>(), std::sqrt(m2 / 9.0 * 5.0 / 4.0));
  EXPECT_EQ(p["terms"][1]["counts"], (Json{2, 10, 0}));

  const Json f = summarised(small(), "~ x + x:g", {{"fweights", "n"}});
  // The same with each row repeated n times: 2 1 1 4 4 4 6 6 100 7.
  EXPECT_EQ(f["terms"][0]["valid_obs"], 10);
  EXPECT_DOUBLE_EQ(f["terms"][0]["mean"].get<double>(), 13.5);
  EXPECT_DOUBLE_EQ(f["terms"][0]["std_dev"].get<double>(), std::sqrt((10175.0 - 1822.5) / 9.0));
  EXPECT_EQ(f["terms"][1]["valid_obs"], (Json{7, 3}));
}

// f, g: (b, u) holds rows 1 and 6, (a, u) 2, (b, v) 3 and 4, (a, v) 5, (c, u) 8; row 7 has no f.
TEST(Summary, TheSmallestCellIsKnown) {
  const auto least = [](const std::string& formula, uint64_t rows) {
    const Table table = small();
    SummaryFit fit(Json{{"formula", formula}, {"columns", columns_of(table)}});
    const AnalysisPtr pass = fit.next();
    const auto state = pass->empty();
    if (rows > 0) pass->update(*state, table.slice(0, rows));
    return pass->smallest_cell(*state);
  };
  EXPECT_EQ(kNoCell, least("~ f:g", 0));
  EXPECT_EQ(1U, least("~ f:g", 8));
  EXPECT_EQ(1U, least("~ f", 8));  // c
  EXPECT_EQ(2U, least("~ f", 6));  // a twice, b four times
  EXPECT_EQ(7U, least("~ x", 8));
}

TEST(Summary, BadRowsAndRequests) {
  Table table(2);
  table.doubles("x", {1.0, std::numeric_limits<double>::infinity()}).doubles("w", {1.0, -2.0});
  EXPECT_THROW(summarised(table, "~ x"), DataError);
  EXPECT_THROW(summarised(table, "~ I(1)", {{"pweights", "w"}}), DataError);
  EXPECT_THROW(summarised(small(), "~ x", {{"pweights", "w"}, {"fweights", "n"}}), SpecError);
  EXPECT_THROW(summarised(small(), "~ x + offset(n)"), SpecError);
  EXPECT_THROW(summarised(small(), "~ 1"), SpecError);
  EXPECT_THROW(summarised(small(), "~ y"), SpecError);
  EXPECT_THROW(summarised(small(), "~ x", {{"bytterm", true}}), SpecError);
}

TEST(Summary, NoRows) {
  const Json result = summarised(Table(0).doubles("x", {}).text("f", {}), "~ x + f + x:f");
  EXPECT_TRUE(result["terms"][0]["mean"].is_null());
  EXPECT_EQ(result["terms"][0]["valid_obs"], 0);
  EXPECT_EQ(result["terms"][1]["counts"], Json::array());
  EXPECT_EQ(result["terms"][2]["mean"], Json::array());
}

TEST(Summary, FormulasWithResponse) {
  const std::vector<FormulaColumn> columns = {{"x", ColumnKind::kNumeric},
                                              {"y", ColumnKind::kNumeric},
                                              {"f", ColumnKind::kFactor},
                                              {"g", ColumnKind::kFactor}};
  const auto terms = [&](const char* text) { return summary_terms(text, columns, {}); };
  EXPECT_EQ(terms("y ~ f"), "~ y:f");
  EXPECT_EQ(terms("y ~ f:g + x"), "~ y:f:g + y + x");
  EXPECT_EQ(terms("y ~ 1"), "~ y");
  EXPECT_EQ(terms("f ~ g"), "~ f:g");
  EXPECT_EQ(terms("y > 15 ~ f"), "~ I(y > 15):f");
  EXPECT_EQ(terms("log(y) ~ x:f"), "~ log(y):x:f");
  EXPECT_EQ(terms("~ ."), "~ x + y + f + g");
}

// NIST's StRD "Univariate", generated by their formulas: x = base, base + step, base - step … as
// published.
TEST(Summary, NistNumAcc) {
  struct Case {
    double first, low, high;
    size_t n;
    double mean, sd_digits;
  };
  // Certified standard deviation 0.1 (NumAcc2, 3, 4); what the doubles hold limits 3 and 4.
  for (const Case& c : {Case{1.2, 1.1, 1.3, 1001, 1.2, 14.0},
                        Case{1000000.2, 1000000.1, 1000000.3, 1001, 1000000.2, 9.0},
                        Case{10000000.2, 10000000.1, 10000000.3, 1001, 10000000.2, 8.0}}) {
    std::vector<double> x = {c.first};
    while (x.size() < c.n) x.push_back(x.size() % 2 == 1 ? c.low : c.high);
    const Json result = summarised(Table(c.n).doubles("x", x), "~ x");
    EXPECT_EQ(result["terms"][0]["mean"].get<double>(), c.mean);
    const double sd = result["terms"][0]["std_dev"].get<double>();
    EXPECT_LE(std::fabs(sd - 0.1) / 0.1, std::pow(10.0, -c.sd_digits));
  }
}

TEST(Summary, ConstantColumnsHaveNoDeviation) {
  for (const double value : {0.1, 1e9 + 0.1, -1e-300}) {
    const Json result =
        summarised(Table(3001).doubles("x", std::vector<double>(3001, value)), "~ x");
    EXPECT_EQ(result["terms"][0]["mean"], value);
    EXPECT_EQ(result["terms"][0]["std_dev"], 0.0);
  }
}

TEST(Summary, StatesThatDoNotFitAreRefused) {
  const Table table = small();
  const Design design = Design::make("~ x + f:g + F(n)", read_columns(columns_of(table)), "");
  const SummaryAnalysis analysis(design, true, Weighting::kNone);
  SummaryState good = analysis.empty();
  analysis.update(good, table.all());
  EXPECT_NO_THROW(analysis.validate(good));
  const auto refused = [&](auto&& spoil) {
    SummaryState bad = good;
    spoil(bad);
    EXPECT_THROW(analysis.validate(bad), StateError);
  };
  refused([](SummaryState& s) { s.terms.pop_back(); });
  refused([](SummaryState& s) { s.levels.pop_back(); });
  refused([](SummaryState& s) { s.terms[0].moments.clear(); });
  refused([](SummaryState& s) { s.terms[1].counts.push_back(0); });
  refused([](SummaryState& s) { s.terms[1].weights.pop_back(); });
  refused([](SummaryState& s) { s.terms[1].factors[0] = 2; });
  refused([](SummaryState& s) { s.terms[1].numeric = true; });
  refused([](SummaryState& s) { s.levels[0][0] = s.levels[0][1]; });
  refused([](SummaryState& s) { s.levels[2][0] = "x"; });
}

TEST(Summary, ErrorsNameColumnRowAndValue) {
  Table table(3);
  table.doubles("x", {1.0, 2.0, 3.0}).doubles("w", {1.0, 1.0, -2.5});
  try {
    summarised(table, "~ x", {{"pweights", "w"}});
    FAIL() << "a negative weight was accepted";
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("\"w\""), std::string::npos) << message;
    EXPECT_NE(message.find("-2.5"), std::string::npos) << message;
    EXPECT_NE(message.find("row 3"), std::string::npos) << message;
  }
}

// The second summary sees the codes as a column of numbers.
TEST(Summary, CodesOfLevelsFoundInTheData) {
  Table table(5);
  table.doubles("x", {1.0, 2.0, 4.0, 8.0, 16.0})
      .doubles("n", {2.0, 0.0, kNaN, 1.0, 0.0})
      .text("f", {"c", "a", std::nullopt, "b", "a"});
  for (const auto& [coded, plain] :
       std::initializer_list<std::pair<const char*, const char*>>{{"~ N(f)", "~ n"},
                                                                  {"~ N(f)^2 + x", "~ n^2 + x"},
                                                                  {"~ f:N(f)", "~ f:n"},
                                                                  {"x ~ N(f)", "x ~ n"}}) {
    Json got = summarised(table, coded)["terms"];
    Json expected = summarised(table, plain)["terms"];
    for (Json* terms : {&got, &expected}) {
      for (Json& term : *terms) {
        term.erase("name");
        term.erase("variable");
      }
    }
    EXPECT_EQ(got, expected) << coded;
  }
}

// Bounds of F() are places among the levels, found or given; the second column lacks the others.
TEST(Summary, BoundsOfAFactorRestrictIt) {
  Table table(6);
  table.doubles("x", {1.0, 2.0, 4.0, 8.0, 16.0, 32.0})
      .text("f", {"c", "a", std::nullopt, "b", "d", "c"})
      .text("g", {"c", std::nullopt, std::nullopt, "b", std::nullopt, "c"});
  for (const auto& [bounded, plain] : std::initializer_list<std::pair<const char*, const char*>>{
           {"~ F(f, 2, 3)", "~ g"}, {"x ~ F(f, 2, 3)", "x ~ g"}, {"~ F(f, 2, 3) + f", "~ g + f"}}) {
    Json got = summarised(table, bounded)["terms"];
    Json expected = summarised(table, plain)["terms"];
    for (Json* terms : {&got, &expected}) {
      for (const char* key : {"name", "factors", "factor_labels"}) (*terms)[0].erase(key);
    }
    EXPECT_EQ(got, expected) << bounded;
  }
  try {
    summarised(table, "~ F(f, 2, 5)");
    FAIL() << "there is no fifth level";
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("levels 2 to 5 of \"f\", which has 4"),
              std::string::npos)
        << error.what();
  }
  EXPECT_THROW(summarised(table, "~ F(f, 0, 1)"), SpecError);
}

// Frequency weights count rows.
TEST(Summary, FractionsAreNoFrequencies) {
  Table table(3);
  table.doubles("x", {1.0, 2.0, 3.0}).doubles("w", {1.0, kNaN, 1.5});
  Json columns = columns_of(table);
  EXPECT_NO_THROW(summarised(table, "~ x", {{"pweights", "w"}, {"columns", columns}}));
  columns[1]["whole"] = true;
  try {
    summarised(table, "~ x", {{"fweights", "w"}, {"columns", columns}});
    FAIL() << "a fraction was accepted";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("\"w\" holds 1.5 at row 3"), std::string::npos)
        << error.what();
  }
}

TEST(Summary, AnUnknownWeightHasNearNames) {
  try {
    summarised(small(), "~ n", {{"pweights", "W"}});
    FAIL() << "there is no column W";
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'w'"), std::string::npos)
        << error.what();
  }
}

// sqrt of a sum of squares about 1e-310 (1e310) is no double's business.
TEST(Summary, DeviationsWhoseSquaresAreNoDoublesAreMissing) {
  for (const double scale : {1e-160, 1e-300, 1e160}) {
    Table table(4);
    table.doubles("x", {scale, 2 * scale, 4 * scale, kNaN}).text("f", {"a", "a", "b", "b"});
    const Json result = summarised(table, "~ x + x:f");
    EXPECT_EQ(result["terms"][0]["std_dev"], nullptr) << scale;
    EXPECT_DOUBLE_EQ(result["terms"][0]["mean"], scale * 7.0 / 3.0);
    EXPECT_EQ(result["terms"][1]["std_dev"][0], nullptr) << scale;
    ASSERT_EQ(result["warnings"].size(), 1U);
    EXPECT_NE(result["warnings"][0].get<std::string>().find("deviation of x "), std::string::npos);
  }
  Table table(3);
  table.doubles("x", {1e-130, 2e-130, 3e-130}).doubles("c", {1e-300, 1e-300, 1e-300});
  const Json result = summarised(table, "~ x + c");
  EXPECT_DOUBLE_EQ(result["terms"][0]["std_dev"], 1e-130);
  EXPECT_EQ(result["terms"][1]["std_dev"], 0.0);
  EXPECT_TRUE(result["warnings"].empty());
}

laws::Case law_case(uint64_t seed) {
  Rng rng(seed);
  Table table = laws::random_table(rng, rng.below(seed % 6 == 0 ? 4000 : 500), 3, 3);
  const char* formulas[] = {"~ x0 + x1:x2", "~ f0 + f1:f2 + x0:f0", "x1 ~ f0:f1 + f2",
                            "~ F(n) + x0:F(n) + log(x1)"};
  Json spec = {{"formula", formulas[seed % 4]},
               {"columns", columns_of(table)},
               {"by_term", rng.chance(0.5)}};
  if (seed % 3 == 1) spec["pweights"] = "w";
  if (seed % 3 == 2 && seed % 4 != 3) spec["fweights"] = "n";
  Json other = spec;
  other["by_term"] = !spec["by_term"].get<bool>();
  return {SummaryFit(spec).next(), SummaryFit(other).next(), std::move(table)};
}
INSITU_LAWS(SummaryLaws, law_case);

}  // namespace
}  // namespace insitu
