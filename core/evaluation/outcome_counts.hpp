// One pass over predicted probabilities and what happened (1 the event, 0 not): how many rows of
// each there are in every bin of the probability, and two proper scores (Gneiting and Raftery,
// 2007).
//
// Statistics, per prediction: per bin of its plan the rows, the weights of events and of others,
// and the sum of w p; the rows that the plan keeps, one by one; the sums of w times minus the
// log-likelihood and of w (y - p)^2. Merge: they are added, and kept rows put behind each other.
// Cost: a bin, a logarithm and a few operations a row and prediction. Memory: 32 bytes a bin, 8
// (weighted: 16) a kept row. A row with a missing value in any used column, or of weight zero, is
// left out; an outcome other than 0 and 1, and a probability outside [0, 1], is a DataError.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "base/double_double.hpp"
#include "base/fields.hpp"
#include "design/design.hpp"
#include "design/row_reader.hpp"
#include "evaluation/probability_plan.hpp"

namespace insitu {

// Rows one by one, in no order that counts.
struct KeptRows {
  std::vector<uint64_t> keys;   // 2 key + outcome
  std::vector<double> weights;  // empty: all 1

  static void fields(auto& self, auto&& visit) {
    visit("keys", FieldKind::kExact, self.keys);
    visit("weights", FieldKind::kExact, self.weights);
  }
  double distance(const KeptRows& other) const;  // 0: the same rows
};

struct PredictionCounts {
  std::vector<uint64_t> rows;  // per bin
  std::vector<double> events;  // the sum of weights
  std::vector<double> others;
  std::vector<double> sums;  // of w p
  KeptRows kept;
  uint64_t impossible = 0;  // rows whose outcome had the probability 0; log_loss is without them
  DoubleDouble log_loss;    // sum of -w log(probability of what happened)
  DoubleDouble squares;     // sum of w (y - p)^2

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("events", FieldKind::kSum, self.events);
    visit("others", FieldKind::kSum, self.others);
    visit("sums", FieldKind::kSum, self.sums);
    visit("kept", FieldKind::kSum, self.kept);
    visit("impossible", FieldKind::kExact, self.impossible);
    visit("log_loss", FieldKind::kSum, self.log_loss);
    visit("squares", FieldKind::kSum, self.squares);
  }
};

struct OutcomeCountsState {
  uint64_t rows = 0;
  uint64_t used = 0;
  uint64_t missing = 0;
  uint64_t zero_weight = 0;
  std::vector<PredictionCounts> predictions;

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("used", FieldKind::kExact, self.used);
    visit("missing", FieldKind::kExact, self.missing);
    visit("zero_weight", FieldKind::kExact, self.zero_weight);
    visit("predictions", FieldKind::kSum, self.predictions);
  }
};

class OutcomeCountsAnalysis {
 public:
  using State = OutcomeCountsState;
  static constexpr std::string_view kName = "outcome_counts";

  // The design's response is the outcome, its features are the predictions, each with a plan.
  OutcomeCountsAnalysis(Design design, std::vector<ProbabilityPlan> plans);
  // {"design": …, "plans": [{"grid": n} | {"ranges": [[lowest, width, bits or -1], …]}, …]}
  static OutcomeCountsAnalysis from_spec(const Json& spec);

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
  std::vector<ProbabilityPlan> plans_;
  std::vector<std::string> columns_;
};

}  // namespace insitu
