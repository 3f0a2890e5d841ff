// How well a prediction ranks events above others, from counts that get finer with each pass until
// the area under the ROC curve is known within a bound.
//
// The area is the probability that an event has a higher prediction than another row, ties counting
// half (Hanley and McNeil, 1982): of pairs in different bins that is known, of e events and o
// others in one bin it is e o / 2, wrong by at most as much. Bins that hold both are counted again
// in finer ones; once their rows are few enough, these are kept, sorted, and counted exactly.
// Average precision is the sum of precision over the events, at the threshold of each.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "evaluation/outcome_counts.hpp"

namespace insitu {

struct RankingOptions {
  double error_bound = 0.0;  // of the area
  uint64_t points = 1000;    // of the curve
  uint64_t grid = 0;         // breaks at i / grid, once; 0: as fine as needed
  uint64_t most_kept = 0;    // rows kept by one pass
};

class Ranking {
 public:
  explicit Ranking(RankingOptions options, std::optional<uint64_t> rows);

  // What the next pass looks at; without ranges or a grid once the area is known well enough.
  const ProbabilityPlan& plan() const { return plan_; }
  bool ended() const { return ended_; }
  void accept(const PredictionCounts& counts);

  double events() const { return events_; }
  double others() const { return others_; }
  // {auc, auc_error, average_precision, average_precision_error,
  //  curve: {threshold, events, others, mean}}: bins in ascending order, `threshold` the lowest
  //  prediction in each, `mean` that of its predictions.
  Json result() const;

 private:
  // A bin, or rows that were kept and sorted.
  struct Leaf {
    uint64_t lowest = 0;  // key
    int width = 0;        // of 2^width keys
    uint64_t rows = 0;
    double events = 0.0;
    double others = 0.0;
    double sum = 0.0;        // of w p
    double wins = 0.0;       // pairs within it that are ranked right, ties counting half
    double precision = 0.0;  // sum over its events
    bool sorted = false;     // of these, all is known

    // The order of its rows: there is one only of different values.
    bool known() const { return sorted || width == 0 || rows == 1; }
    double doubt() const { return known() ? 0.0 : 0.5 * events * others; }
  };
  void take_bins(const PredictionCounts& counts, std::vector<Leaf>& into) const;
  void take_kept(const KeptRows& kept, std::vector<Leaf>& into) const;
  void replace(std::vector<Leaf> found);
  std::vector<KeyRange> finer() const;
  std::vector<KeyRange> in_finer_bins(std::vector<const Leaf*> open) const;
  std::vector<KeyRange> in_portions(const std::vector<const Leaf*>& open) const;
  // And how far it may be off.
  std::pair<double, double> average_precision() const;
  Json curve() const;

  RankingOptions options_;
  ProbabilityPlan plan_;
  std::vector<Leaf> leaves_;  // ascending
  double events_ = 0.0;
  double others_ = 0.0;
  double filled_ = 0.0;  // part of the last pass's bins that have rows
  bool ended_ = false;
};

}  // namespace insitu
