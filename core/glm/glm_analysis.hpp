// One pass of a generalised linear model: rows -> the weighted cross-products of the linear model
// that the next step of iteratively reweighted least squares solves (Nelder and Wedderburn, 1972).
//
// With eta = X b + offset and mu its mean, a row counts W = w (dmu/deta)^2 / V(mu) with the working
// response z = eta - offset + (y - mu) deta/dmu. With observed information W is minus the second
// derivative of the log-likelihood instead, though at least a thousandth of that W, and z such that
// the gradient stays: near the end, steps then shrink in squares whatever the link. Deviances come
// with it: at b, and at half and a quarter of the step that led there, so that a step which went
// too far is shortened without another pass. Sums, merge, memory and error bound are those of
// design/cross_products.hpp; a row costs an evaluation of X b, the family's functions and the
// weighted products.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "design/cross_products.hpp"
#include "design/linear_predictor.hpp"
#include "design/row_form.hpp"
#include "family/family.hpp"
#include "family/negative_binomial.hpp"

namespace insitu {

// Where deviances are taken.
enum GlmStep : size_t { kFullStep, kHalfStep, kQuarterStep, kNullModel, kGlmSteps };

// Per column of a factor term: its rows by their response, which is neither 0 nor 1, or 0, or 1.
enum GlmExtreme : size_t { kBetween, kLowest, kHighest, kExtremes };

struct GlmState {
  uint64_t rows = 0;
  uint64_t used = 0;
  uint64_t missing = 0;
  uint64_t zero_weight = 0;
  // Per step: rows whose mean the family does not allow, which the sums leave out; sum of w d(y,
  // mu).
  std::vector<uint64_t> outside = std::vector<uint64_t>(kGlmSteps);
  std::vector<DoubleDouble> deviances = std::vector<DoubleDouble>(kGlmSteps);
  uint64_t at_bounds = 0;           // rows whose mean is next to a bound of the family
  DoubleDouble null_weight;         // sum of W in the null model
  DoubleDouble null_working;        // sum of W z there
  DoubleDouble pearson;             // sum of w (y - mu)^2 / V(mu)
  DoubleDouble prior;               // sum of w
  DoubleDouble response;            // sum of w y
  DoubleDouble likelihood;          // what responses alone contribute to the log-likelihood
  std::vector<DoubleDouble> theta;  // ThetaSum, where theta is estimated; else empty
  std::vector<uint64_t> extremes;   // GlmExtreme, per column; empty where they are not counted
  CrossProducts products;           // weights W, response z

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("used", FieldKind::kExact, self.used);
    visit("missing", FieldKind::kExact, self.missing);
    visit("zero_weight", FieldKind::kExact, self.zero_weight);
    visit("outside", FieldKind::kExact, self.outside);
    visit("deviances", FieldKind::kSum, self.deviances);
    visit("at_bounds", FieldKind::kExact, self.at_bounds);
    visit("null_weight", FieldKind::kSum, self.null_weight);
    visit("null_working", FieldKind::kSum, self.null_working);
    visit("pearson", FieldKind::kSum, self.pearson);
    visit("prior", FieldKind::kSum, self.prior);
    visit("response", FieldKind::kSum, self.response);
    visit("likelihood", FieldKind::kSum, self.likelihood);
    visit("theta", FieldKind::kSum, self.theta);
    visit("extremes", FieldKind::kExact, self.extremes);
    visit("products", FieldKind::kSum, self.products);
  }
};

// x' A^-1 x of rows, with A = X'WX at the predictor: about the centers that `basis` has.
struct GlmLeverages {
  LinearPredictor basis;
  std::vector<size_t> columns;  // of the inverse
  std::vector<double> inverse;  // packed
};

// Where a pass stands.
struct GlmPoint {
  std::optional<LinearPredictor> predictor;  // none: the family's start, made from the responses
  std::optional<LinearPredictor> previous;   // the step came from here
  std::optional<double> null;                // the constant of the model without predictors
  bool precise = false;                      // double-double products of the weighted columns
  bool likelihood = false;                   // the responses' part of it is summed as well
  bool observed = false;                     // weights of Newton's step, not of Fisher's
  bool extremes = false;                     // they are counted; the design is frozen
  std::vector<size_t>
      held;  // columns of factor terms whose rows count nothing: their means are 0 or 1
  std::optional<GlmLeverages> firth;  // responses are moved by Firth's penalty
  bool theta = false;  // what its estimate needs is summed: of a negative binomial, at a predictor
};

// What rows are looked up in.
struct GlmAids {
  std::optional<ThetaTable> theta;
  std::optional<LinearPredictor> layout;  // where cells are looked up
  std::vector<size_t> plain;              // terms of factors alone
  std::vector<bool> held;                 // per column
  RowForm leverages;                      // of Firth's penalty
};

class GlmAnalysis {
 public:
  using State = GlmState;
  static constexpr std::string_view kName = "glm";

  GlmAnalysis(Design design, Family family, GlmPoint point);
  // {"design": …, "family": …, "predictor": … | null, "previous": … | null, "null": number | null,
  // "precise": false | true, "likelihood": false | true, "observed": false | true,
  // "theta": false | true, "extremes": false | true, "held": [column, …],
  // "firth": null | {"basis": …, "columns": […], "inverse": […]}}
  static GlmAnalysis from_spec(const Json& spec);

  Json spec() const;
  const std::vector<std::string>& columns() const { return columns_; }
  State empty() const;
  void update(State& into, const Chunk& chunk) const;
  void merge(State& into, const State& from) const;
  Json finalize(const State& state) const;
  uint64_t smallest_cell(const State& state) const;
  uint64_t state_bytes() const;
  void validate(const State& state) const;

 private:
  void look_up_cells();

  Design design_;
  Family family_;
  GlmPoint point_;
  CellPlan plan_;
  std::vector<std::string> columns_;
  GlmAids aids_;
};

}  // namespace insitu
