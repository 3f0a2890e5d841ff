#include "engine/scheduler.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "engine/engine_testing.hpp"

namespace insitu {
namespace {

using namespace testing;

// No rows, but a place: what dealing and merging need.
class Marker : public RowBlock {
 public:
  explicit Marker(uint64_t place) : place_(place) {}
  Chunk chunk() const override { return {{}, 0, place_}; }

 private:
  uint64_t place_;
};

// What is seen from outside while states live and die.
struct Watch {
  std::atomic<int> live{0};
  std::atomic<int> most{0};
};

// Lists the blocks of each partial in the order of updates, then of merges.
struct Listing {
  struct State {
    std::vector<uint64_t> blocks;
    static void fields(auto& self, auto&& visit) {
      visit("blocks", FieldKind::kExact, self.blocks);
    }
  };
  static constexpr std::string_view kName = "listing";
  std::vector<std::string> names = {};
  std::shared_ptr<Watch> watch = std::make_shared<Watch>();
  bool broken_merge = false;

  Json spec() const { return Json::object(); }
  const std::vector<std::string>& columns() const { return names; }
  State empty() const {
    watch->most = std::max<int>(watch->most, ++watch->live);
    return {};
  }
  void update(State& into, const Chunk& chunk) const {
    const uint64_t place = *chunk.first_row();
    std::this_thread::sleep_for(std::chrono::microseconds(place * 7919 % 300));
    into.blocks.push_back(place);
  }
  void merge(State& into, const State& from) const {
    if (broken_merge) throw StateError("these do not merge");
    --watch->live;
    into.blocks.insert(into.blocks.end(), from.blocks.begin(), from.blocks.end());
  }
  Json finalize(const State&) const { return {}; }
  uint64_t state_bytes() const { return 8; }
};

std::vector<uint64_t> deal(const Listing& listing, const Grid& grid, unsigned threads,
                           uint64_t blocks) {
  Scheduler scheduler(erase(listing), grid, threads, 4);
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back([&] { scheduler.work(); });
  for (uint64_t i = 0; i < blocks && scheduler.emit(std::make_unique<Marker>(i)); ++i) {
  }
  scheduler.end();
  scheduler.wait_finished();
  for (std::thread& worker : workers) worker.join();
  return dynamic_cast<const HeldState<Listing::State>&>(*scheduler.take()).value.blocks;
}

TEST(Scheduler, LanesMergeInOrder) {
  const Grid grid{.block_rows = 8192, .lanes = 3, .blocks_per_partial = 2};
  // Two whole groups, and one cut short.
  const std::vector<uint64_t> expected = {0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, 12, 15, 13, 14};
  for (const unsigned threads : {1U, 2U, 4U, 7U}) {
    EXPECT_EQ(deal({}, grid, threads, 16), expected) << threads;
  }
}

TEST(Scheduler, FewStatesLiveAtOnce) {
  const Grid grid{.block_rows = 8192, .lanes = 3, .blocks_per_partial = 2};
  const Listing listing;
  deal(listing, grid, 4, 300);
  EXPECT_LE(listing.watch->most, 3 + 1);  // the lanes and the total
  EXPECT_EQ(listing.watch->live, 1);
}

TEST(Scheduler, OnePartialTakesEveryBlockInOrder) {
  const Grid grid{.block_rows = 8192, .lanes = 1, .blocks_per_partial = 0};
  std::vector<uint64_t> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  const Listing listing;
  EXPECT_EQ(deal(listing, grid, 4, 100), expected);
  EXPECT_EQ(listing.watch->most, 1);
}

TEST(Scheduler, SlowestBlocksFirstAndManyThreads) {
  const Grid grid{.block_rows = 8192, .lanes = 16, .blocks_per_partial = 1};
  std::vector<uint64_t> expected(400);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(deal({}, grid, 8, 400), expected);
}

TEST(Scheduler, AnErrorOfMergeIsReported) {
  Listing listing;
  listing.broken_merge = true;
  EXPECT_THROW(deal(listing, {.block_rows = 8192, .lanes = 2, .blocks_per_partial = 1}, 3, 50),
               StateError);
}

}  // namespace
}  // namespace insitu
