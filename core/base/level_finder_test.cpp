#include "level_finder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "errors.hpp"
#include "testing/tables.hpp"

namespace insitu {
namespace {

insitu_value text(std::string_view value) {
  return {0, INSITU_VALUE_TEXT, 0.0, value.data(), value.size()};
}
insitu_value number(double value) { return {0, INSITU_VALUE_NUMBER, value, nullptr, 0}; }
constexpr insitu_value kNull = {1, INSITU_VALUE_TEXT, 0.0, nullptr, 0};

const std::vector<std::string> kLabels = {"AA",  "",    "été, a label of more than sixteen bytes",
                                          "-3",  "0",   "07",
                                          "1e2", "0.1", "9007199254740993"};

TEST(LevelFinder, FindsLabelsAndNumbers) {
  const LevelFinder levels(kLabels);
  for (uint32_t code = 0; code < kLabels.size(); ++code)
    EXPECT_EQ(code, levels.find(text(kLabels[code]), "f")) << kLabels[code];
  EXPECT_EQ(kUnseenCode, levels.find(text("A"), "f"));
  EXPECT_EQ(kUnseenCode, levels.find(text("été, a label of more than sixteen bytez"), "f"));
  EXPECT_EQ(kMissingCode, levels.find(kNull, "f"));
  EXPECT_EQ(3u, levels.find(number(-3), "f"));
  EXPECT_EQ(4u, levels.find(number(-0.0), "f"));
  EXPECT_EQ(7u, levels.find(number(0.1), "f"));
  EXPECT_EQ(kUnseenCode, levels.find(number(7), "f"));
  EXPECT_EQ(kUnseenCode, levels.find(number(100), "f"));
  EXPECT_EQ(kUnseenCode, levels.find(number(9007199254740992.0), "f"));
  EXPECT_EQ(kMissingCode, levels.find(number(std::nan("")), "f"));
  EXPECT_THROW(levels.find(number(-std::numeric_limits<double>::infinity()), "f"), DataError);
}

// What LevelEncoder makes of the same values in a column.
TEST(LevelFinder, AgreesWithColumns) {
  LevelTable table(kLabels);
  const LevelFinder levels(kLabels);
  laws::Rng rng(5);
  std::vector<double> numbers = {-3, -0.0, 0.0, 7, 100, 0.1, 0.25, 9007199254740992.0, 1e300};
  std::vector<std::optional<std::string>> texts(kLabels.begin(), kLabels.end());
  texts.push_back(std::nullopt);
  while (numbers.size() < texts.size()) numbers.push_back(rng.normal());
  texts.resize(numbers.size(), "x");
  laws::Table rows(numbers.size());
  rows.doubles("x", numbers).text("f", texts);
  const Chunk chunk = rows.all();
  std::vector<uint32_t> codes(numbers.size());
  LevelEncoder(table, false).encode(chunk.column(0), 0, codes.size(), codes.data());
  for (size_t i = 0; i < codes.size(); ++i)
    EXPECT_EQ(codes[i], levels.find(number(numbers[i]), "x")) << numbers[i];
  LevelEncoder(table, false).encode(chunk.column(1), 0, codes.size(), codes.data());
  for (size_t i = 0; i < codes.size(); ++i)
    EXPECT_EQ(codes[i], levels.find(texts[i].has_value() ? text(*texts[i]) : kNull, "f")) << i;
}

TEST(LevelFinder, LabelsAreGivenOnce) {
  EXPECT_THROW(LevelFinder({"a", "a"}), SpecError);
  EXPECT_EQ(kUnseenCode, LevelFinder({}).find(text("a"), "f"));
}

}  // namespace
}  // namespace insitu
