#include "engine/map.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>

#include "base/arrow_import.hpp"
#include "engine/engine_testing.hpp"

namespace insitu {
namespace {

using namespace testing;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Outputs x + 1 and the row's ordinal; NaN where x is negative.
class AddOne : public RowFunction {
 public:
  std::string_view name() const override { return "add_one"; }
  Json spec() const override { return Json::object(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  const std::vector<std::string>& outputs() const override { return outputs_; }
  void apply(const Chunk& chunk, std::span<double* const> out, Json& notes) const override {
    const size_t rows = chunk.rows();
    if (before) before(*chunk.first_row());
    chunk.column(0).read_doubles(0, rows, out[0]);
    uint64_t negative = 0;
    for (size_t i = 0; i < rows; ++i) {
      const double x = out[0][i];
      if (x == -999) throw DataError("row " + std::to_string(*chunk.first_row() + i) + " is -999");
      negative += x < 0 ? 1 : 0;
      out[0][i] = x < 0 ? kNaN : x + 1;
      out[1][i] = static_cast<double>(*chunk.first_row() + i);
    }
    notes = {{"negative", {{"x", negative}}}, {"pieces", 1}};
  }
  std::function<void(uint64_t)> before;

 private:
  std::vector<std::string> columns_ = {"x"};
  std::vector<std::string> outputs_ = {"y", "row"};
};

// Reads a stream like any consumer.
struct Reader {
  explicit Reader(ArrowArrayStream* from) : stream(from) {
    EXPECT_EQ(stream->get_schema(stream.get(), schema.receive()), 0);
  }
  UniqueArray next() {
    UniqueArray batch;
    code = stream->get_next(stream.get(), batch.receive());
    return batch;
  }
  std::string error() {
    const char* words = stream->get_last_error(stream.get());
    return words == nullptr ? "" : words;
  }
  UniqueStream stream;
  UniqueSchema schema;
  int code = 0;
};

Reader map(Script script, const MapOptions& options = {}, AddOne function = {}) {
  ArrowArrayStream in = scripted(std::move(script));
  ArrowArrayStream out{};
  start_map(std::make_shared<AddOne>(std::move(function)), &in, options, &out);
  EXPECT_EQ(in.release, nullptr);
  return Reader(&out);
}

std::vector<double> doubles(const Chunk& chunk, size_t column) {
  std::vector<double> values(chunk.rows());
  chunk.column(column).read_doubles(0, values.size(), values.data());
  return values;
}

TEST(Map, KeepsOrderAndCount) {
  const std::vector<double> values = wild_numbers(300000);
  for (const unsigned threads : {1U, 2U, 5U}) {
    MapOptions options;
    options.threads = threads;
    AddOne function;
    // Earlier pieces take longer, so that later ones are ready first.
    function.before = [](uint64_t row) { std::this_thread::sleep_for(row < 140000 ? 20ms : 0ms); };
    Reader out = map(script_of(table_of(values), {140000, 0, 1, 20000}), options, function);
    const BatchSchema schema(*out.schema);
    const std::vector<size_t> all = {0, 1};
    size_t at = 0;
    while (const UniqueArray batch = out.next()) {
      EXPECT_LE(batch->length, 131072);
      const BatchChunk rows(schema, *batch, all);
      const std::vector<double> y = doubles(rows.chunk(), 0);
      const std::vector<double> ordinal = doubles(rows.chunk(), 1);
      for (size_t i = 0; i < y.size(); ++i, ++at) {
        const double expected = values[at] < 0 ? kNaN : values[at] + 1;
        ASSERT_TRUE(y[i] == expected || (std::isnan(y[i]) && std::isnan(expected))) << at;
        ASSERT_EQ(ordinal[i], static_cast<double>(at));
      }
    }
    EXPECT_EQ(out.code, 0);
    EXPECT_EQ(at, values.size());
    EXPECT_FALSE(out.next());  // the end stays the end
  }
}

TEST(Map, MissingIsNull) {
  Reader out = map(script_of(table_of({1, -1, 2})));
  const UniqueArray batch = out.next();
  const ArrowArray& y = *batch->children[0];
  EXPECT_EQ(y.null_count, 1);
  EXPECT_EQ(static_cast<const uint8_t*>(y.buffers[0])[0], 0b101);
  EXPECT_EQ(batch->children[1]->null_count, 0);
  EXPECT_EQ(batch->children[1]->buffers[0], nullptr);
}

TEST(Map, KeptColumnsShareTheirMemory) {
  const Texts names = {"a", "b", std::nullopt, "d"};
  ArrowTable table;
  table.add("x", plain<double>({1, 2, 3, 4}))
      .add("name", text(names))
      .add("f", dictionary(plain<int8_t>({0, 1, 0, 1}), text({"u", "v"})));
  Script script;
  script.schema = rows_of(table, 0, 0);
  script.batches = {rows_of(table, 1, 3)};
  const void* bytes = table.batch().children[1].second.buffers[2]->data();
  MapOptions options;
  options.keep = {"f", "name"};
  options.output_names = {"pred", "at"};
  UniqueArray batch;
  UniqueSchema schema;
  {
    Reader out = map(std::move(script), options);
    batch = out.next();
    schema = std::move(out.schema);
  }  // the batch outlives its stream
  ASSERT_EQ(batch->n_children, 4);
  EXPECT_STREQ(schema->children[0]->name, "f");
  EXPECT_STREQ(schema->children[2]->name, "pred");
  EXPECT_STREQ(schema->children[3]->name, "at");
  EXPECT_EQ(batch->children[1]->buffers[2], bytes);
  EXPECT_NE(schema->children[0]->dictionary, nullptr);
  const BatchSchema columns(*schema);
  const std::vector<size_t> all = {0, 1, 2, 3};
  const BatchChunk rows(columns, *batch, all);
  EXPECT_EQ(doubles(rows.chunk(), 2), (std::vector<double>{3, 4, 5}));
  const Segment& name = rows.chunk().column(1).segments()[0];
  EXPECT_EQ(name.offset, 1);
  EXPECT_EQ(rows.chunk().column(1).any_null(0, 1), false);
  EXPECT_EQ(rows.chunk().column(1).any_null(1, 1), true);
}

TEST(Map, NestedColumnsPassThrough) {
  ArrowColumn list{"+s", 3, 0, 0, {nullptr}, nullptr, {{"inner", plain<double>({5, 6, 7})}}};
  ArrowTable table = table_of({1, 2, 3});
  table.add("s", list);
  Script script;
  script.schema = rows_of(table, 0, 0);
  script.batches = {rows_of(table, 1, 2)};
  MapOptions options;
  options.keep = {"s"};
  Reader out = map(std::move(script), options);
  const UniqueArray batch = out.next();
  const ArrowArray& s = *batch->children[0];
  EXPECT_EQ(s.offset, 1);
  EXPECT_EQ(s.length, 2);
  EXPECT_EQ(static_cast<const double*>(s.children[0]->buffers[1])[s.offset], 6.0);
  EXPECT_STREQ(out.schema->children[0]->children[0]->name, "inner");
}

TEST(Map, NotesAddUp) {
  std::vector<double> values(200000, 1.0);
  values[3] = values[150000] = values[150001] = -1;
  ArrowArrayStream in = scripted(script_of(table_of(values)));
  ArrowArrayStream out{};
  start_map(std::make_shared<AddOne>(), &in, {}, &out);
  EXPECT_THROW(map_notes(out), SpecError);  // not read to the end
  ArrowArray batch{};
  do {
    ASSERT_EQ(out.get_next(&out, &batch), 0);
    if (batch.release != nullptr) batch.release(&batch);
  } while (batch.length > 0);
  EXPECT_EQ(map_notes(out), (Json{{"negative", {{"x", 3}}}, {"pieces", 2}}));
  out.release(&out);
  EXPECT_THROW(map_notes(out), SpecError);
}

TEST(Map, TheEarliestErrorComesAfterTheRowsBeforeIt) {
  std::vector<double> values(500000, 1.0);
  values[131072] = values[400000] = -999;
  AddOne function;
  function.before = [](uint64_t row) { std::this_thread::sleep_for(row == 131072 ? 30ms : 0ms); };
  Reader out = map(script_of(table_of(values)), {.threads = 4}, function);
  EXPECT_EQ(out.next()->length, 131072);
  for (int i = 0; i < 2; ++i) {  // the error stays
    EXPECT_FALSE(out.next());
    EXPECT_EQ(out.code, EINVAL);
    EXPECT_EQ(out.error(), "row 131072 is -999");
  }
  EXPECT_THROW(map_notes(*out.stream), DataError);
}

TEST(Map, AStreamErrorComesAfterTheRowsBeforeIt) {
  Script script = script_of(table_of({1, 2, 3}));
  script.error = "the cable was cut";
  Reader out = map(std::move(script));
  EXPECT_EQ(out.next()->length, 3);
  EXPECT_FALSE(out.next());
  EXPECT_EQ(out.code, EIO);
  EXPECT_EQ(out.error(), "the rows of the source could not be read further: the cable was cut");
  EXPECT_THROW(map_notes(*out.stream), SourceError);
}

TEST(Map, EarlyReleaseStopsEverything) {
  std::atomic<uint64_t> last{0};
  AddOne function;
  function.before = [&](uint64_t row) { last = std::max<uint64_t>(last, row); };
  Script script = script_of(table_of(std::vector<double>(5'000'000)));
  const auto released = script.released;
  {
    Reader out = map(std::move(script), {.threads = 2, .queue = 3}, function);
    EXPECT_TRUE(out.next());
    std::this_thread::sleep_for(50ms);  // it could run ahead, but for the queue
  }
  EXPECT_TRUE(released->wait(0ms));
  EXPECT_LE(last, 131072U * 4);
}

TEST(Map, EarlyReleaseReturnsWhileTheStreamBlocks) {
  auto gate = std::make_shared<Gate>();
  Script script = script_of(table_of({1}));
  script.before = [gate](size_t batch) {
    if (batch == 1) gate->wait();
  };
  const auto released = script.released;
  const auto start = std::chrono::steady_clock::now();
  {
    Reader out = map(std::move(script));
    EXPECT_TRUE(out.next());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
  EXPECT_FALSE(released->wait(0ms));
  gate->open();
  EXPECT_TRUE(released->wait());
}

TEST(Map, RefusesWhatCannotBe) {
  const Script script = script_of(table_of({1}));
  const auto refused = [&](const MapOptions& options) {
    ArrowArrayStream in = scripted(script);
    ArrowArrayStream out{};
    EXPECT_THROW(start_map(std::make_shared<AddOne>(), &in, options, &out), SpecError);
    EXPECT_EQ(in.release, nullptr);
    EXPECT_EQ(out.release, nullptr);
  };
  refused({.keep = {"nowhere"}});
  refused({.keep = {"x", "x"}});
  refused({.keep = {"x"}, .output_names = {"x", "row"}});
  refused({.output_names = {"one"}});
  ArrowArrayStream in{};
  ArrowArrayStream out{};
  EXPECT_THROW(start_map(std::make_shared<AddOne>(), &in, {}, &out), SpecError);
}

}  // namespace
}  // namespace insitu
