#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "engine/engine.hpp"
#include "engine/engine_testing.hpp"
#include "engine/grid.hpp"

namespace insitu {
namespace {

using namespace testing;

using LocalRun = ::insitu::Run;  // gtest has a Run of its own

constexpr size_t kBlock = 8192;  // of OrderedSum's 130 columns

AnalysisPtr ordered_sum(uint64_t state_bytes = 64,
                        std::function<void(double, uint64_t)> look = nullptr) {
  OrderedSum analysis;
  analysis.bytes = state_bytes;
  analysis.look = std::move(look);
  return erase(analysis);
}

std::unique_ptr<AnyState> run(const AnalysisPtr& analysis, Script script, unsigned threads,
                              Cache* cache = nullptr) {
  ArrowArrayStream stream = scripted(std::move(script));
  RunOptions options;
  options.threads = threads;
  LocalRun run(analysis, &stream, cache, options);
  EXPECT_EQ(stream.release, nullptr);  // taken
  return run.finish();
}

// What the grid promises, by plain loops: each partial on its own, merged in order.
std::string by_the_book(const AnalysisPtr& analysis, const std::vector<double>& values) {
  const Grid grid = make_grid(analysis->columns().size(), analysis->state_bytes());
  std::map<uint64_t, std::unique_ptr<AnyState>> partials;
  for (uint64_t block = 0; block * kBlock < values.size(); ++block) {
    const auto first = values.begin() + static_cast<int64_t>(block * kBlock);
    const size_t rows = std::min(kBlock, values.size() - block * kBlock);
    ArrowTable table = table_of({first, first + static_cast<int64_t>(rows)});
    const Chunk& x = table.chunk();
    std::vector<Column> columns(analysis->columns().size(), x.column(0));
    auto& state = partials[grid.partial_of(block)];
    if (!state) state = analysis->empty();
    analysis->update(*state, Chunk(columns, rows, block * kBlock));
  }
  auto total = analysis->empty();
  for (const auto& [index, state] : partials) analysis->merge(*total, *state);
  return analysis->save(*total);
}

class SameBits : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SameBits, ForAnyThreadsAndBatches) {
  const AnalysisPtr analysis = ordered_sum(GetParam());
  const std::vector<double> values = wild_numbers(40 * kBlock + 77);
  const ArrowTable table = table_of(values);
  const auto rows = static_cast<int64_t>(values.size());
  const std::string expected = by_the_book(analysis, values);
  for (const unsigned threads : {1U, 2U, 3U, 5U}) {
    EXPECT_EQ(analysis->save(*run(analysis, script_of(table), threads)), expected);
    for (const unsigned seed : {1U, 2U}) {
      const Script script = script_of(table, random_sizes(rows, seed + threads));
      EXPECT_EQ(analysis->save(*run(analysis, script, threads)), expected) << threads;
    }
  }
}

// One block a partial; two (so two groups of 16 lanes); 40 in two lanes; one state for all.
INSTANTIATE_TEST_SUITE_P(States, SameBits, ::testing::Values(64, 8192, 40U << 20, 200U << 20));

TEST(Run, OneRowBatches) {
  const AnalysisPtr analysis = ordered_sum();
  const std::vector<double> values = wild_numbers(kBlock + 500);
  const std::vector<int64_t> ones(values.size(), 1);
  EXPECT_EQ(analysis->save(*run(analysis, script_of(table_of(values), ones), 2)),
            by_the_book(analysis, values));
}

TEST(Run, NoRowsGiveTheEmptyState) {
  const AnalysisPtr analysis = ordered_sum();
  const std::string empty = analysis->save(*analysis->empty());
  Script no_batches;
  no_batches.schema = table_of({1}).batch();
  EXPECT_EQ(analysis->save(*run(analysis, no_batches, 3)), empty);
  EXPECT_EQ(analysis->save(*run(analysis, script_of(table_of({}), {0, 0}), 3)), empty);
}

TEST(Run, ChunksCarryOrdinalsOnlyWhereRowsHaveOrder) {
  const AnalysisPtr analysis = ordered_sum();
  const Script script = script_of(table_of(wild_numbers(2 * kBlock + 1)));
  using State = HeldState<OrderedSum::State>;
  const auto first_rows = [&](bool ordered) {
    ArrowArrayStream stream = scripted(script);
    RunOptions options;
    options.ordered = ordered;
    const auto state = LocalRun(analysis, &stream, nullptr, options).finish();
    return dynamic_cast<const State&>(*state).value.updates;
  };
  EXPECT_EQ(first_rows(true), (std::vector<uint64_t>{0, kBlock, 2 * kBlock}));
  EXPECT_EQ(first_rows(false), std::vector<uint64_t>(3, UINT64_MAX));
}

TEST(Run, CountsRowsAndBytes) {
  ArrowArrayStream stream = scripted(script_of(table_of(wild_numbers(1000)), {300, 0}));
  LocalRun run(ordered_sum(), &stream);
  Progress progress;
  while (!progress.finished) progress = run.poll(10s);
  EXPECT_EQ(progress.rows, 1000U);
  EXPECT_EQ(progress.bytes, 8000U);
  EXPECT_TRUE(run.finish());
  EXPECT_THROW(run.finish(), SpecError);
}

TEST(Run, TheStreamIsReleasedAtTheEndNotWithTheRun) {
  Script script = script_of(table_of(wild_numbers(100)));
  const auto released = script.released;
  ArrowArrayStream stream = scripted(std::move(script));
  LocalRun run(ordered_sum(), &stream);
  EXPECT_TRUE(run.finish());
  EXPECT_TRUE(released->wait());
}

template <class E>
std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

TEST(Run, TheEarliestErrorWins) {
  std::vector<double> values(30 * kBlock, 1.0);
  values[3 * kBlock + 5] = -1;
  values[4 * kBlock + 6] = -1;
  values[9 * kBlock] = -1;
  for (const uint64_t state_bytes : {64U, 8192U, 200U << 20}) {
    // The first of them is the last to be noticed.
    const auto look = [](double value, uint64_t row) {
      if (row == 3 * kBlock) std::this_thread::sleep_for(50ms);
      if (value < 0) throw DataError("row " + std::to_string(row) + " is negative");
    };
    const AnalysisPtr analysis = ordered_sum(state_bytes, look);
    const Script script = script_of(table_of(values), {3 * kBlock, 500, 9 * kBlock});
    for (const unsigned threads : {1U, 2U, 5U}) {
      EXPECT_EQ(message_of<DataError>([&] { run(analysis, script, threads); }),
                "row 24581 is negative");
    }
  }
}

TEST(Run, AStreamErrorKeepsItsWordsAndItsPlace) {
  std::vector<double> values(2 * kBlock + 10, 1.0);
  Script script = script_of(table_of(values));
  script.error = "the cable was cut";
  EXPECT_EQ(message_of<SourceError>([&] { run(ordered_sum(), script, 2); }),
            "the rows of the source could not be read further: the cable was cut");
  // A bad row before that place is the first error, also in the block that was not full.
  values.back() = -1;
  script.batches = script_of(table_of(values)).batches;
  const AnalysisPtr strict = ordered_sum(64, [](double value, uint64_t row) {
    if (value < 0) throw DataError("row " + std::to_string(row));
  });
  EXPECT_EQ(message_of<DataError>([&] { run(strict, script, 2); }), "row 16393");
}

TEST(Run, ErrorsOfMergeAndForeignErrorsArrive) {
  const auto look = [](double, uint64_t) { throw std::runtime_error("not ours"); };
  EXPECT_EQ(
      message_of<InternalError>([&] { run(ordered_sum(64, look), script_of(table_of({1})), 2); }),
      "not ours");
}

TEST(Run, AnErrorDoesNotWaitForABlockedStream) {
  auto gate = std::make_shared<Gate>();
  Script script = script_of(table_of(std::vector<double>(kBlock, -1.0)));
  script.before = [gate](size_t batch) {
    if (batch == 1) gate->wait();
  };
  const auto released = script.released;
  const auto start = std::chrono::steady_clock::now();
  const AnalysisPtr strict = ordered_sum(64, [](double, uint64_t) { throw DataError("bad"); });
  EXPECT_EQ(message_of<DataError>([&] { run(strict, script, 2); }), "bad");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
  gate->open();
  EXPECT_TRUE(released->wait());  // the reader left behind cleans up
}

TEST(Run, CancelReturnsWhileTheStreamBlocks) {
  auto gate = std::make_shared<Gate>();
  auto reached = std::make_shared<Gate>();
  Script script = script_of(table_of(wild_numbers(5 * kBlock)));
  script.before = [=](size_t batch) {
    if (batch == 0) return;
    reached->open();
    gate->wait();
  };
  const auto released = script.released;
  ArrowArrayStream stream = scripted(std::move(script));
  {
    LocalRun run(ordered_sum(), &stream);
    ASSERT_TRUE(reached->wait());
    EXPECT_FALSE(run.poll(1ms).finished);
    const auto start = std::chrono::steady_clock::now();
    run.cancel();
    EXPECT_TRUE(run.poll(1s).finished);
    EXPECT_THROW(run.finish(), CancelledError);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
  }
  EXPECT_FALSE(released->wait(0ms));
  gate->open();
  EXPECT_TRUE(released->wait());
}

TEST(Run, CancelReturnsWhileWorkersAreBusy) {
  Script script = script_of(table_of(std::vector<double>(100 * kBlock)));
  std::atomic<int> blocks{0};
  const auto look = [&](double, uint64_t row) {
    if (row % kBlock != 0) return;
    ++blocks;
    std::this_thread::sleep_for(20ms);
  };
  ArrowArrayStream stream = scripted(std::move(script));
  LocalRun run(ordered_sum(64, look), &stream, nullptr, {.threads = 2});
  std::this_thread::sleep_for(50ms);
  const auto start = std::chrono::steady_clock::now();
  run.cancel();
  EXPECT_THROW(run.finish(), CancelledError);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 500ms);
  EXPECT_LT(blocks, 100);
}

