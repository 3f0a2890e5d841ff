#include "summary/summary_pass.hpp"

#include <algorithm>
#include <cmath>

#include "base/levels.hpp"
#include "design/row_reader.hpp"
#include "summary/moment_kernels.hpp"
#include "summary/summary_cells.hpp"

namespace insitu {
namespace {

// All columns of a tile stay in the second cache, the one at work in the first.
constexpr size_t kSummaryRows = 2048;

enum RowStatus : uint8_t { kRowMissing = 0, kRowUsed = 1, kRowUncounted = 2 };

// Marks of rows in a list of cells; no cell has them.
constexpr uint32_t kNoCell = 0xFFFFFFFFu;
constexpr uint32_t kUncounted = 0xFFFFFFFEu;

class Pass {
 public:
  Pass(const Design& design, bool by_term, SummaryState& state)
      : design_(design), by_term_(by_term), state_(state), sums_(design.terms.size()) {
    for (size_t t = 0; t < design.terms.size(); ++t) {
      if (is_cells(t)) sums_[t].resize(state.terms[t].moments.size());
    }
  }

  void add(const Tile& tile) {
    tile_ = &tile;
    mark_rows();
    for (size_t t = 0; t < design_.terms.size(); ++t) {
      if (design_.terms[t].factors.empty()) {
        add_numbers(t);
      } else {
        find_cells(design_.terms[t]);
        design_.terms[t].feature.has_value() ? add_cells(t) : add_counts(t);
      }
    }
  }

  void finish() {
    for (size_t t = 0; t < sums_.size(); ++t) {
      for (size_t cell = 0; cell < sums_[t].size(); ++cell) {
        const CellSums& sums = sums_[t][cell];
        if (sums.valid + sums.missing == 0) continue;
        merge(state_.terms[t].moments[cell], moments_of(sums, !design_.weight.empty()));
      }
    }
  }

 private:
  bool is_cells(size_t t) const {
    return !design_.terms[t].factors.empty() && design_.terms[t].feature.has_value();
  }
  double weight(size_t i) const { return tile_->weight[i]; }

  // Decides which rows are used; all_used_ where that is every row.
  void mark_rows() {
    const size_t n = tile_->rows;
    all_used_ = true;
    status_.assign(n, kRowUsed);
    if (!by_term_) mark_incomplete();
    if (tile_->weight != nullptr) {
      for (size_t i = 0; i < n; ++i) {
        if (weight(i) == 0.0) {
          status_[i] = kRowUncounted;
          ++state_.zero_weight;
        } else if (std::isnan(weight(i))) {
          status_[i] = kRowMissing;
        }
      }
    }
    size_t used = 0;
    for (size_t i = 0; i < n; ++i) used += status_[i] == kRowUsed;
    all_used_ = used == n;
    state_.rows += n;
    state_.used += used;
    add_weights();
  }

  void mark_incomplete() {
    for (size_t k = 0; k < design_.features.size(); ++k) {
      if (std::isfinite(tile_->sums[k])) continue;
      for (size_t i = 0; i < tile_->rows; ++i) {
        if (std::isnan(tile_->values[k][i])) status_[i] = kRowMissing;
      }
    }
    for (const uint32_t* codes : tile_->codes) {
      for (size_t i = 0; i < tile_->rows; ++i) {
        if (codes[i] >= kUnseenCode) status_[i] = kRowMissing;
      }
    }
  }

  void add_weights() {
    DoubleDouble sum;
    for (size_t i = 0; i < tile_->rows && tile_->weight != nullptr; ++i) {
      if (status_[i] == kRowUsed) sum += weight(i);
    }
    state_.weight += sum;
  }

