#include "engine/grid.hpp"

#include <algorithm>
#include <bit>

namespace insitu {

namespace {

constexpr uint64_t kBlockBytes = uint64_t{8} << 20;
constexpr uint64_t kMinBlockRows = 8192;
constexpr uint64_t kMaxBlockRows = 262144;
constexpr uint64_t kRowsPerNumber =
    16;  // of a state: merging stays below a few percent of updating
constexpr uint64_t kLaneBytes = uint64_t{64} << 20;  // of the partials of one group
constexpr uint64_t kMaxLanes = 16;
constexpr uint64_t kMaxSharedState = uint64_t{128} << 20;  // a larger state is never built twice

uint64_t lanes_for(uint64_t state_bytes) {
  if (state_bytes > kMaxSharedState) return 1;
  const uint64_t fit = std::bit_floor(kLaneBytes / std::max<uint64_t>(state_bytes, 1));
  return std::clamp<uint64_t>(fit, 2, kMaxLanes);
}

}  // namespace

uint64_t Grid::partial_of(uint64_t block) const {
  if (blocks_per_partial == 0) return 0;
  return block / (lanes * blocks_per_partial) * lanes + block % lanes;
}

bool Grid::ends_partial(uint64_t block) const {
  if (blocks_per_partial == 0) return false;
  return block % (lanes * blocks_per_partial) >= lanes * (blocks_per_partial - 1);
}

Grid make_grid(size_t n_columns, uint64_t state_bytes) {
  Grid grid;
  const uint64_t row_bytes = 8 * std::max<uint64_t>(n_columns, 1);
  grid.block_rows = std::clamp(std::bit_ceil((kBlockBytes + row_bytes - 1) / row_bytes),
                               kMinBlockRows, kMaxBlockRows);
  grid.lanes = lanes_for(state_bytes);
  if (grid.lanes == 1) {
    grid.blocks_per_partial = 0;
  } else {
    const uint64_t rows = kRowsPerNumber * (state_bytes / 8);
    grid.blocks_per_partial = std::max<uint64_t>(1, (rows + grid.block_rows - 1) / grid.block_rows);
  }
  return grid;
}

uint64_t live_partials(const Grid& grid, unsigned threads) {
  if (grid.blocks_per_partial == 0) return 1;
  if (grid.blocks_per_partial == 1) return std::max<uint64_t>(grid.lanes, uint64_t{4} * threads);
  return grid.lanes;
}

}  // namespace insitu
