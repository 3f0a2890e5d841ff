// Rows of a chunk -> tiles of numbers and codes, as a Design asks for them.
//
// Missing (null, NaN, a label outside given levels, a formula result that is not finite) removes
// the row from the tile, or, for scoring, stays as NaN. An infinite value stored in a used column
// is a DataError, as is a negative weight, or a fraction of one that counts rows; a zero or missing
// weight removes the row. Columns that
// lie in memory as plain doubles are borrowed, not copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/chunk.hpp"
#include "base/levels.hpp"
#include "design/design.hpp"
#include "design/shifted_tile.hpp"
#include "linalg/aligned.hpp"
#include "linalg/kernels.hpp"

namespace insitu {

inline constexpr size_t kTileRows = kMaxTileRows;  // no tile is larger

// What a pass wants of each row.
struct RowNeeds {
  bool response = true;
  bool weight = true;
  bool low_parts = false;           // double-double features
  bool complete_rows = true;        // false: keep every row, NaN where missing
  bool adopt_dictionaries = false;  // open factors may register labels that no row has
  bool subtract_offsets = true;     // from the response, where there is one
};

// What happened to rows on the way.
struct RowCounts {
  uint64_t rows = 0;
  uint64_t used = 0;
  uint64_t missing = 0;
  uint64_t zero_weight = 0;
};

struct Tile {
  size_t rows = 0;
  std::vector<const double*> values;   // features, then the response, about its offsets, if wanted
  std::vector<const double*> low;      // their low parts; null where all zero
  std::vector<double> sums;            // of each of `values`
  std::vector<const uint32_t*> codes;  // per factor
  // Where the rows after these lie, for kernels that have time to ask memory for them.
  std::vector<std::span<const char>> ahead;
  const double* offset = nullptr;  // sum of the offsets where there are some
  const double* weight = nullptr;  // null: all ones; of counts, trials are in it
  const double* trials = nullptr;  // of a response of counts
  uint64_t missing_rows = 0;
  uint64_t zero_weight_rows = 0;
};

// 1 - y of a response that is the share of counts: shares of 1 less a trillionth have lost most
// digits of the trillionth, and its low part has them. Null for responses that are doubles; `room`
// holds it.
const double* rest_of_shares(const Tile& tile, AlignedDoubles& room);

class RowReader {
 public:
  // tables[k] labels design.factors[k]; it grows if the factor is open. Both outlive the reader.
  RowReader(const Design& design, RowNeeds needs, std::vector<LevelTable>& tables);
  ~RowReader();
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  // Starts on a chunk: finds its columns by name and encodes its factors, registering the levels of
  // all its rows.
  void bind(const Chunk& chunk);
  // Rows [begin, begin + n) of the bound chunk, n <= kTileRows. Valid until the next call.
  const Tile& read(uint64_t begin, size_t n);
  // The same, loaded into `shifted` about the origin as well: in one step where the values lie in
  // memory and none is missing, which is why it is fast. The tile's `sums` are then not filled in.
  const Tile& read(uint64_t begin, size_t n, ShiftedTile& shifted, std::span<const double> origin);
  // Labels of factor `k` in rows that were left out of tiles, by code; null if every label of its
  // table has a row. With it and what the tiles hold, a caller knows which levels are present.
  const std::vector<bool>* left_out(size_t k) const;
  // Rows so far whose label was outside the frozen levels, per factor.
  const std::vector<uint64_t>& unseen() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One level table per factor: frozen where the design gives levels, otherwise empty.
std::vector<LevelTable> make_level_tables(const Design& design);

}  // namespace insitu
