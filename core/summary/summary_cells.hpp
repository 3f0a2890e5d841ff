// Cells of a summary's terms when the levels of their factors grow or are put in another order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "summary/summary_analysis.hpp"

namespace insitu {

// More cells than this in one term is a SpecError.
inline constexpr uint64_t kMaxSummaryCells = kMaxCells;

using LevelLists = std::vector<std::vector<std::string>>;
// Code of each label of one list of levels in another: map[factor][code].
using LevelCodes = std::vector<std::vector<uint32_t>>;

// Cells over some factors; SpecError beyond kMaxSummaryCells.
uint64_t count_cells(const std::vector<uint32_t>& factors, const LevelLists& levels);

// Cell over the levels `from` -> cell over the levels `to`.
class CellMap {
 public:
  CellMap(const std::vector<uint32_t>& factors, const LevelLists& from, const LevelLists& to,
          const LevelCodes& map);
  uint64_t operator()(uint64_t cell) const;

 private:
  struct Digit {
    uint64_t count;
    uint64_t stride;
    const std::vector<uint32_t>* map;
  };
  std::vector<Digit> digits_;
};

// Adds to the state the labels that `more` has and it lacks, with their cells. Returns the codes of
// `more`.
LevelCodes grow_levels(SummaryState& state, const LevelLists& more);

// The same state over `levels`, which hold all its labels.
SummaryState reorder(const SummaryState& state, const LevelLists& levels);

// into[cell under map] merges from[cell].
void merge_cells(SummaryTerm& into, const SummaryTerm& from, const CellMap& map);

}  // namespace insitu
