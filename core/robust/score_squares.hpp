// One pass over the rows of a fitted model that ends in the squares of its scores: X' diag(s^2) X,
// the inner part of covariances that hold whatever the variances of the rows are (White, 1980;
// MacKinnon and White, 1985).
//
// A row counts its squared score, divided by (1 - h) or (1 - h)^2 where a leverage is asked for,
// with h = W x' (X'WX)^-1 x. A row that stands for f equal ones counts f times what each of them
// would. Sums, merge, memory and error bound are those of design/cross_products.hpp.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "design/cross_products.hpp"
#include "design/row_form.hpp"
#include "robust/score_rows.hpp"

namespace insitu {

struct ScoreSquaresState {
  uint64_t rows = 0;
  uint64_t used = 0;
  uint64_t full_leverage = 0;  // rows that the model fits by themselves: their scores are left out
  CrossProducts products;      // weights s^2

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("used", FieldKind::kExact, self.used);
    visit("full_leverage", FieldKind::kExact, self.full_leverage);
    visit("products", FieldKind::kSum, self.products);
  }
};

// By how much of (1 - h) a squared score is divided.
struct Leverage {
  int power = 0;                // 0: not at all, 1: HC2, 2: HC3
  std::vector<size_t> columns;  // of the inverse
  std::vector<double> inverse;  // (X'WX)^-1 about the predictor's centers, packed
};

class ScoreSquaresAnalysis {
 public:
  using State = ScoreSquaresState;
  static constexpr std::string_view kName = "score_squares";

  ScoreSquaresAnalysis(Design design, FittedPoint point, Leverage leverage);
  // {"design": …, "family": …, "predictor": …,
  // "leverage": null | {"power": 1 | 2, "columns": […], "inverse": […]}}
  static ScoreSquaresAnalysis from_spec(const Json& spec);

  Json spec() const;
  const std::vector<std::string>& columns() const { return columns_; }
  State empty() const;
  void update(State& into, const Chunk& chunk) const;
  void merge(State& into, const State& from) const;
  Json finalize(const State& state) const;
  // Squared scores do not count rows.
  uint64_t smallest_cell(const State& state) const;
  uint64_t state_bytes() const;
  void validate(const State& state) const;

 private:
  Design design_;
  FittedPoint point_;
  Leverage leverage_;
  RowForm form_;
  bool replicates_;  // weights count rows
  CellPlan plan_;
  std::vector<std::string> columns_;
};

}  // namespace insitu
