#include "arrow_import.hpp"

#include <gtest/gtest.h>

#include "errors.hpp"
#include "testing/arrow_builder.hpp"

namespace insitu {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the builders

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "no error";
}

#define EXPECT_SAYS(E, expression, part)                                 \
  do {                                                                   \
    const std::string said = message_of<E>([&] { (void)(expression); }); \
    EXPECT_NE(said.find(part), std::string::npos) << said;               \
  } while (false)

BatchSchema schema_of(const ArrowTable& table) {
  UniqueSchema schema;
  table.export_to(schema.receive(), nullptr);
  return BatchSchema(*schema);
}

TEST(Unique, MovesAndReleasesOnce) {
  ArrowTable table;
  table.add("x", plain<double>({1.0}));
  UniqueArray first;
  table.export_to(nullptr, first.receive());
  UniqueArray second(std::move(first));
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): moved-from is released
  EXPECT_TRUE(second);
  ArrowArray raw{};
  second.move_to(&raw);
  EXPECT_FALSE(second);
  UniqueArray third(&raw);
  EXPECT_EQ(raw.release, nullptr);
  EXPECT_EQ(third->length, 1);
  third = UniqueArray();
  EXPECT_FALSE(third);
}

TEST(BatchSchema, KindsOfEveryType) {
  ArrowTable table;
  table.add("null", nulls(1)).add("bool", booleans({true}));
  table.add("i8", plain<int8_t>({1})).add("u64", plain<uint64_t>({1}));
  table.add("half", plain<uint16_t>({0}, "e")).add("day", plain<int32_t>({0}, "tdD"));
  table.add("date64", plain<int64_t>({0}, "tdm"));
  table.add("when", plain<int64_t>({0}, "tsu:Europe/Berlin"));
  table.add("money", decimals({1}, 10, 2)).add("u", text({"a"})).add("U", large_text({"a"}));
  table.add("vu", text_views({"a"}));
  table.add("texts", dictionary(plain<uint8_t>({0}), text({"a"})));
  table.add("numbers", dictionary(plain<int16_t>({0}), plain<double>({1.5})));
  const BatchSchema schema = schema_of(table);
  std::string kinds;
  for (const BatchColumn& column : schema.columns()) {
    EXPECT_EQ(column.refusal, "") << column.name;
    kinds += column.kind == ColumnKind::kFactor ? 'f' : 'n';
  }
  EXPECT_EQ(kinds, "nfnnnnnnnffffn");
  EXPECT_EQ(schema.columns()[7].units_per_second, 1000000);
  EXPECT_EQ(schema.columns()[8].decimal_scale, 2);
  EXPECT_EQ(schema.columns()[12].index_type, Physical::kUint8);
  EXPECT_EQ(schema.find("money"), 8);
  EXPECT_EQ(schema.find("nothing"), -1);
}

TEST(BatchSchema, UnsupportedTypesAreRefusedByNameWhenAskedFor) {
  for (const char* format :
       {"z",  "Z",       "vz", "w:16",       "tts",      "tDn", "tiM", "+l",  "+L", "+w:3",
        "+m", "+us:0,1", "+r", "d:40,2,256", "nonsense", "",    "d:",  "d:5", "ts", "tsx:"}) {
    ArrowTable table;
    table.add("good", plain<double>({1.0}));
    table.add("odd one", plain<double>({1.0}, format));
    const BatchSchema schema = schema_of(table);
    EXPECT_EQ(schema.select(std::vector<std::string>{"good"}), std::vector<size_t>{0});
    const auto ask = [&] { return schema.select(std::vector<std::string>{"odd one"}); };
    EXPECT_SAYS(DataError, ask(), "column \"odd one\" is of type ");
    EXPECT_SAYS(DataError, ask(), std::string("(Arrow format \"") + format + "\")");
    EXPECT_SAYS(DataError, table.chunk(), "not supported; ");
  }
}

TEST(BatchSchema, SaysWhichColumnsThereAre) {
  ArrowTable table;
  table.add("a", plain<double>({1.0})).add("b", plain<double>({1.0}));
  const BatchSchema schema = schema_of(table);
  EXPECT_SAYS(SpecError, schema.select(std::vector<std::string>{"c"}),
              "the data has no column \"c\"; it has 2: a, b");
}

TEST(BatchSchema, RefusesWhatIsNoTable) {
  UniqueSchema schema;
  export_schema(plain<double>({1.0}), "x", schema.receive());
  EXPECT_SAYS(DataError, BatchSchema(*schema), "format \"g\" instead of a struct");
  ArrowColumn bad = dictionary(plain<double>({1.0}), text({"a"}));
  ArrowTable table;
  table.add("x", bad);
  EXPECT_SAYS(DataError, schema_of(table), "indices must be integers");
  ArrowColumn twice = dictionary(plain<int8_t>({0}), dictionary(plain<int8_t>({0}), text({"a"})));
  ArrowTable nested;
  nested.add("x", twice);
  EXPECT_SAYS(DataError, nested.chunk(), "a dictionary of a dictionary");
}

TEST(ImportBatch, AddsOffsetsOfTheStructAndOfTheColumn) {
  ArrowTable table;
  table.add("x", sliced(plain<double>({0, 1, 2, 3, 4, 5, 6}), 1, 6));
  ArrowTable slice = table.sliced(2, 3);
  const Chunk& chunk = slice.chunk(17);
  EXPECT_EQ(chunk.rows(), 3u);
  EXPECT_EQ(chunk.first_row(), 17u);
  std::array<double, 3> out{};
  chunk.column(0).read_doubles(0, 3, out.data());
  EXPECT_EQ(out, (std::array<double, 3>{3, 4, 5}));
}

