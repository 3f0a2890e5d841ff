#include "json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "errors.hpp"
#include "names.hpp"

namespace insitu {
namespace {

std::string spec_error(const std::function<void()>& f) {
  try {
    f();
  } catch (const SpecError& error) {
    return error.what();
  }
  return "";
}

std::string parse_error(const std::string& text) {
  return spec_error([&] { parse_json(text, "spec"); });
}

TEST(Json, NumbersThatAreNotFinite) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(R"([null,"Infinity","-Infinity",0.1])",
            dump_json(numbers_to_json(std::vector<double>{std::nan(""), inf, -inf, 0.1})));
  EXPECT_EQ("0.0", dump_json(number_to_json(-0.0)));
  const auto back = numbers_from_json(Json::parse(R"([null,"Infinity","-Infinity",0.1,3])"), "x");
  EXPECT_TRUE(std::isnan(back[0]));
  EXPECT_EQ(inf, back[1]);
  EXPECT_EQ(-inf, back[2]);
  EXPECT_EQ(0.1, back[3]);
  EXPECT_EQ(3.0, back[4]);
  EXPECT_EQ("x must be a number, null or an infinity, got \"big\"",
            spec_error([] { number_from_json("big", "x"); }));
}

TEST(Json, WholeNumbersBelowAnEnd) {
  EXPECT_EQ((std::vector<size_t>{0, 6}), indices_from_json(Json::parse("[0, 6]"), "columns", 7));
  EXPECT_EQ((std::vector<size_t>{3}), indices_from_json(Json(std::vector<int>{3}), "columns", 7));
  for (const char* bad : {"7", "-1", "2.5", "1e+300", "-1e+300", "null", "true", "\"1\""}) {
    EXPECT_EQ("columns must be a whole number below 7, got " + std::string(bad),
              spec_error([&] { index_from_json(parse_json(bad, "x"), "columns", 7); }));
  }
  EXPECT_EQ("columns must be a list of whole numbers, got 3",
            spec_error([] { indices_from_json(3, "columns", 7); }));
}

TEST(Json, ShortestNumbersReadBackTheSame) {
  for (const double x :
       {0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -2.5e-7, 1e22, 123456789012345680.0}) {
    EXPECT_EQ(x, parse_json(dump_json(Json(x)), "x").get<double>());
  }
}

TEST(Json, EqualValuesGiveEqualText) {
  EXPECT_EQ(dump_json(parse_json(R"({"b": 1, "a": [true, null]})", "x")),
            R"({"a":[true,null],"b":1})");
}

TEST(Json, StrictParsing) {
  EXPECT_NE("", parse_error(""));
  EXPECT_NE("", parse_error("{} {}"));
  EXPECT_NE("", parse_error("[1,]"));
  EXPECT_NE("", parse_error("[NaN]"));
  EXPECT_NE("", parse_error("[1e999]"));
  EXPECT_NE("", parse_error("/* c */ 1"));
  EXPECT_NE("", parse_error("\"\xFF\""));
  EXPECT_EQ("the spec has the key 'a' twice", parse_error(R"([{"a": 1, "b": {"a": 2}, "a": 3}])"));
  EXPECT_EQ("", parse_error(R"([{"a": 1}, {"a": {"a": 2}}])"));
  EXPECT_NE(std::string::npos,
            parse_error("[1, x]").find("the spec is not JSON: parse error at line 1, column 5"));
  EXPECT_THROW(parse_saved_json("[", "model"), StateError);
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ("", parse_error(nested(64)));
  EXPECT_EQ("the spec is nested more than 64 levels deep", parse_error(nested(65)));
  EXPECT_NE("", parse_error(std::string(1'000'000, '[')));
}

TEST(Json, FingerprintDependsOnNameAndSpec) {
  const Json spec = {{"a", 1}};
  EXPECT_EQ(spec_fingerprint("x", spec), spec_fingerprint("x", Json::parse(R"( {"a": 1} )")));
  EXPECT_NE(spec_fingerprint("x", spec), spec_fingerprint("y", spec));
  EXPECT_NE(spec_fingerprint("x", spec), spec_fingerprint("x", {{"a", 2}}));
}

TEST(SpecReader, ReadsKeyByKey) {
  const Json spec = Json::parse(
      R"({"name": "n", "on": true, "rows": 10.0, "columns": ["a", "b"], "how": "fast", "none": null})");
  SpecReader reader(spec, "toy spec");
  EXPECT_EQ("n", reader.text("name"));
  EXPECT_TRUE(reader.flag("on", false));
  EXPECT_TRUE(reader.flag("absent", true));
  EXPECT_EQ(10u, reader.count("rows", 0));
  EXPECT_EQ((std::vector<std::string>{"a", "b"}), reader.texts("columns"));
  EXPECT_EQ("fast", reader.one_of("how", {"slow", "fast"}, "slow"));
  EXPECT_EQ(std::nullopt, reader.text_or_none("none"));
  reader.finish();
}

TEST(SpecReader, ErrorsNameTheKey) {
  const Json spec = Json::parse(R"({"formula": 3, "colums": [], "rows": -1, "how": "quick"})");
  SpecReader reader(spec, "linear spec");
  EXPECT_EQ("'formula' of the linear spec must be a text, got 3",
            spec_error([&] { reader.text("formula"); }));
  EXPECT_EQ("the linear spec needs 'columns'", spec_error([&] { reader.texts("columns"); }));
  EXPECT_EQ("'rows' of the linear spec must be a whole number of at least 0, got -1",
            spec_error([&] { reader.count("rows", 0); }));
  EXPECT_EQ("'how' of the linear spec must be one of 'slow', 'fast', got \"quick\"",
            spec_error([&] { reader.one_of("how", {"slow", "fast"}, "slow"); }));
  EXPECT_EQ("the linear spec has an unknown key 'colums'; did you mean 'columns'?",
            spec_error([&] { reader.finish(); }));
  EXPECT_EQ("the tuple spec must be an object, got a list of 0",
            spec_error([] { SpecReader(Json::array(), "tuple spec"); }));
}

TEST(NearNames, OffersFewAndNearestFirst) {
  const std::vector<std::string> columns{"ArrDelay", "DepDelay", "Carrier", "arr_delay", "x"};
  EXPECT_EQ((std::vector<std::string>{"ArrDelay", "arr_delay"}), near_names("arrdelay", columns));
  EXPECT_EQ("; did you mean 'Carrier'?", did_you_mean("Carirer", columns));
  EXPECT_EQ("", did_you_mean("Origin", columns));
}

}  // namespace
}  // namespace insitu
