// One pass that finds the levels of factor columns, for a fit whose columns cannot be built without
// them: N(f) and the bounds of F(f, 1, 3) are positions in the published order, which only the last
// row settles.
//
// Statistics: the distinct labels of each column, in byte order. Merge: their union, so states are
// exact. Cost: one encoding a row and column. Memory: the labels; more than kMaxLevels in one
// column is a SpecError. A missing value is no level; no rows give none.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "base/levels.hpp"
#include "design/design.hpp"

namespace insitu {

struct LevelsState {
  std::vector<std::vector<std::string>> labels;  // per column, ascending by bytes

  static void fields(auto& self, auto&& visit) { visit("labels", FieldKind::kExact, self.labels); }
};

class LevelsAnalysis {
 public:
  using State = LevelsState;
  static constexpr std::string_view kName = "levels";

  // SpecError without columns, or with one named twice.
  explicit LevelsAnalysis(std::vector<std::string> columns);
  // {"columns": ["f", …]}
  static LevelsAnalysis from_spec(const Json& spec);

  Json spec() const;
  const std::vector<std::string>& columns() const { return columns_; }
  State empty() const;
  void update(State& into, const Chunk& chunk) const;
  void merge(State& into, const State& from) const;
  // {"levels": {column: [labels in published order]}}
  Json finalize(const State& state) const;
  uint64_t state_bytes() const;
  void validate(const State& state) const;
  // See sum_request.hpp, sum_groups.hpp.
  Json sums() const;
  State from_sums(const Json& facts, const Chunk& answer) const;

 private:
  std::vector<std::string> columns_;
};

// The pass that a design needs before its rows can be read, or null if it needs none.
AnalysisPtr levels_pass(const Design& design);
// The design with the levels that `pass`, its levels_pass, has found.
Design with_levels(const Design& design, const AnyAnalysis& pass, const AnyState& state);

}  // namespace insitu
