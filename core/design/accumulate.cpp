#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

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
  scratch.resize(tile.rows);
  log_array(tile.weight, tile.rows, scratch.data());
  total += column_sum(scratch.data(), tile.rows);
}

// Which labels of a factor have a row in the chunk, where its table may hold others.
std::vector<bool> present_levels(const CellPlan& plan, const CrossProducts& products, size_t factor,
                                 const std::vector<bool>& left_out) {
  std::vector<bool> present = left_out;
  const std::vector<uint32_t> counts = level_counts(products.levels);
  for (size_t t = 0; t < plan.tables.size(); ++t) {
    const std::vector<size_t>& factors = plan.tables[t].factors;
    const auto at = std::find(factors.begin(), factors.end(), factor);
    if (at == factors.end()) continue;
    uint64_t stride = 1;
    for (auto before = factors.begin(); before != at; ++before) stride *= counts[*before];
    const CellTable& table = products.tables[t];
    for (uint64_t cell = 0; cell < table.cells(); ++cell) {
      if (table.at(cell, 0).hi > 0.0) present[cell / stride % counts[factor]] = true;
    }
    break;  // any table with the factor tells
  }
  return present;
}

// The same of a factor of clusters alone, which no table has: by the codes of rows.
struct SeenLabels {
  size_t factor;
  std::vector<bool> present;

  void add(const Tile& tile) {
    const uint32_t* codes = tile.codes[factor];
    for (size_t i = 0; i < tile.rows; ++i) present[codes[i]] = true;
  }
};

std::vector<SeenLabels> labels_to_see(const Design& design, const RowReader& reader) {
  std::vector<SeenLabels> list;
  for (size_t f = 0; f < design.factors.size(); ++f) {
    const std::vector<bool>* left_out = reader.left_out(f);
    if (left_out != nullptr && !design.in_terms(f))
      list.push_back({f, std::vector<bool>(left_out->size())});
  }
  return list;
}

// Leaves out the levels that no row has; their cells hold zeros.
void keep_levels(CrossProducts& products, const std::vector<std::vector<bool>>& present) {
  const std::vector<uint32_t> before = level_counts(products.levels);
  CodeMaps maps(before.size());
  for (size_t f = 0; f < before.size(); ++f) {
    std::vector<std::string> kept;
    for (uint32_t code = 0; code < before[f]; ++code) {
      const bool keep = present[f].empty() || present[f][code];
      maps[f].push_back(keep ? static_cast<uint32_t>(kept.size()) : 0);
      if (keep) kept.push_back(std::move(products.levels[f][code]));
    }
    products.levels[f] = std::move(kept);
  }
  const std::vector<uint32_t> after = level_counts(products.levels);
  if (after == before) return;
  for (CellTable& table : products.tables) {
    CellTable smaller{table.factors, table.a, table.b, {}, {}};
    const std::vector<size_t> factors(table.factors.begin(), table.factors.end());
    smaller.hi.assign(count_cells(factors, after) * table.products(), 0.0);
    smaller.lo.assign(smaller.hi.size(), 0.0);
    if (!smaller.hi.empty()) add_cells(smaller, after, table, before, maps);
    table = std::move(smaller);
  }
}

// Whole dictionaries are taken only where the cells of their labels are not many more than the
// rows.
bool worth_adopting(const CellPlan& plan, const std::vector<LevelTable>& tables, uint64_t rows) {
  constexpr uint64_t kCellsPerRow = 4;
  constexpr uint64_t kAlways = 4096;
  const uint64_t most = std::max(kAlways, kCellsPerRow * rows);
  std::vector<uint32_t> counts;
  for (const LevelTable& table : tables) counts.push_back(table.size());
  return std::all_of(plan.tables.begin(), plan.tables.end(), [&](const CellTablePlan& table) {
    return cells_within(table.factors, counts, most);
  });
}

bool any_adopted(const RowReader& reader, size_t factors) {
  for (size_t f = 0; f < factors; ++f) {
    if (reader.left_out(f) != nullptr) return true;
  }
  return false;
}

// A few rows of numbers into a state that has some: hosts with many groups hand over no more at a
// time. Without a state in between, whose making and merging would cost more than the rows.
RowCounts accumulate_tile(const Design& design, const Chunk& chunk, CrossProducts& into,
                          DoubleDouble& log_weights) {
  std::vector<LevelTable> no_tables;
  RowReader reader(design, RowNeeds{}, no_tables);
  reader.bind(chunk);
  const auto rows = static_cast<size_t>(chunk.rows());
  const bool weighted = !design.weight.empty();
  ShiftedTile shifted(into.values(), weighted, round_up_8(rows));
  const Tile& tile = reader.read(0, rows, shifted, into.origin);
  if (tile.rows > 0) {
    std::vector<double> logs;
    add_log_weights(tile, logs, log_weights);
    ReadAhead ahead(tile.ahead);
    DenseAccumulator dense(into.values(), weighted, round_up_8(rows));
    dense.add(tile, shifted, into, ahead);
  }
  return {chunk.rows(), tile.rows, tile.missing_rows, tile.zero_weight_rows};
}