TEST(ImportBatch, AcceptsAnEmptyBatchWithoutBuffers) {
  ArrowTable table;
  ArrowColumn empty{"u", 0, 0, 0, {nullptr, nullptr, nullptr}, {}, {}};
  table.add("t", empty).add("x", ArrowColumn{"g", 0, 0, 0, {nullptr, nullptr}, {}, {}});
  EXPECT_EQ(table.chunk().rows(), 0u);
  EXPECT_EQ(table.chunk().column(0).rows(), 0u);
}

TEST(ImportBatch, ZeroNullCountDropsTheBitmap) {
  ArrowColumn column = numbers<double>({1.0, std::nullopt});
  column.null_count = 0;
  ArrowTable table;
  table.add("x", column);
  EXPECT_FALSE(table.chunk().column(0).any_null(0, 2));
}

TEST(ImportBatch, HiddenRowsAreRefused) {
  ArrowTable table;
  table.add("x", plain<double>({1, 2, 3}));
  table.batch().buffers[0] = bitmap_of({true, true, false});
  table.batch().null_count = -1;
  EXPECT_SAYS(DataError, table.chunk(), "marks whole rows as null");
  ArrowTable visible = table.sliced(0, 2);
  EXPECT_EQ(visible.chunk().rows(), 2u);
}

// One thing broken at a time.
TEST(ImportBatch, MalformedStructsAreDataErrors) {
  const auto says = [](auto&& spoil, const std::string& part) {
    ArrowTable table;
    table.add("x", plain<double>({1, 2, 3}));
    table.add("t", text({"a", "b", "c"}));
    table.add("d", dictionary(plain<int8_t>({0, 0, 0}), text({"a"})));
    table.add("v", text_views({"a", "b", "c"}));
    UniqueSchema schema;
    UniqueArray array;
    table.export_to(schema.receive(), array.receive());
    ArrowArray* columns[] = {array.get()->children[0], array.get()->children[1],
                             array.get()->children[2], array.get()->children[3]};
    const ArrowArray before = *array;
    ArrowArray kept[] = {*columns[0], *columns[1], *columns[2], *columns[3]};
    spoil(*array.get());
    const BatchSchema checked(*schema);
    const std::vector<size_t> all = {0, 1, 2, 3};
    EXPECT_SAYS(DataError, BatchChunk(checked, *array, all), part);
    *array.get() = before;
    for (size_t i = 0; i < 4; ++i) {
      before.children[i] = columns[i];
      *columns[i] = kept[i];
    }
  };
  says([](ArrowArray& a) { a.length = -1; }, "has length -1");
  says([](ArrowArray& a) { a.offset = INT64_MAX; }, "offset 9223372036854775807");
  says([](ArrowArray& a) { a.offset = 1; }, "has 3 rows where the batch has 4");
  says([](ArrowArray& a) { a.n_children = 3; }, "has 3 columns instead of 4");
  says([](ArrowArray& a) { a.children = nullptr; }, "has no columns");
  says([](ArrowArray& a) { a.children[0] = nullptr; }, "column \"x\" is missing");
  says([](ArrowArray& a) { a.children[0]->length = 2; }, "column \"x\" has 2 rows");
  says([](ArrowArray& a) { a.children[0]->offset = -8; }, "offset -8");
  says([](ArrowArray& a) { a.children[0]->n_buffers = 1; }, "has 1 buffers instead of 2");
  says([](ArrowArray& a) { a.children[0]->buffers = nullptr; }, "has no buffers");
  says([](ArrowArray& a) { a.children[0]->buffers[1] = nullptr; }, "no buffer of values");
  says([](ArrowArray& a) { a.children[0]->null_count = 2; }, "2 nulls but has no validity");
  says([](ArrowArray& a) { a.children[0]->null_count = 4; }, "4 nulls in 3 rows");
  says([](ArrowArray& a) { a.children[1]->n_buffers = 2; }, "has 2 buffers instead of 3");
  says([](ArrowArray& a) { a.children[1]->buffers[1] = nullptr; }, "no buffer of values");
  says([](ArrowArray& a) { a.children[2]->dictionary = nullptr; }, "no dictionary");
  says([](ArrowArray& a) { a.children[2]->dictionary->length = -5; }, "has length -5");
  says([](ArrowArray& a) { a.children[3]->n_buffers = 2; }, "has 2 buffers instead of 3 or more");
  says([](ArrowArray& a) { a.children[3]->buffers[4] = nullptr; }, "but not their sizes");
}

TEST(ImportBatch, EqualDictionariesShareAnId) {
  const ArrowColumn values = text({"a", "b"});
  ArrowTable table;
  table.add("d", dictionary(plain<int8_t>({0, 1}), values));
  table.add("e", dictionary(plain<int32_t>({1, 0}), values));
  table.add("f", dictionary(plain<int8_t>({0, 1}), text({"a", "b"})));
  const Chunk& chunk = table.chunk();
  const auto id = [&](size_t i) { return chunk.column(i).segments()[0].dictionary_id; };
  EXPECT_NE(id(0), 0u);
  EXPECT_EQ(id(0), id(1));
  EXPECT_NE(id(0), id(2));
}

TEST(ImportBatch, StreamsOfTheBuilderEndOrFail) {
  std::vector<ArrowTable> tables(2);
  for (ArrowTable& table : tables) table.add("x", plain<double>({1.0}));
  UniqueStream stream;
  make_stream(std::move(tables), stream.receive(), "disk gone");
  int batches = 0;
  for (;; ++batches) {
    UniqueArray array;
    if (stream->get_next(stream.get(), array.receive()) != 0) break;
    ASSERT_TRUE(array);
  }
  EXPECT_EQ(batches, 2);
  EXPECT_STREQ(stream->get_last_error(stream.get()), "disk gone");
}

}  // namespace
}  // namespace insitu
