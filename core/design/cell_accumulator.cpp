#include "design/cell_accumulator.hpp"

#include <algorithm>

#include "design/cell_kernels.hpp"

namespace insitu {
namespace {

constexpr uint64_t kJointCells = uint64_t{1}
                                 << 18;  // at 32 bytes each, the third-level cache's share

}  // namespace

CellAccumulator::CellAccumulator(const CellPlan& plan, const std::vector<uint32_t>& counts,
                                 uint64_t rows, bool weighted, bool precise)
    : plan_(plan),
      counts_(counts),
      weighted_(weighted),
      precise_(precise),
      width_((plan.products.size() + 3) & ~size_t{3}) {
  if (plan.tables.empty()) return;
  std::vector<size_t> all;
  for (const CellTablePlan& table : plan.tables) {
    for (const size_t factor : table.factors) {
      if (std::find(all.begin(), all.end(), factor) == all.end()) all.push_back(factor);
    }
  }
  std::sort(all.begin(), all.end());
  uint64_t cells = 1;
  for (const size_t factor : all)
    cells = std::min(cells * std::max(counts[factor], 1u), kJointCells + 1);
  joint_ = plan.tables.size() > 1 && cells <= std::min(kJointCells, rows / 2);
  if (joint_) {
    add_scratch(all, false);
  } else {
    for (const CellTablePlan& table : plan.tables)
      add_scratch(table.factors, table.products.size() == 1);
  }
  cells_.resize(kTileRows);
  rows_.resize(kTileRows * width_);
  shifted_.assign(plan.n_values, AlignedDoubles(kTileRows));
  if (precise) {
    rows_low_.resize(kTileRows * width_);
    shifted_low_.assign(plan.n_values, AlignedDoubles(kTileRows));
    product_.resize(kTileRows);
    product_low_.resize(kTileRows);
  }
}

void CellAccumulator::add_scratch(const std::vector<size_t>& factors, bool weight_only) {
  Scratch scratch;
  scratch.factors = factors;
  uint32_t stride = 1;
  for (const size_t factor : factors) {
    scratch.strides.push_back(stride);
    stride *= counts_[factor];
  }
  scratch.width = weight_only ? 1 : width_;
  scratch.hi.assign(count_cells(factors, counts_) * scratch.width, 0.0);
  if (precise_) scratch.lo.assign(scratch.hi.size(), 0.0);
  scratch_.push_back(std::move(scratch));
}

void CellAccumulator::fill_rows(const Tile& tile, std::span<const double> origin) {
  const size_t n = tile.rows;
  for (size_t v = 1; v < plan_.n_values; ++v) {
    subtract(tile.values[v - 1], origin[v - 1], n, shifted_[v].data());
  }
  for (size_t p = 0; p < plan_.products.size(); ++p) {
    const auto [a, b] = plan_.products[p];
    double* out = rows_.data() + p;
    const double* y = b == 0 ? nullptr : shifted_[b].data();
    if (y == nullptr) {
      for (size_t i = 0; i < n; ++i) out[i * width_] = 1.0;
    } else if (a == 0) {
      for (size_t i = 0; i < n; ++i) out[i * width_] = y[i];
    } else {
      const double* x = shifted_[a].data();
      for (size_t i = 0; i < n; ++i) out[i * width_] = x[i] * y[i];
    }
    if (weighted_) {
      for (size_t i = 0; i < n; ++i) out[i * width_] *= tile.weight[i];
    }
  }
}

void CellAccumulator::fill_rows_precise(const Tile& tile, std::span<const double> origin) {
  const size_t n = tile.rows;
  for (size_t v = 1; v < plan_.n_values; ++v) {
    subtract_dd(tile.values[v - 1], tile.low[v - 1], origin[v - 1], n, shifted_[v].data(),
                shifted_low_[v].data());
  }
  std::fill(shifted_[0].begin(), shifted_[0].end(), 1.0);
  std::fill(shifted_low_[0].begin(), shifted_low_[0].end(), 0.0);
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

void CellAccumulator::add(const Tile& tile, std::span<const double> origin) {
  if (scratch_.empty() || tile.rows == 0) return;
  if (precise_) {
    fill_rows_precise(tile, origin);
  } else {
    fill_rows(tile, origin);
  }
  std::vector<const uint32_t*> codes;
  for (Scratch& scratch : scratch_) {
    codes.clear();
    for (const size_t factor : scratch.factors) codes.push_back(tile.codes[factor]);
    cell_indices(codes.data(), scratch.strides.data(), codes.size(), tile.rows, cells_.data());
    if (scratch.width == 1 && precise_) {
      scatter_weights_precise(cells_.data(), tile.weight, tile.rows, scratch.hi.data(),
                              scratch.lo.data());
    } else if (scratch.width == 1) {
      scatter_weights(cells_.data(), tile.weight, tile.rows, scratch.hi.data());
    } else if (precise_) {
      scatter_rows_precise(cells_.data(), rows_.data(), rows_low_.data(), width_, tile.rows,
                           scratch.hi.data(), scratch.lo.data());
    } else {
      scatter_rows(cells_.data(), rows_.data(), width_, tile.rows, scratch.hi.data());
    }
  }
}

// Sums the cells of `scratch` onto the planned factors. In double: a margin of a few thousand terms
// rounds less than the bound of a tile. With `precise`, in double-double.
void CellAccumulator::collect(const Scratch& scratch, CellTable& table,
                              const CellTablePlan& planned) const {
  const size_t depth = scratch.factors.size();
  std::vector<uint64_t> strides(
      depth, 0);  // of the planned cells along the scratch's factors; 0: summed out
  uint64_t stride = 1;
  for (const size_t factor : planned.factors) {
    const auto at = std::find(scratch.factors.begin(), scratch.factors.end(), factor);
    strides[static_cast<size_t>(at - scratch.factors.begin())] = stride;
    stride *= counts_[factor];
  }
  const size_t width = planned.products.size() == 1 ? 1 : scratch.width;
  AlignedDoubles sums(stride * width, 0.0);
  AlignedDoubles low(precise_ ? sums.size() : 0, 0.0);
  const uint64_t run = counts_[scratch.factors[0]];
  const uint64_t cells = scratch.hi.size() / scratch.width;
  std::vector<uint32_t> digits(depth, 0);
  uint64_t to = 0;
  for (uint64_t cell = 0; cell < cells; cell += run) {
    const size_t from = cell * scratch.width;
    const MarginRun margin{run, scratch.width, width, strides[0]};
    if (precise_) {
      add_margin_precise(margin, scratch.hi.data() + from, scratch.lo.data() + from,
                         sums.data() + to * width, low.data() + to * width);
    } else {
      add_margin(margin, scratch.hi.data() + from, sums.data() + to * width);
    }
    for (size_t f = 1; f < depth; ++f) {
      to += strides[f];
      if (++digits[f] < counts_[scratch.factors[f]]) break;
      to -= strides[f] * counts_[scratch.factors[f]];
      digits[f] = 0;
    }
  }
  const size_t products = planned.products.size();
  for (uint64_t cell = 0; cell < stride; ++cell) {
    for (size_t p = 0; p < products; ++p) {
      const size_t from = cell * width + (width == 1 ? 0 : planned.products[p]);
      table.hi[cell * products + p] = sums[from];
      table.lo[cell * products + p] = precise_ ? low[from] : 0.0;
    }
  }
}

void CellAccumulator::finish(std::vector<CellTable>& tables) const {
  if (scratch_.empty()) return;
  for (size_t t = 0; t < tables.size(); ++t) {
    collect(scratch_[joint_ ? 0 : t], tables[t], plan_.tables[t]);
  }
}

}  // namespace insitu