// `map` may be null.
RowCounts accumulate_all(const Design& design, const CellPlan& plan, bool precise,
                         const Chunk& chunk, const TileMap* map, CrossProducts& into,
                         DoubleDouble& log_weights) {
  RowCounts counts;
  counts.rows = chunk.rows();
  std::vector<LevelTable> tables = make_level_tables(design);
  RowNeeds needs;
  needs.low_parts = precise;
  needs.adopt_dictionaries = true;
  needs.subtract_offsets = map == nullptr;
  std::optional<RowReader> reader(std::in_place, design, needs, tables);
  reader->bind(chunk);
  if (any_adopted(*reader, tables.size()) && !worth_adopting(plan, tables, chunk.rows())) {
    reader.reset();
    tables = make_level_tables(design);
    needs.adopt_dictionaries = false;
    reader.emplace(design, needs, tables);
    reader->bind(chunk);
  }

  const CrossProducts empty = empty_cross_products(design, plan);
  CrossProducts local = empty;
  for (size_t f = 0; f < tables.size(); ++f) local.levels[f] = tables[f].labels();
  const std::vector<uint32_t> level_sizes = level_counts(local.levels);
  for (size_t t = 0; t < local.tables.size(); ++t) {
    CellTable& table = local.tables[t];
    table.hi.assign(count_cells(plan.tables[t].factors, level_sizes) * table.products(), 0.0);
    table.lo.assign(table.hi.size(), 0.0);
  }
  local.origin = into.origin;

  const bool weighted = map != nullptr || !design.weight.empty();
  const size_t values = plan.n_values - 1;
  // Scratch is no larger than the chunk: hosts with many groups hand over a few rows at a time.
  const auto tile_rows =
      static_cast<size_t>(std::min<uint64_t>(tile_rows_for(values), round_up_8(chunk.rows())));
  std::optional<ShiftedTile> shifted;
  std::optional<DenseAccumulator> dense;
  std::optional<PreciseDenseAccumulator> precise_dense;
  if (precise) {
    precise_dense.emplace(values, weighted, tile_rows);
  } else {
    shifted.emplace(values, weighted, tile_rows);
    dense.emplace(values, weighted, tile_rows);
  }
  CellAccumulator cells(plan, level_sizes, weighted, precise, tile_rows, local.tables);
  std::vector<SeenLabels> seen = labels_to_see(design, *reader);
  std::vector<double> logs;
  DoubleDouble local_logs;
  for (uint64_t begin = 0; begin < chunk.rows(); begin += tile_rows) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(tile_rows, chunk.rows() - begin));
    const bool straight = !precise && map == nullptr && !local.origin.empty();
    const Tile& read =
        straight ? reader->read(begin, n, *shifted, local.origin) : reader->read(begin, n);
    counts.used += read.rows;
    counts.missing += read.missing_rows;
    counts.zero_weight += read.zero_weight_rows;
    if (read.rows == 0) continue;
    for (SeenLabels& labels : seen) labels.add(read);
    const Tile& tile = map == nullptr ? read : (*map)(read);
    if (local.origin.empty()) local.origin = origin_of(tile);
    if (precise) {
      precise_dense->add(tile, local);
      cells.add_precise(tile, local.origin);
    } else {
      if (!straight) shifted->load(tile.values, tile.weight, tile.rows, local.origin);
      ReadAhead ahead(tile.ahead);
      cells.add(tile, *shifted, ahead);
      dense->add(tile, *shifted, local, ahead);
    }
    if (map == nullptr) add_log_weights(tile, logs, local_logs);
  }
  cells.finish();
  std::vector<std::vector<bool>> present(tables.size());
  for (size_t f = 0; f < tables.size(); ++f) {
    if (const std::vector<bool>* left_out = reader->left_out(f)) {
      present[f] = present_levels(plan, local, f, *left_out);
    }
  }
  for (const SeenLabels& labels : seen) {
    std::vector<bool>& rows = present[labels.factor];  // so far those left out of tiles
    for (size_t k = 0; k < rows.size(); ++k) rows[k] = rows[k] || labels.present[k];
  }
  keep_levels(local, present);
  log_weights += local_logs;
  if (into.origin.empty() && level_counts(into.levels) == level_counts(empty.levels)) {
    into = std::move(local);  // empty is the identity of merge
  } else {
    merge(into, local);
  }
  return counts;
}

}  // namespace

RowCounts accumulate(const Design& design, const CellPlan& plan, bool precise, const Chunk& chunk,
                     CrossProducts& into, DoubleDouble& log_weights) {
  if (plan.tables.empty() && design.factors.empty() && !precise && !into.origin.empty() &&
      chunk.rows() > 0 && chunk.rows() <= tile_rows_for(into.values())) {
    return accumulate_tile(design, chunk, into, log_weights);
  }
  return accumulate_all(design, plan, precise, chunk, nullptr, into, log_weights);
}

RowCounts accumulate_mapped(const Design& design, const CellPlan& plan, bool precise,
                            const Chunk& chunk, const TileMap& map, CrossProducts& into) {
  DoubleDouble unused;
  return accumulate_all(design, plan, precise, chunk, &map, into, unused);
}

}  // namespace insitu
