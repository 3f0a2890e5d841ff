#include "engine/arrow_export.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "engine/engine_testing.hpp"

namespace insitu {
namespace {

using namespace testing;

TEST(ArrowExport, ASchemaCopyIsDeep) {
  // Two pairs of metadata: ("k", "value"), ("", "x").
  const int32_t lengths[] = {2, 1, 5, 0, 1};
  std::string metadata;
  const auto add = [&](int32_t n, const char* text) {
    metadata.append(reinterpret_cast<const char*>(&n), sizeof n) += text;
  };
  add(lengths[0], "");
  add(lengths[1], "k");
  add(lengths[2], "value");
  add(lengths[3], "");
  add(lengths[4], "x");
  UniqueSchema copy;
  {
    UniqueSchema from;
    ArrowTable table = table_of({1});
    table.add("f", dictionary(plain<int8_t>({0}), text({"a"})));
    table.export_to(from.receive(), nullptr);
    from.get()->children[0]->metadata = metadata.data();
    from.get()->children[1]->flags = ARROW_FLAG_DICTIONARY_ORDERED;
    export_schema_copy(*from, copy.receive());
  }
  EXPECT_STREQ(copy->format, "+s");
  ASSERT_EQ(copy->n_children, 2);
  EXPECT_STREQ(copy->children[0]->name, "x");
  EXPECT_EQ(std::memcmp(copy->children[0]->metadata, metadata.data(), metadata.size()), 0);
  EXPECT_EQ(copy->children[1]->metadata, nullptr);
  EXPECT_EQ(copy->children[1]->flags, ARROW_FLAG_DICTIONARY_ORDERED);
  EXPECT_STREQ(copy->children[1]->format, "c");
  EXPECT_STREQ(copy->children[1]->dictionary->format, "u");
}

TEST(ArrowExport, AChildMayBeMovedOutOfItsParent) {
  std::vector<UniqueArray> columns(2);
  for (UniqueArray& column : columns) {
    DoubleBuffer buffer(3);
    for (int i = 0; i < 3; ++i) buffer.data()[i] = i + 0.5;
    export_doubles(std::move(buffer), column.receive());
  }
  UniqueArray moved;
  {
    UniqueArray batch;
    export_struct(columns, 3, batch.receive());
    EXPECT_FALSE(columns[0]);
    moved = UniqueArray(batch.get()->children[1]);
  }
  EXPECT_EQ(static_cast<const double*>(moved->buffers[1])[2], 2.5);
}

TEST(ArrowExport, NoRows) {
  UniqueArray array;
  export_doubles(DoubleBuffer(0), array.receive());
  EXPECT_EQ(array->length, 0);
  EXPECT_EQ(array->null_count, 0);
  EXPECT_EQ(array->n_buffers, 2);
}

TEST(ArrowExport, NaNIsNullBeyondTheFirstByteOfTheBitmap) {
  DoubleBuffer buffer(10);
  for (int i = 0; i < 10; ++i) buffer.data()[i] = i;
  buffer.data()[9] = std::numeric_limits<double>::quiet_NaN();
  UniqueArray array;
  export_doubles(std::move(buffer), array.receive());
  EXPECT_EQ(array->null_count, 1);
  const auto* bits = static_cast<const uint8_t*>(array->buffers[0]);
  EXPECT_EQ(bits[0], 0xff);
  EXPECT_EQ(bits[1], 0b01);
}

TEST(ArrowExport, SharedRowsKeepTheirOwner) {
  auto owner = std::make_shared<const int>(1);
  UniqueArray from;
  export_array(numbers<double>({1, std::nullopt, 3, 4}), from.receive());
  UniqueArray part;
  UniqueArray whole;
  export_shared(*from, 1, 2, owner, part.receive());
  export_shared(*from, 0, 4, owner, whole.receive());
  EXPECT_EQ(part->offset, 1);
  EXPECT_EQ(part->length, 2);
  EXPECT_EQ(part->null_count, -1);  // unknown
  EXPECT_EQ(whole->null_count, 1);
  EXPECT_EQ(part->buffers[1], from->buffers[1]);
  EXPECT_EQ(owner.use_count(), 3);
  UniqueArray part_of_part;
  export_shared(*part, 1, 1, nullptr, part_of_part.receive());
  EXPECT_EQ(part_of_part->offset, 2);
  part.reset();
  whole.reset();
  EXPECT_EQ(owner.use_count(), 1);
}

}  // namespace
}  // namespace insitu
