#include "summary/summary_cells.hpp"

#include <algorithm>

#include "base/compare.hpp"
#include "base/errors.hpp"
#include "base/levels.hpp"
#include "design/cell_table.hpp"

namespace insitu {
namespace {

// The term's cells over other levels.
SummaryTerm placed(const SummaryTerm& term, const LevelLists& from, const LevelLists& to,
                   const LevelCodes& map) {
  const uint64_t size = count_cells(term.factors, to);
  SummaryTerm result;
  result.factors = term.factors;
  result.numeric = term.numeric;
  if (term.numeric) {
    result.moments.resize(size);
  } else {
    result.counts.resize(size);
    result.weights.resize(size);
  }
  merge_cells(result, term, CellMap(term.factors, from, to, map));
  result.outside = term.outside;
  result.outside_weight = term.outside_weight;
  return result;
}

}  // namespace

uint64_t count_cells(const std::vector<uint32_t>& factors, const LevelLists& levels) {
  uint64_t cells = 1;
  for (const uint32_t factor : factors) {
    const uint64_t count = levels[factor].size();
    if (count != 0 && cells > kMaxSummaryCells / count) {
      throw SpecError("an interaction has more than " + std::to_string(kMaxSummaryCells) +
                      " cells; use fewer factors or fewer levels");
    }
    cells *= count;
  }
  return cells;
}

CellMap::CellMap(const std::vector<uint32_t>& factors, const LevelLists& from, const LevelLists& to,
                 const LevelCodes& map) {
  uint64_t stride = 1;
  for (const uint32_t factor : factors) {
    digits_.push_back({from[factor].size(), stride, &map[factor]});
    stride *= to[factor].size();
  }
}

uint64_t CellMap::operator()(uint64_t cell) const {
  uint64_t to = 0;
  for (const Digit& digit : digits_) {
    to += digit.stride * (*digit.map)[cell % digit.count];
    cell /= digit.count;
  }
  return to;
}

void merge_cells(SummaryTerm& into, const SummaryTerm& from, const CellMap& map) {
  for (uint64_t cell = 0; cell < from.moments.size(); ++cell) {
    merge(into.moments[map(cell)], from.moments[cell]);
  }
  for (uint64_t cell = 0; cell < from.counts.size(); ++cell) {
    const uint64_t to = map(cell);
    into.counts[to] += from.counts[cell];
    into.weights[to] += from.weights[cell];
  }
}

LevelCodes grow_levels(SummaryState& state, const LevelLists& more) {
  const LevelLists before = state.levels;
  LevelCodes codes(more.size());
  LevelCodes same(more.size());
  for (size_t f = 0; f < more.size(); ++f) {
    codes[f] = unite_levels(state.levels[f], more[f]);
    for (uint32_t code = 0; code < before[f].size(); ++code) same[f].push_back(code);
  }
  for (SummaryTerm& term : state.terms) {
    const bool grown = std::any_of(term.factors.begin(), term.factors.end(), [&](uint32_t f) {
      return state.levels[f].size() > before[f].size();
    });
    if (grown) term = placed(term, before, state.levels, same);
  }
  return codes;
}

SummaryState reorder(const SummaryState& state, const LevelLists& levels) {
  LevelCodes map(levels.size());
  for (size_t f = 0; f < levels.size(); ++f) {
    const LevelTable table(levels[f]);
    for (const std::string& label : state.levels[f]) map[f].push_back(table.find(label));
  }
  SummaryState result = state;
  result.levels = levels;
  for (SummaryTerm& term : result.terms) {
    if (!term.factors.empty()) term = placed(term, state.levels, levels, map);
  }
  return result;
}

double SummaryState::distance(const SummaryState& other) const {
  if (rows != other.rows || used != other.used || zero_weight != other.zero_weight ||
      levels.size() != other.levels.size()) {
    return detail::kFar;
  }
  for (size_t f = 0; f < levels.size(); ++f) {
    if (!std::is_permutation(levels[f].begin(), levels[f].end(), other.levels[f].begin(),
                             other.levels[f].end())) {
      return detail::kFar;
    }
  }
  return std::max(insitu::distance(weight, other.weight),
                  insitu::distance(terms, reorder(other, levels).terms));
}

}  // namespace insitu