  void add_numbers(size_t t) {
    const size_t feature = *design_.terms[t].feature;
    const double* x = tile_->values[feature];
    Moments& into = state_.terms[t].moments[0];
    if (all_used_ && std::isfinite(tile_->sums[feature])) {
      merge(into, moments_of(x, tile_->weight, tile_->rows));
      return;
    }
    x_.resize(tile_->rows + 1);
    w_.resize(tile_->rows + 1);
    size_t count = 0;
    size_t uncounted = 0;
    DoubleDouble lost;
    for (size_t i = 0; i < tile_->rows; ++i) {
      const bool valid = status_[i] == kRowUsed && !std::isnan(x[i]);
      x_[count] = x[i];
      if (tile_->weight != nullptr) {
        w_[count] = weight(i);
        if (!valid && weight(i) > 0.0) lost += weight(i);
      }
      count += valid;
      uncounted += status_[i] == kRowUncounted;
    }
    Moments found;
    if (count > 0)
      found = moments_of(x_.data(), tile_->weight == nullptr ? nullptr : w_.data(), count);
    found.missing = tile_->rows - uncounted - count;
    found.missing_weight = lost;
    merge(into, found);
  }

  // The cell of each row, or kNoCell, kUncounted.
  void find_cells(const DesignTerm& term) {
    const size_t n = tile_->rows;
    cells_.assign(n, 0);
    uint32_t stride = 1;
    for (const size_t factor : term.factors) {
      const uint32_t* codes = tile_->codes[factor];
      for (size_t i = 0; i < n; ++i) {
        cells_[i] = codes[i] >= kUnseenCode || cells_[i] == kNoCell ? kNoCell
                                                                    : cells_[i] + stride * codes[i];
      }
      stride *= static_cast<uint32_t>(state_.levels[factor].size());
    }
    for (size_t i = 0; i < n && !all_used_; ++i) {
      if (status_[i] != kRowUsed) cells_[i] = status_[i] == kRowMissing ? kNoCell : kUncounted;
    }
  }

  void count_outside(SummaryTerm& term) {
    for (size_t i = 0; i < tile_->rows; ++i) {
      if (cells_[i] != kNoCell) continue;
      ++term.outside;
      if (tile_->weight != nullptr && weight(i) > 0.0) term.outside_weight += weight(i);
    }
  }

  void add_cells(size_t t) {
    count_outside(state_.terms[t]);
    add_to_cells(cells_.data(), tile_->values[*design_.terms[t].feature], tile_->weight,
                 tile_->rows, sums_[t].data(), static_cast<uint32_t>(sums_[t].size()));
  }

  void add_counts(size_t t) {
    SummaryTerm& term = state_.terms[t];
    count_outside(term);
    for (size_t i = 0; i < tile_->rows; ++i) {
      if (cells_[i] >= term.counts.size()) continue;
      ++term.counts[cells_[i]];
      if (tile_->weight != nullptr) term.weights[cells_[i]] += weight(i);
    }
  }

  const Design& design_;
  bool by_term_;
  SummaryState& state_;
  std::vector<std::vector<CellSums>> sums_;  // per term of moments in cells
  const Tile* tile_ = nullptr;
  bool all_used_ = true;
  std::vector<uint8_t> status_;
  std::vector<uint32_t> cells_;
  std::vector<double> x_;
  std::vector<double> w_;
};

}  // namespace

void summarise(const Design& design, bool by_term, const Chunk& chunk, SummaryState& into) {
  if (chunk.rows() == 0) return;
  std::vector<LevelTable> tables;
  for (const auto& labels : into.levels) tables.emplace_back(labels);
  RowNeeds needs;
  needs.response = false;
  needs.complete_rows = false;
  RowReader reader(design, needs, tables);
  reader.bind(chunk);
  LevelLists levels;
  for (const LevelTable& table : tables) levels.push_back(table.labels());
  grow_levels(into, levels);
  Pass pass(design, by_term, into);
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kSummaryRows) {
    pass.add(reader.read(
        begin, static_cast<size_t>(std::min<uint64_t>(kSummaryRows, chunk.rows() - begin))));
  }
  pass.finish();
}

}  // namespace insitu
