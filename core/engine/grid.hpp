// The fixed grid: which rows form a block, and which blocks a partial state is made of.
#pragma once

#include <cstddef>
#include <cstdint>

namespace insitu {

struct Grid {
  uint64_t block_rows = 0;          // a power of two between 8,192 and 262,144
  uint64_t lanes = 1;               // partials that grow side by side
  uint64_t blocks_per_partial = 1;  // 0: one partial takes every block

  // The partial that block `block` belongs to; partials are numbered in merge order.
  uint64_t partial_of(uint64_t block) const;
  // True if no later block belongs to the partial of `block`.
  bool ends_partial(uint64_t block) const;
};

// Depends on the analysis alone. Blocks aim at 8-16 MB, counted as 8 bytes a value whatever the
// columns' types.
Grid make_grid(size_t n_columns, uint64_t state_bytes);

// Most partials alive at once; blocks of later ones wait. More would not make more workers busy.
uint64_t live_partials(const Grid& grid, unsigned threads);

}  // namespace insitu
