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
#include "family/family.hpp"

namespace insitu {

// Where deviances are taken.
enum GlmStep : size_t { kFullStep, kHalfStep, kQuarterStep, kNullModel, kGlmSteps };

struct GlmState {
  uint64_t rows = 0;
  uint64_t used = 0;
  uint64_t missing = 0;
  uint64_t zero_weight = 0;
  // Per step: rows whose mean the family does not allow, which the sums leave out; sum of w d(y,
  // mu).
  std::vector<uint64_t> outside = std::vector<uint64_t>(kGlmSteps);
  std::vector<DoubleDouble> deviances = std::vector<DoubleDouble>(kGlmSteps);
  DoubleDouble null_weight;   // sum of W in the null model
  DoubleDouble null_working;  // sum of W z there
  DoubleDouble pearson;       // sum of w (y - mu)^2 / V(mu)
  DoubleDouble prior;         // sum of w
  DoubleDouble response;      // sum of w y
  DoubleDouble likelihood;    // what responses alone contribute to the log-likelihood
  CrossProducts products;     // weights W, response z

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("used", FieldKind::kExact, self.used);
    visit("missing", FieldKind::kExact, self.missing);
    visit("zero_weight", FieldKind::kExact, self.zero_weight);
    visit("outside", FieldKind::kExact, self.outside);
    visit("deviances", FieldKind::kSum, self.deviances);
    visit("null_weight", FieldKind::kSum, self.null_weight);
    visit("null_working", FieldKind::kSum, self.null_working);
    visit("pearson", FieldKind::kSum, self.pearson);
    visit("prior", FieldKind::kSum, self.prior);
    visit("response", FieldKind::kSum, self.response);
    visit("likelihood", FieldKind::kSum, self.likelihood);
    visit("products", FieldKind::kSum, self.products);
  }
};

// Where a pass stands.
struct GlmPoint {
  std::optional<LinearPredictor> predictor;  // none: the family's start, made from the responses
  std::optional<LinearPredictor> previous;   // the step came from here
  std::optional<double> null;                // the constant of the model without predictors
  bool likelihood = false;                   // the responses' part of it is summed as well
  bool observed = false;                     // weights of Newton's step, not of Fisher's
};

class GlmAnalysis {
 public:
  using State = GlmState;
  static constexpr std::string_view kName = "glm";

  GlmAnalysis(Design design, Family family, GlmPoint point);
  // {"design": …, "family": …, "predictor": … | null, "previous": … | null, "null": number | null,
  // "likelihood": false | true, "observed": false | true}
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
  Design design_;
  Family family_;
  GlmPoint point_;
  CellPlan plan_;
  std::vector<std::string> columns_;
};

}  // namespace insitu
