// Adds tiles to the cell tables of a plan. Scratch of one update, never part of a state.
//
// Rows add one short vector to each of a few working tables that stay in cache: small tables share
// one over all their factors, whose margins they are. A working table is added to the planned ones
// in double-double every few rows per cell, so that no long chain of additions rounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "design/cell_plan.hpp"
#include "design/cell_table.hpp"
#include "design/row_reader.hpp"
#include "design/shifted_tile.hpp"
#include "linalg/aligned.hpp"

namespace insitu {

class CellAccumulator {
 public:
  // counts: levels per factor in this chunk; tables: of those levels, zeros; they outlive this.
  // Tiles have at most `most_rows` rows.
  CellAccumulator(const CellPlan& plan, const std::vector<uint32_t>& counts, bool weighted,
                  bool precise, size_t most_rows, std::vector<CellTable>& tables);
  // Adds a tile: shifted about the origin of the tables, or, if made `precise`, as it is.
  void add(const Tile& tile, const ShiftedTile& shifted, ReadAhead& ahead);
  void add_precise(const Tile& tile, std::span<const double> origin);
  // Adds what is left in working tables.
  void finish();

 private:
  struct Working {
    std::vector<size_t> factors;
    std::vector<uint32_t> strides;
    size_t width = 0;  // doubles per cell: all products, padded; or 1, the weight alone
    uint64_t cells = 0;
    uint64_t rows = 0;             // since it was last added to the tables
    std::vector<size_t> tables;    // planned tables it is for
    std::vector<uint32_t> counts;  // instead of hi and lo, for weights that are all one
    AlignedDoubles hi, lo;
  };
  void cover_tables();
  void allocate(Working& working);
  void fill_columns(const ShiftedTile& shifted, size_t n);
  void fill_rows_precise(const Tile& tile, std::span<const double> origin);
  void scatter_all(const Tile& tile, ReadAhead& ahead);
  const uint32_t* cells_of(const Tile& tile, const Working& working);
  void flush(Working& working);
  void add_margin_of(const Working& working, size_t t);

  const CellPlan& plan_;
  std::vector<uint32_t> counts_;
  bool weighted_;
  bool precise_;
  size_t most_rows_;
  std::vector<CellTable>& tables_;
  size_t width_;  // products, padded to a multiple of 4
  std::vector<Working> working_;
  std::vector<const uint32_t*> codes_;
  std::vector<uint32_t> cells_;
  std::vector<AlignedDoubles> products_;  // per product of two values
  std::vector<const double*> columns_;    // per product, then null up to width_
  // With `precise` only: values about their origin, and rows [row * width_ + product].
  std::vector<AlignedDoubles> shifted_, shifted_low_;
  AlignedDoubles rows_, rows_low_;
  AlignedDoubles product_, product_low_;
};

}  // namespace insitu
