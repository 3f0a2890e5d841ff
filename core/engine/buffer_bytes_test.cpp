#include "engine/buffer_bytes.hpp"

#include <gtest/gtest.h>

#include "engine/engine_testing.hpp"

namespace insitu {
namespace {

using namespace testing;

uint64_t bytes_of(const ArrowColumn& column, SeenBuffers& seen) {
  UniqueSchema schema;
  UniqueArray array;
  export_schema(column, "c", schema.receive());
  export_array(column, array.receive());
  return buffer_bytes(*schema, *array, seen);
}

uint64_t bytes_of(const ArrowColumn& column) {
  SeenBuffers seen;
  return bytes_of(column, seen);
}

ArrowColumn with_format(const char* format) { return plain<int64_t>({1, 2, 3, 4}, format); }

TEST(BufferBytes, FixedWidths) {
  EXPECT_EQ(bytes_of(plain<int8_t>({1, 2, 3})), 3U);
  EXPECT_EQ(bytes_of(plain<int16_t>({1, 2, 3})), 6U);
  EXPECT_EQ(bytes_of(plain<float>({1, 2, 3})), 12U);
  EXPECT_EQ(bytes_of(plain<double>({1, 2, 3})), 24U);
  EXPECT_EQ(bytes_of(booleans({true, false, true})), 1U);
  EXPECT_EQ(bytes_of(with_format("tdD")), 16U);
  EXPECT_EQ(bytes_of(with_format("tsu:UTC")), 32U);
  EXPECT_EQ(bytes_of(with_format("ttm")), 16U);
  EXPECT_EQ(bytes_of(with_format("d:10,2")), 64U);
  EXPECT_EQ(bytes_of(with_format("d:10,2,64")), 32U);
  EXPECT_EQ(bytes_of(with_format("w:3")), 12U);
  EXPECT_EQ(bytes_of(nulls(5)), 0U);
}

TEST(BufferBytes, BitmapsAndText) {
  EXPECT_EQ(bytes_of(numbers<double>({1, std::nullopt, 3})), 24U + 1U);
  EXPECT_EQ(bytes_of(text({"ab", "cde"})), 2U * 4U + 5U);
  EXPECT_EQ(bytes_of(large_text({"ab", "cde"})), 2U * 8U + 5U);
  EXPECT_EQ(bytes_of(sliced(text({"ab", "cde"}), 1, 1)), 4U + 3U);
}

TEST(BufferBytes, StructsCutTheirChildren) {
  ArrowTable table = table_of({1, 2, 3, 4});
  table.add("s", text({"a", "bb", "ccc", "dddd"}));
  EXPECT_EQ(bytes_of(rows_of(table, 1, 2)), 2U * 8U + 2U * 4U + 5U);
  EXPECT_EQ(bytes_of(rows_of(table, 1, 0)), 0U);
}

TEST(BufferBytes, SharedBuffersCountOnce) {
  SeenBuffers seen;
  const ArrowColumn views = text_views({"a text of more than twelve", "b"});
  const uint64_t data = std::string("a text of more than twelve").size();
  EXPECT_EQ(bytes_of(views, seen), 2U * 16U + data);
  EXPECT_EQ(bytes_of(views, seen), 2U * 16U);
  const ArrowColumn factor = dictionary(plain<int16_t>({0, 1}), text({"u", "v"}));
  EXPECT_EQ(bytes_of(factor, seen), 2U * 2U + 2U * 4U + 2U);
  EXPECT_EQ(bytes_of(factor, seen), 2U * 2U);
}

}  // namespace
}  // namespace insitu
