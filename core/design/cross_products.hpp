// The sufficient statistics of a weighted linear system: X'WX, X'Wy, y'Wy, for any Design.
//
// Numeric columns: mean and centred cross-products; every tile is centred on its own mean, totals
// merge in double-double (Chan, Golub, LeVeque 1979). Factor columns: sums over cells
// (cell_plan.hpp) about an origin close to the data. Merge: M += M' + (W W'/(W + W')) d d'; cells
// are moved to one origin and one set of levels, then added. Cost per row: k^2/2 fused
// multiply-adds for k numeric columns, and one addition of a short vector per table (or one in all,
// where the cells of all factors together are few). Memory: k^2 + cells x products, 16 bytes each.
// Error: (rows of a tile / 4) 2^-53 of the sum of |terms|; with `precise` products are exact, sums
// double-double.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/double_double.hpp"
#include "base/fields.hpp"
#include "design/cell_plan.hpp"
#include "design/cell_table.hpp"
#include "design/design.hpp"
#include "design/row_reader.hpp"

namespace insitu {

struct CrossProducts {
  DoubleDouble weight;          // sum of weights
  std::vector<double> mean_hi;  // per value but the constant: features, response
  std::vector<double> mean_lo;
  std::vector<double> cross_hi;  // about the mean, packed upper triangle
  std::vector<double> cross_lo;
  std::vector<double> origin;  // what cell sums are taken about; empty before the first row
  std::vector<std::vector<std::string>> levels;  // per factor, in the order of its codes
  std::vector<CellTable> tables;                 // as CellPlan::tables
  // Relative error of sums that a database took (sum_cross_products.hpp), the largest of all that
  // were merged; 0 for our own.
  double rounding = 0.0;

  static void fields(auto& self, auto&& visit) {
    visit("weight", FieldKind::kSum, self.weight);
    visit("mean_hi", FieldKind::kSum, self.mean_hi);
    visit("mean_lo", FieldKind::kSum, self.mean_lo);
    visit("cross_hi", FieldKind::kSum, self.cross_hi);
    visit("cross_lo", FieldKind::kSum, self.cross_lo);
    visit("origin", FieldKind::kSum, self.origin);
    visit("levels", FieldKind::kExact, self.levels);
    visit("tables", FieldKind::kSum, self.tables);
    visit("rounding", FieldKind::kExact, self.rounding);
  }
  // See fields.hpp: about a common origin, with levels matched by label; infinity if the levels
  // differ.
  double distance(const CrossProducts& other) const;

  size_t values() const { return mean_hi.size(); }
};

CrossProducts empty_cross_products(const Design& design, const CellPlan& plan);
void merge(CrossProducts& into, const CrossProducts& from);
// StateError unless all sizes fit the plan.
void validate(const Design& design, const CellPlan& plan, const CrossProducts& products);
// Rows of the smallest cell that has any, for unweighted rows: 0 if a level that nobody gave has no
// complete row, so that only its name is told; kNoCell without cells.
uint64_t smallest_cell(const Design& design, const CrossProducts& products);
// Estimate before running, with the levels that are known.
uint64_t cross_products_bytes(const Design& design, const CellPlan& plan);

// Adds the rows of a chunk. `precise`: double-double products and sums. Returns the counts, and
// adds sum of ln w.
RowCounts accumulate(const Design& design, const CellPlan& plan, bool precise, const Chunk& chunk,
                     CrossProducts& into, DoubleDouble& log_weights);

// The rows of a tile with other weights, of at least 0, and another response. It is read with its
// own response, offsets beside it, and must outlive what is made of it.
using TileMap = std::function<const Tile&(const Tile&)>;
// The same of what `map` makes of the rows.
RowCounts accumulate_mapped(const Design& design, const CellPlan& plan, bool precise,
                            const Chunk& chunk, const TileMap& map, CrossProducts& into);

}  // namespace insitu
