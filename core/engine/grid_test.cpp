#include "engine/grid.hpp"

#include <gtest/gtest.h>

namespace insitu {
namespace {

TEST(Grid, BlocksHoldEightToSixteenMegabytes) {
  EXPECT_EQ(make_grid(0, 8).block_rows, 262144U);
  EXPECT_EQ(make_grid(1, 8).block_rows, 262144U);
  EXPECT_EQ(make_grid(8, 8).block_rows, 131072U);  // 8 * 8 B * 131,072 = 8 MiB
  EXPECT_EQ(make_grid(9, 8).block_rows, 131072U);  // 65,536 rows would be under 8 MiB
  EXPECT_EQ(make_grid(21, 8).block_rows, 65536U);
  EXPECT_EQ(make_grid(500, 8).block_rows, 8192U);
}

TEST(Grid, SmallStatesHaveOneBlockEach) {
  const Grid grid = make_grid(21, 32768);  // 16 * 4,096 rows = one block of 65,536
  EXPECT_EQ(grid.blocks_per_partial, 1U);
  for (uint64_t block = 0; block < 100; ++block) {
    EXPECT_EQ(grid.partial_of(block), block);
    EXPECT_TRUE(grid.ends_partial(block));
  }
}

TEST(Grid, LargerStatesGrowSideBySide) {
  const Grid grid{.block_rows = 8192, .lanes = 2, .blocks_per_partial = 3};
  const uint64_t partial[] = {0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 4};
  const bool ends[] = {false, false, false, false, true, true, false,
                       false, false, false, true,  true, false};
  for (uint64_t block = 0; block < 13; ++block) {
    EXPECT_EQ(grid.partial_of(block), partial[block]) << block;
    EXPECT_EQ(grid.ends_partial(block), ends[block]) << block;
  }
}

TEST(Grid, APartialCoversSixteenRowsPerNumber) {
  for (const uint64_t bytes : {8ULL, 32776ULL, 100000ULL, 5000000ULL, 100000000ULL}) {
    const Grid grid = make_grid(21, bytes);
    EXPECT_GE(grid.blocks_per_partial * grid.block_rows, 2 * bytes) << bytes;
    EXPECT_LT((grid.blocks_per_partial - 1) * grid.block_rows, 2 * bytes) << bytes;
  }
}

TEST(Grid, LanesFallAsStatesGrow) {
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  EXPECT_EQ(make_grid(3, kMiB).lanes, 16U);
  EXPECT_EQ(make_grid(3, 4 * kMiB).lanes, 16U);
  EXPECT_EQ(make_grid(3, 5 * kMiB).lanes, 8U);
  EXPECT_EQ(make_grid(3, 100 * kMiB).lanes, 2U);
  EXPECT_EQ(make_grid(3, 129 * kMiB).lanes, 1U);
}

TEST(Grid, HugeStatesAreBuiltOnce) {
  const Grid grid = make_grid(3, uint64_t{1} << 40);
  EXPECT_EQ(grid.partial_of(0), 0U);
  EXPECT_EQ(grid.partial_of(1000000), 0U);
  EXPECT_FALSE(grid.ends_partial(1000000));
  EXPECT_EQ(live_partials(grid, 64), 1U);
}

}  // namespace
}  // namespace insitu
