// One pass of a summary: moments of the numeric terms, counts of the cells of factor terms, moments
// within cells.
//
// Statistics and merge formula: moments.hpp; cells merge by their labels. Cost per row: about 20
// operations a number, 25 a number in cells, a count otherwise. Memory: 15 numbers a numeric term
// or cell. A missing value leaves its own term's counts (by_term) or the row (listwise); a missing
// weight leaves the row and is counted missing in every term; zero weight leaves the row uncounted;
// infinity and negative weights are DataErrors; no rows give the empty state.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "design/design.hpp"
#include "summary/moments.hpp"

namespace insitu {

// One term; which members it uses follows from its kind.
struct SummaryTerm {
  std::vector<uint32_t> factors;      // indices into SummaryState::levels
  bool numeric = false;               // moments, otherwise counts
  std::vector<Moments> moments;       // numeric: one; cells: one a cell
  std::vector<uint64_t> counts;       // counts: rows of each cell
  std::vector<DoubleDouble> weights;  // counts with weights: their sum in each cell
  uint64_t outside = 0;               // rows without a cell: a factor is missing
  DoubleDouble outside_weight;

  static void fields(auto& self, auto&& visit) {
    visit("factors", FieldKind::kExact, self.factors);
    visit("numeric", FieldKind::kExact, self.numeric);
    visit("moments", FieldKind::kSum, self.moments);
    visit("counts", FieldKind::kExact, self.counts);
    visit("weights", FieldKind::kSum, self.weights);
    visit("outside", FieldKind::kExact, self.outside);
    visit("outside_weight", FieldKind::kSum, self.outside_weight);
  }
};

struct SummaryState {
  uint64_t rows = 0;
  uint64_t used = 0;  // valid weight and, if listwise, every variable
  uint64_t zero_weight = 0;
  DoubleDouble weight;  // of the used rows
  std::vector<std::vector<std::string>>
      levels;  // per factor; cells are mixed-radix over their codes, first factor fastest
  std::vector<SummaryTerm> terms;

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("used", FieldKind::kExact, self.used);
    visit("zero_weight", FieldKind::kExact, self.zero_weight);
    visit("weight", FieldKind::kSum, self.weight);
    visit("levels", FieldKind::kExact, self.levels);
    visit("terms", FieldKind::kSum, self.terms);
  }
  // Levels are matched by label.
  double distance(const SummaryState& other) const;
};

class SummaryAnalysis {
 public:
  using State = SummaryState;
  static constexpr std::string_view kName = "summary";

  // The design has no response: what would be one is part of the terms (summary_fit.hpp).
  SummaryAnalysis(Design design, bool by_term, Weighting weighting);
  // {"design": …, "by_term": true, "weighting": "none" | "pweights" | "fweights"}
  static SummaryAnalysis from_spec(const Json& spec);

  Json spec() const;
  const std::vector<std::string>& columns() const { return columns_; }
  State empty() const;
  void update(State& into, const Chunk& chunk) const;
  void merge(State& into, const State& from) const;
  // The result of fit "summary" (docs/architecture.md) but for its formula.
  Json finalize(const State& state) const;
  uint64_t smallest_cell(const State& state) const;
  uint64_t state_bytes() const;
  void validate(const State& state) const;
  // What SQL must sum, and the state of its answer (summary_sums.cpp).
  Json sums() const;
  State from_sums(const Json& facts, const Chunk& answer) const;

 private:
  Design design_;
  bool by_term_;
  Weighting weighting_;
  std::vector<std::string> columns_;
};

}  // namespace insitu
