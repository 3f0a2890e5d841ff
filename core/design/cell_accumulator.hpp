// Adds tiles to the cell tables of a plan. Scratch of one update, never part of a state.
//
// Where the cells of all factors together are few, each row adds one short vector to one joint
// table, and the planned tables are its margins; otherwise each row adds to every planned table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "design/cell_plan.hpp"
#include "design/cell_table.hpp"
#include "design/row_reader.hpp"
#include "linalg/aligned.hpp"

namespace insitu {

class CellAccumulator {
 public:
  // counts: levels per factor in this chunk; rows: how many are expected.
  CellAccumulator(const CellPlan& plan, const std::vector<uint32_t>& counts, uint64_t rows,
                  bool weighted, bool precise);
  void add(const Tile& tile, std::span<const double> origin);
  // Writes what was collected to tables of the same level counts.
  void finish(std::vector<CellTable>& tables) const;

 private:
  struct Scratch {
    std::vector<size_t> factors;
    std::vector<uint32_t> strides;
    size_t width = 0;  // doubles per cell: all products, padded; or 1, the weight alone
    AlignedDoubles hi, lo;
  };
  void add_scratch(const std::vector<size_t>& factors, bool weight_only);
  void fill_rows(const Tile& tile, std::span<const double> origin);
  void fill_rows_precise(const Tile& tile, std::span<const double> origin);
  void collect(const Scratch& scratch, CellTable& table, const CellTablePlan& planned) const;

  const CellPlan& plan_;
  std::vector<uint32_t> counts_;
  bool weighted_;
  bool precise_;
  size_t width_;  // products, padded to a multiple of 4
  bool joint_ = false;
  std::vector<Scratch> scratch_;
  std::vector<uint32_t> cells_;
  AlignedDoubles rows_, rows_low_;  // [row * width_ + product]
  std::vector<AlignedDoubles> shifted_, shifted_low_;
  AlignedDoubles product_, product_low_;
};

}  // namespace insitu
