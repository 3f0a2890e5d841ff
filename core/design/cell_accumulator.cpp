#include "design/cell_accumulator.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "design/cell_kernels.hpp"

namespace insitu {
namespace {

// Of a working table that several planned ones share: it should stay in the first-level cache.
constexpr uint64_t kSharedDoubles = 4096;
// Rows between two additions of a working table to the planned ones: so many per cell on average,
// but no more than kMostRows in all, unless that would be less than kLeastRowsPerCell. It costs
// little, and bounds how many additions to one cell may round one after the other.
constexpr uint64_t kRowsPerCell = 64;
constexpr uint64_t kMostRows = 32768;
constexpr uint64_t kLeastRowsPerCell = 4;

uint64_t rows_between(uint64_t cells) {
  return std::min(kRowsPerCell * cells, std::max(kMostRows, kLeastRowsPerCell * cells));
}

bool contains(const std::vector<size_t>& all, const std::vector<size_t>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

std::vector<size_t> united(const std::vector<size_t>& a, const std::vector<size_t>& b) {
  std::vector<size_t> result;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

}  // namespace

CellAccumulator::CellAccumulator(const CellPlan& plan, const std::vector<uint32_t>& counts,
                                 bool weighted, bool precise, size_t most_rows,
                                 std::vector<CellTable>& tables)
    : plan_(plan),
      counts_(counts),
      weighted_(weighted),
      precise_(precise),
      most_rows_(round_up_8(most_rows)),
      tables_(tables),
      width_((plan.products.size() + 3) & ~size_t{3}) {
  if (plan.tables.empty()) return;
  cover_tables();
  for (Working& working : working_) allocate(working);
  cells_.resize(most_rows_);
  products_.resize(plan.products.size());
  columns_.assign(width_, nullptr);
  if (!precise) return;
  rows_.resize(most_rows_ * width_);
  rows_low_.resize(most_rows_ * width_);
  shifted_.assign(plan.n_values, AlignedDoubles(most_rows_));
  std::fill(shifted_[0].begin(), shifted_[0].end(), 1.0);
  shifted_low_.assign(plan.n_values, AlignedDoubles(most_rows_));
  product_.resize(most_rows_);
  product_low_.resize(most_rows_);
}

// Tables of several products, from the smallest, share a working table while its cells are few; a
// table of weights alone is a margin of one of those, or has its own.
void CellAccumulator::cover_tables() {
  std::vector<size_t> order(plan_.tables.size());
  for (size_t t = 0; t < order.size(); ++t) order[t] = t;
  auto cells = [&](size_t t) { return count_cells(plan_.tables[t].factors, counts_); };
  auto weight_only = [&](size_t t) { return plan_.tables[t].products.size() == 1; };
  std::sort(order.begin(), order.end(), [&](size_t t, size_t u) {
    return std::tuple(weight_only(t), cells(t), t) < std::tuple(weight_only(u), cells(u), u);
  });
  for (const size_t t : order) {
    const std::vector<size_t>& factors = plan_.tables[t].factors;
    const auto holder = std::find_if(working_.begin(), working_.end(), [&](const Working& working) {
      return working.width == width_ && contains(working.factors, factors);
    });
    if (holder != working_.end()) {
      holder->tables.push_back(t);
      continue;
    }
    if (!weight_only(t) && !working_.empty()) {
      Working& last = working_.back();
      const std::vector<size_t> both = united(last.factors, factors);
      if (cells_within(both, counts_, kSharedDoubles / width_)) {
        last.factors = both;
        last.tables.push_back(t);
        continue;
      }
    }
    Working working;
    working.factors = factors;
    working.width = weight_only(t) ? 1 : width_;
    working.tables = {t};
    working_.push_back(std::move(working));
  }
}

void CellAccumulator::allocate(Working& working) {
  uint32_t stride = 1;
  for (const size_t factor : working.factors) {
    working.strides.push_back(stride);
    stride *= counts_[factor];
  }
  working.cells = count_cells(working.factors, counts_);
  if (working.width == 1 && !weighted_) {
    working.counts.assign(working.cells, 0);
    return;
  }
  working.hi.assign(working.cells * working.width, 0.0);
  if (precise_) working.lo.assign(working.hi.size(), 0.0);
}

// A column of each product. Those of two values are computed, the others lie ready.
void CellAccumulator::fill_columns(const ShiftedTile& shifted, size_t n) {
  for (size_t p = 0; p < plan_.products.size(); ++p) {
    const auto [a, b] = plan_.products[p];
    columns_[p] = shifted.weighted(b);
    if (a == 0) continue;
    products_[p].resize(most_rows_);
    multiply(columns_[p], shifted.plain(a), n, products_[p].data());
    columns_[p] = products_[p].data();
  }
}

void CellAccumulator::fill_rows_precise(const Tile& tile, std::span<const double> origin) {
  const size_t n = tile.rows;
  for (size_t v = 1; v < plan_.n_values; ++v) {
    subtract_dd(tile.values[v - 1], tile.low[v - 1], origin[v - 1], n, shifted_[v].data(),
                shifted_low_[v].data());
  }
  for (size_t p = 0; p < plan_.products.size(); ++p) {
    const auto [a, b] = plan_.products[p];
    product_dd(shifted_[a].data(), shifted_low_[a].data(), shifted_[b].data(),
               shifted_low_[b].data(), n, product_.data(), product_low_.data());
    if (weighted_) {
      multiply_dd(product_.data(), product_low_.data(), tile.weight, n, product_.data(),
                  product_low_.data());
    }
    for (size_t i = 0; i < n; ++i) {
      rows_[i * width_ + p] = product_[i];
      rows_low_[i * width_ + p] = product_low_[i];
    }
  }
}

void CellAccumulator::add(const Tile& tile, const ShiftedTile& shifted, ReadAhead& ahead) {
  if (working_.empty()) return;
  fill_columns(shifted, tile.rows);
  scatter_all(tile, ahead);
}

void CellAccumulator::add_precise(const Tile& tile, std::span<const double> origin) {
  if (working_.empty()) return;
  fill_rows_precise(tile, origin);
  ReadAhead ahead(tile.ahead);
  scatter_all(tile, ahead);
}

void CellAccumulator::scatter_all(const Tile& tile, ReadAhead& ahead) {
  for (Working& working : working_) {
    const uint32_t* cells = cells_of(tile, working);
    working.rows += tile.rows;
    if (!working.counts.empty()) {
      count_rows(cells, tile.rows, working.counts.data(), ahead);
      // Exact: no need to add them before they would overflow.
      if (working.rows > std::numeric_limits<uint32_t>::max() - kTileRows) flush(working);
      continue;
    }
    if (working.width == 1 && precise_) {
      scatter_weights_precise(cells, tile.weight, tile.rows, working.hi.data(), working.lo.data());
    } else if (working.width == 1) {
      scatter_weights(cells, tile.weight, tile.rows, working.hi.data());
    } else if (precise_) {
      scatter_rows_precise(cells, rows_.data(), rows_low_.data(), width_, tile.rows,
                           working.hi.data(), working.lo.data());
    } else {
      scatter_columns(cells, columns_.data(), width_, tile.rows, working.hi.data(), ahead);
    }
    if (working.rows >= rows_between(working.cells)) flush(working);
  }
}

const uint32_t* CellAccumulator::cells_of(const Tile& tile, const Working& working) {
  if (working.factors.size() == 1) return tile.codes[working.factors[0]];
  codes_.clear();
  for (const size_t factor : working.factors) codes_.push_back(tile.codes[factor]);
  cell_indices(codes_.data(), working.strides.data(), codes_.size(), tile.rows, cells_.data());
  return cells_.data();
}

void CellAccumulator::flush(Working& working) {
  if (working.rows == 0) return;
  if (!working.counts.empty()) {
    CellTable& table = tables_[working.tables[0]];
    for (uint64_t cell = 0; cell < working.cells; ++cell) table.hi[cell] += working.counts[cell];
    std::fill(working.counts.begin(), working.counts.end(), 0);
    working.rows = 0;
    return;
  }
  for (const size_t t : working.tables) add_margin_of(working, t);
  std::fill(working.hi.begin(), working.hi.end(), 0.0);
  std::fill(working.lo.begin(), working.lo.end(), 0.0);
  working.rows = 0;
}

// Sums the cells of `working` onto the planned factors, and adds them to the table. In double: a
// margin of a few thousand terms rounds less than the bound of a tile. With `precise`, in
// double-double.
void CellAccumulator::add_margin_of(const Working& working, size_t t) {
  const CellTablePlan& planned = plan_.tables[t];
  CellTable& table = tables_[t];
  const size_t products = planned.products.size();
  if (products == working.width && planned.factors == working.factors) {
    dd_add(table.hi.data(), table.lo.data(), working.hi.data(),
           precise_ ? working.lo.data() : nullptr, table.hi.size());
    return;
  }
  const size_t depth = working.factors.size();
  std::vector<uint64_t> strides(
      depth, 0);  // of the planned cells along the working table's factors; 0: summed out
  uint64_t stride = 1;
  for (const size_t factor : planned.factors) {
    const auto at = std::find(working.factors.begin(), working.factors.end(), factor);
    strides[static_cast<size_t>(at - working.factors.begin())] = stride;
    stride *= counts_[factor];
  }
  const size_t width = products == 1 ? 1 : working.width;
  AlignedDoubles sums(stride * width, 0.0);
  AlignedDoubles low(precise_ ? sums.size() : 0, 0.0);
  const uint64_t run = counts_[working.factors[0]];
  std::vector<uint32_t> digits(depth, 0);
  uint64_t to = 0;
  for (uint64_t cell = 0; cell < working.cells; cell += run) {
    const size_t from = cell * working.width;
    const MarginRun margin{run, working.width, width, strides[0]};
    if (precise_) {
      add_margin_precise(margin, working.hi.data() + from, working.lo.data() + from,
                         sums.data() + to * width, low.data() + to * width);
    } else {
      add_margin(margin, working.hi.data() + from, sums.data() + to * width);
    }
    for (size_t f = 1; f < depth; ++f) {
      to += strides[f];
      if (++digits[f] < counts_[working.factors[f]]) break;
      to -= strides[f] * counts_[working.factors[f]];
      digits[f] = 0;
    }
  }
  for (uint64_t cell = 0; cell < stride; ++cell) {
    for (size_t p = 0; p < products; ++p) {
      const size_t from = cell * width + (width == 1 ? 0 : planned.products[p]);
      const size_t into = cell * products + p;
      const DoubleDouble sum =
          table.at(cell, p) + DoubleDouble(sums[from], precise_ ? low[from] : 0.0);
      table.hi[into] = sum.hi;
      table.lo[into] = sum.lo;
    }
  }
}

void CellAccumulator::finish() {
  for (Working& working : working_) flush(working);
}

}  // namespace insitu
