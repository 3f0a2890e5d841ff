// One pass over rows at a fitted model: means, over the rows, of what it predicts and of the
// derivatives of that, with their gradients, for standard errors by the delta method.
//
// Statistics, for each quantity q(row): sum of w q and of w dq/db, with b the coefficients about
// the predictor's centers. With columns set, eta is the linear predictor and mu its mean: q = mu
// has the gradient mu' x, and q = mu' eta_v, eta_v = d eta / dv, the gradient mu'' eta_v x + mu'
// x_v. Merge: they are added, in double-double. Cost: an evaluation of the predictor, the link, and
// an addition per term, for each quantity and row. Memory: 16 bytes per quantity and coefficient;
// more than kMostMarginSums are a SpecError. Error: that of the terms alone, which are doubles.
//
// A row with a missing predictor (where wanted, a missing response) or weight is left out, with
// columns set or not; zero weight leaves it out; infinity and negative weights are DataErrors. A
// row in which a quantity does not exist is counted, and the quantity is then missing.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "base/double_double.hpp"
#include "inference/margin_view.hpp"
#include "robust/score_rows.hpp"

namespace insitu {

inline constexpr uint64_t kMostMarginSums = uint64_t{1} << 27;

struct MarginsState {
  uint64_t rows = 0;
  uint64_t used = 0;
  uint64_t missing = 0;
  uint64_t zero_weight = 0;
  DoubleDouble weight;
  std::vector<uint64_t> undefined;                   // per quantity: rows without it
  std::vector<DoubleDouble> sums;                    // per quantity
  std::vector<std::vector<DoubleDouble>> gradients;  // per quantity, per coefficient

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("used", FieldKind::kExact, self.used);
    visit("missing", FieldKind::kExact, self.missing);
    visit("zero_weight", FieldKind::kExact, self.zero_weight);
    visit("weight", FieldKind::kSum, self.weight);
    visit("undefined", FieldKind::kExact, self.undefined);
    visit("sums", FieldKind::kSum, self.sums);
    visit("gradients", FieldKind::kSum, self.gradients);
  }
};

class MarginsAnalysis {
 public:
  using State = MarginsState;
  static constexpr std::string_view kName = "margins";

  // `response`: rows without one are left out.
  MarginsAnalysis(Design design, FittedPoint point, std::vector<MarginQuantity> quantities,
                  bool response);
  // {"design", "family", "predictor", "quantities": [{"slope", "settings"}, …], "response": bool}
  static MarginsAnalysis from_spec(const Json& spec);

  Json spec() const;
  const std::vector<std::string>& columns() const { return columns_; }
  State empty() const;
  void update(State& into, const Chunk& chunk) const;
  void merge(State& into, const State& from) const;
  // Means and their gradients, null where a quantity is missing.
  Json finalize(const State& state) const;
  uint64_t smallest_cell(const State& state) const;
  uint64_t state_bytes() const;
  void validate(const State& state) const;

 private:
  Design design_;
  FittedPoint point_;
  std::vector<MarginQuantity> quantities_;
  bool response_;
  Design reading_;
  std::vector<MarginView> views_;
  std::vector<std::string> columns_;
};

}  // namespace insitu
