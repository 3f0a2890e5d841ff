#include "design/dictionary_codes.hpp"

#include <gtest/gtest.h>

#include <span>

#include "base/errors.hpp"
#include "testing/arrow_builder.hpp"

namespace insitu::testing {
namespace {

struct Adopted {
  bool adopted = false;
  bool complete = true;
  std::vector<uint32_t> codes;
  std::vector<std::string> labels;
};

Adopted adopt(ArrowTable& table, const std::vector<std::string>& levels = {}) {
  const Chunk chunk = table.chunk();
  const Column& column = chunk.column(0);
  LevelTable known = levels.empty() ? LevelTable() : LevelTable(levels);
  DictionaryCodes codes;
  Adopted result;
  result.adopted = codes.adopt(column, known, levels.empty());
  result.labels = known.labels();
  if (!result.adopted) return result;
  std::vector<uint32_t> buffer(column.rows());
  const uint32_t* read = codes.read(0, column.rows(), buffer.data(), result.complete);
  result.codes.assign(read, read + column.rows());
  return result;
}

template <class T>
void expect_codes_of_type() {
  ArrowTable table;
  table.add("f", dictionary(numbers<T>({T{1}, T{0}, T{1}, T{2}}), text({"b", "a", "c"})));
  const Adopted found = adopt(table);
  ASSERT_TRUE(found.adopted);
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(found.codes, (std::vector<uint32_t>{1, 0, 1, 2}));
  EXPECT_EQ(found.labels, (std::vector<std::string>{"b", "a", "c"}));
}

TEST(DictionaryCodes, AreTheIndicesWhateverTheirType) {
  expect_codes_of_type<int8_t>();
  expect_codes_of_type<uint8_t>();
  expect_codes_of_type<int16_t>();
  expect_codes_of_type<uint16_t>();
  expect_codes_of_type<int32_t>();
  expect_codes_of_type<uint32_t>();
  expect_codes_of_type<int64_t>();
  expect_codes_of_type<uint64_t>();
}

TEST(DictionaryCodes, NullRowsAreMissingWhateverTheirIndex) {
  ArrowTable table;
  table.add("f", dictionary(numbers<int32_t>({1, std::nullopt, 0}), text({"b", "a"})));
  const Adopted found = adopt(table);
  ASSERT_TRUE(found.adopted);
  EXPECT_FALSE(found.complete);
  EXPECT_EQ(found.codes, (std::vector<uint32_t>{1, kMissingCode, 0}));
}

TEST(DictionaryCodes, TakeGivenLevelsOnlyInTheirOrder) {
  ArrowTable table;
  table.add("f", dictionary(numbers<int32_t>({1, 0}), text({"b", "a"})));
  EXPECT_TRUE(adopt(table, {"b", "a"}).adopted);
  EXPECT_TRUE(adopt(table, {"b", "a", "c"}).adopted);
  EXPECT_FALSE(adopt(table, {"a", "b"}).adopted);
  EXPECT_FALSE(adopt(table, {"b"}).adopted);
}

TEST(DictionaryCodes, AreNotThoseOfADictionaryWithNullsOrRepeats) {
  ArrowTable with_null;
  with_null.add("f", dictionary(numbers<int32_t>({0, 1}), text({"a", std::nullopt})));
  EXPECT_FALSE(adopt(with_null).adopted);
  EXPECT_TRUE(adopt(with_null).labels.empty());
  ArrowTable repeated;
  repeated.add("f", dictionary(numbers<int32_t>({0, 1}), text({"a", "a"})));
  EXPECT_FALSE(adopt(repeated).adopted);
  ArrowTable broken;  // no text, but no row has it
  broken.add("f", dictionary(numbers<int32_t>({0, 0}), text({"a", "\xFF"})));
  EXPECT_FALSE(adopt(broken).adopted);
  ArrowTable plain;
  plain.add("f", text({"a", "b"}));
  EXPECT_FALSE(adopt(plain).adopted);
}

TEST(DictionaryCodes, AnIndexOutsideIsAnError) {
  for (const int32_t index : {2, -1}) {
    ArrowTable table;
    table.add("f", dictionary(numbers<int32_t>({0, index}), text({"a", "b"})));
    EXPECT_THROW(adopt(table), DataError);
  }
}

}  // namespace
}  // namespace insitu::testing
