// One pass of the linear model: rows -> the cross-products of its design (design/cross_products.hpp
// has the statistics, merge formula, cost, memory and error bound). A row with a missing value in a
// used column, or a missing weight, is counted as missing; zero weight leaves it out; infinity and
// negative weights are DataErrors; no rows give the empty state.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "design/cross_products.hpp"

namespace insitu {

struct LinearState {
  uint64_t rows = 0;
  uint64_t used = 0;
  uint64_t missing = 0;
  uint64_t zero_weight = 0;
  DoubleDouble log_weights;  // sum of ln w
  CrossProducts products;

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("used", FieldKind::kExact, self.used);
    visit("missing", FieldKind::kExact, self.missing);
    visit("zero_weight", FieldKind::kExact, self.zero_weight);
    visit("log_weights", FieldKind::kSum, self.log_weights);
    visit("products", FieldKind::kSum, self.products);
  }
};

class LinearAnalysis {
 public:
  using State = LinearState;
  static constexpr std::string_view kName = "linear";

  LinearAnalysis(Design design, bool precise);
  // {"design": …, "precise": false}
  static LinearAnalysis from_spec(const Json& spec);

  Json spec() const;
  const std::vector<std::string>& columns() const { return columns_; }
  State empty() const;
  void update(State& into, const Chunk& chunk) const;
  void merge(State& into, const State& from) const;
  // Counts, levels and means: what a reader of a stored state wants to see.
  Json finalize(const State& state) const;
  // Weighted rows are not counted by cell.
  uint64_t smallest_cell(const State& state) const;
  uint64_t state_bytes() const;
  void validate(const State& state) const;
  // What SQL must sum, and the state of its answer (design/sum_request.hpp, sum_groups.hpp); null
  // with `precise`, which no SQL is, and where clusters would be grouped by.
  Json sums() const;
  State from_sums(const Json& facts, const Chunk& answer) const;

  const Design& design() const { return design_; }

 private:
  void check_levels(const State& state) const;

  Design design_;
  CellPlan plan_;
  bool precise_;
  std::vector<std::string> columns_;
};

}  // namespace insitu
