// The summary of rows that a database summed (design/sum_groups.hpp).
#include <algorithm>
#include <cmath>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/sum_groups.hpp"
#include "summary/summary_analysis.hpp"
#include "summary/summary_cells.hpp"

namespace insitu {
namespace {

using Status = SumGroups::Status;

// The sums one term needs: of its value, if it has one, in each cell of its factors.
SumTable table_of(const DesignTerm& term) {
  SumTable table;
  table.factors = term.factors;
  table.products.push_back({0, 0});
  if (term.feature.has_value()) {
    const size_t value = 1 + *term.feature;
    table.products.push_back({0, value});
    table.products.push_back({value, value});
    table.described = {value};
  }
  return table;
}

// What the terms of a state are filled from.
class FromGroups {
 public:
  FromGroups(const Design& design, const SumGroups& groups, SummaryState& state)
      : design_(design), groups_(groups), state_(state), weighted_(!design.weight.empty()) {}

  void count(const SumGroups::Block& block) {
    for (const size_t group : block.groups) {
      const uint64_t rows = groups_.rows(group);
      const Status status = rows_status(group);
      state_.rows += rows;
      if (status == Status::kUsed) state_.used += rows;
      if (status == Status::kZeroWeight) state_.zero_weight += rows;
      if (status == Status::kUsed && weighted_) state_.weight += groups_.weight(group);
    }
  }

  void fill(size_t t) {
    const DesignTerm& term = design_.terms[t];
    const SumGroups::Block& block = groups_.block_for(table_of(term));
    for (const size_t group : block.groups) {
      const Status status = rows_status(group);
      if (status == Status::kZeroWeight) continue;
      const bool used = status == Status::kUsed;
      SummaryTerm& into = state_.terms[t];
      uint64_t cell = 0;
      const bool inside = used || term.factors.empty() ? cell_of(into, group, cell) : false;
      if (!inside) {
        into.outside += groups_.rows(group);
        if (weighted_) into.outside_weight += weight_of(group);
      } else if (into.numeric) {
        merge(into.moments[cell], moments_of(block, 1 + *term.feature, group, used));
      } else {
        into.counts[cell] += groups_.rows(group);
        if (weighted_) into.weights[cell] += groups_.weight(group);
      }
    }
  }

 private:
  // The factors of other terms may be missing.
  Status rows_status(size_t group) const {
    static const SumGroups::Block kNoFactors;
    return groups_.status(kNoFactors, group);
  }

  // Sums of no weights are null.
  double weight_of(size_t group) const {
    const double weight = groups_.weight(group);
    return std::isnan(weight) ? 0.0 : weight;
  }

  bool cell_of(const SummaryTerm& term, size_t group, uint64_t& cell) const {
    uint64_t stride = 1;
    for (const uint32_t factor : term.factors) {
      const uint32_t code = groups_.code(factor, group);
      if (code >= kUnseenCode) return false;
      cell += stride * code;
      stride *= state_.levels[factor].size();
    }
    return true;
  }

  Moments moments_of(const SumGroups::Block& block, size_t value, size_t group, bool used) const {
    const uint64_t rows = groups_.rows(group);
    const double present = groups_.described('n', value)[group];
    Moments made;
    made.valid = used && present > 0.0 ? static_cast<uint64_t>(present) : 0;
    made.missing = rows - std::min(rows, made.valid);
    if (weighted_) {
      const double lost = groups_.described('m', value)[group];
      made.missing_weight = !used ? weight_of(group) : std::isnan(lost) ? 0.0 : lost;
    }
    if (made.valid == 0) return made;
    made.weight = weighted_ ? groups_.described('w', value)[group] : present;
    made.min = groups_.described('l', value)[group];
    made.max = groups_.described('g', value)[group];
    const DoubleDouble sum = groups_.value(groups_.product(block, 0, value), group);
    const DoubleDouble squares = groups_.value(groups_.product(block, value, value), group);
    if (!std::isfinite(sum.hi) || !std::isfinite(squares.hi))
      throw NumericError("a sum of squares is beyond what doubles hold");
    made.mean = sum / made.weight + DoubleDouble(groups_.origin_of(value, group));
    made.m2 = squares - sum / made.weight * sum;
    if (made.min == made.max || !(made.m2.hi > 0.0)) made.m2 = 0.0;
    return made;
  }

  const Design& design_;
  const SumGroups& groups_;
  SummaryState& state_;
  bool weighted_;
};

}  // namespace

Json SummaryAnalysis::sums() const {
  std::vector<SumTable> tables;
  for (const DesignTerm& term : design_.terms) tables.push_back(table_of(term));
  return sum_request(design_, {.response = false, .complete = !by_term_}, tables);
}

SummaryState SummaryAnalysis::from_sums(const Json& facts, const Chunk& answer) const {
  const SumGroups groups(design_.factors, design_.features.size(), !design_.weight.empty(), facts,
                         answer);
  LevelLists levels;
  for (size_t f = 0; f < design_.factors.size(); ++f) levels.push_back(groups.labels(f));
  SummaryState state = empty();
  grow_levels(state, levels);
  FromGroups from(design_, groups, state);
  from.count(groups.block_for(table_of(design_.terms[0])));
  for (size_t t = 0; t < design_.terms.size(); ++t) from.fill(t);
  return state;
}

}  // namespace insitu