TEST(Run, CancelAfterTheEndChangesNothing) {
  ArrowArrayStream stream = scripted(script_of(table_of({1, 2})));
  LocalRun run(ordered_sum(), &stream);
  while (!run.poll(10s).finished) {
  }
  run.cancel();
  EXPECT_TRUE(run.finish());
}

TEST(Run, MemoryDoesNotGrowWithRows) {
  // A slow worker: the reader must not run ahead by more than the queue.
  std::atomic<uint64_t> done{0};
  std::atomic<uint64_t> ahead{0};
  Script script = script_of(table_of(std::vector<double>(60 * kBlock)),
                            std::vector<int64_t>(60, int64_t{kBlock}));
  script.before = [&](size_t batch) { ahead = std::max<uint64_t>(ahead, batch - done); };
  const auto look = [&](double, uint64_t row) {
    if (row % kBlock == kBlock - 1) std::this_thread::sleep_for(1ms), ++done;
  };
  ArrowArrayStream stream = scripted(std::move(script));
  LocalRun(ordered_sum(64, look), &stream, nullptr, {.threads = 2, .queue = 3}).finish();
  EXPECT_EQ(done, 60U);
  EXPECT_LE(ahead, 2U + 3U + 2U);  // in work, waiting, and in the reader's hands
}

