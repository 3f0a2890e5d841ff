#include <algorithm>
#include <cmath>

#include "design/cell_accumulator.hpp"
#include "design/cross_products.hpp"
#include "design/dense_accumulator.hpp"
#include "linalg/math.hpp"

namespace insitu {
namespace {

// About the mean of the first rows: close to the data, and a double, so that shifting by it is
// exact or nearly so.
std::vector<double> origin_of(const Tile& tile) {
  std::vector<double> origin;
  for (const double sum : tile.sums) origin.push_back(sum / static_cast<double>(tile.rows));
  return origin;
}

void add_log_weights(const Tile& tile, std::vector<double>& scratch, DoubleDouble& total) {
  if (tile.weight == nullptr || tile.rows == 0) return;
  scratch.resize(kTileRows);
  log_array(tile.weight, tile.rows, scratch.data());
  total += column_sum(scratch.data(), tile.rows);
}

}  // namespace

RowCounts accumulate(const Design& design, const CellPlan& plan, bool precise, const Chunk& chunk,
                     CrossProducts& into, DoubleDouble& log_weights) {
  RowCounts counts;
  counts.rows = chunk.rows();
  std::vector<LevelTable> tables = make_level_tables(design);
  RowReader reader(design, {.response = true, .weight = true, .low_parts = precise}, tables);
  reader.bind(chunk);

  CrossProducts local = empty_cross_products(design, plan);
  for (size_t f = 0; f < tables.size(); ++f) local.levels[f] = tables[f].labels();
  const std::vector<uint32_t> level_sizes = level_counts(local.levels);
  for (size_t t = 0; t < local.tables.size(); ++t) {
    CellTable& table = local.tables[t];
    table.hi.assign(count_cells(plan.tables[t].factors, level_sizes) * table.products(), 0.0);
    table.lo.assign(table.hi.size(), 0.0);
  }
  local.origin = into.origin;

  const bool weighted = !design.weight.empty();
  const size_t tile_rows = tile_rows_for(plan.n_values - 1);
  DenseAccumulator dense(plan.n_values - 1, weighted, precise);
  CellAccumulator cells(plan, level_sizes, chunk.rows(), weighted, precise);
  std::vector<double> logs;
  for (uint64_t begin = 0; begin < chunk.rows(); begin += tile_rows) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(tile_rows, chunk.rows() - begin));
    const Tile& tile = reader.read(begin, n);
    counts.used += tile.rows;
    counts.missing += tile.missing_rows;
    counts.zero_weight += tile.zero_weight_rows;
    if (tile.rows == 0) continue;
    if (local.origin.empty()) local.origin = origin_of(tile);
    dense.add(tile, local);
    cells.add(tile, local.origin);
    add_log_weights(tile, logs, log_weights);
  }
  cells.finish(local.tables);
  merge(into, local);
  return counts;
}

}  // namespace insitu