TEST(Run, RefusesStatesOverTheBudget) {
  const AnalysisPtr analysis = ordered_sum(3'200'000'000);
  ArrowArrayStream stream = scripted(script_of(table_of({1})));
  RunOptions options;
  options.memory_budget = 1'000'000'000;
  EXPECT_EQ(
      message_of<SpecError>([&] { LocalRun(analysis, &stream, nullptr, options); }),
      "the analysis \"ordered_sum\" needs about 3.2 GB, the memory budget is 1.0 GB; use fewer "
      "columns or factors with fewer levels, or raise the budget");
  EXPECT_EQ(stream.release, nullptr);
}

TEST(Run, RefusesMissingColumnsAndNoStream) {
  Script script;
  script.schema = ArrowTable().add("y", plain<double>({1})).batch();
  const std::string message =
      message_of<SpecError>([&] { run(ordered_sum(), std::move(script), 1); });
  EXPECT_NE(message.find("no column \"x\""), std::string::npos) << message;
  EXPECT_THROW(LocalRun(ordered_sum(), nullptr), SpecError);
}

// Remembers the ids of the dictionaries it sees, block by block.
struct DictionaryIds {
  struct State {
    std::vector<uint64_t> ids;
    static void fields(auto& self, auto&& visit) { visit("ids", FieldKind::kExact, self.ids); }
  };
  static constexpr std::string_view kName = "dictionary_ids";
  std::vector<std::string> names = {"f"};
  Json spec() const { return Json::object(); }
  const std::vector<std::string>& columns() const { return names; }
  State empty() const { return {}; }
  void update(State& into, const Chunk& chunk) const {
    for (const Segment& segment : chunk.column(0).segments())
      into.ids.push_back(segment.dictionary_id);
  }
  void merge(State&, const State&) const {}
  Json finalize(const State&) const { return {}; }
  uint64_t state_bytes() const { return 64; }
};

TEST(Run, DictionariesKeepTheirIdOnlyWhileTheyAreTheSame) {
  const auto table = [](const std::string& level) {
    return std::move(ArrowTable().add("f", dictionary(plain<int8_t>({0, 0, 0}), text({level}))));
  };
  const ArrowTable a = table("a");
  Script script;
  script.schema = rows_of(a, 0, 0);
  script.batches = {rows_of(a, 0, 1), rows_of(a, 1, 2), table("b").batch(), rows_of(a, 0, 3)};
  const auto state = run(erase(DictionaryIds()), std::move(script), 1);
  const auto ids = dynamic_cast<const HeldState<DictionaryIds::State>&>(*state).value.ids;
  ASSERT_EQ(ids.size(), 4U);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[1], ids[2]);
  EXPECT_NE(ids[2], ids[3]);
  EXPECT_NE(ids[0], 0U);
}

// Readers make a dictionary for every batch: those of equal content are one.
TEST(Run, DictionariesOfEqualContentKeepTheirId) {
  const auto batch = [](const Texts& levels) {
    return ArrowTable().add("f", dictionary(plain<int8_t>({0, 1}), text(levels))).batch();
  };
  Script script;
  script.batches = {batch({"ab", "c"}),         batch({"ab", "c"}), batch({"a", "bc"}),
                    batch({"c", "ab"}),         batch({"c", "ab"}), batch({"c", std::nullopt}),
                    batch({"c", std::nullopt}), batch({"", ""}),    batch({"", ""})};
  script.schema = script.batches[0];
  const auto state = run(erase(DictionaryIds()), std::move(script), 1);
  const auto ids = dynamic_cast<const HeldState<DictionaryIds::State>&>(*state).value.ids;
  ASSERT_EQ(ids.size(), 9U);
  std::vector<bool> same;
  for (size_t i = 1; i < ids.size(); ++i) same.push_back(ids[i] == ids[i - 1]);
  EXPECT_EQ(same, (std::vector<bool>{true, false, false, true, false, false, false, true}));
}

}  // namespace
}  // namespace insitu
