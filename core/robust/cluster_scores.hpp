// One pass over the rows of a fitted model that ends in the sum of the score vectors of each
// cluster: the inner part of covariances that hold whatever happens within clusters (Liang and
// Zeger, 1986; of two columns: Cameron, Gelbach and Miller, 2011).
//
// Statistics: per set of cluster columns (the first, the second, both), per cell of it, the rows
// and the sum of s x about the predictor's centers. Merge: they are added, in double-double, so
// that rounding is that of the terms alone. Cost: an addition per set and term a row. Memory: 16
// bytes per cell and coefficient; more than kMostClusterSums of them are a SpecError. A row without
// its cluster is left out as incomplete.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/analysis.hpp"
#include "base/double_double.hpp"
#include "base/fields.hpp"
#include "robust/score_rows.hpp"

namespace insitu {

inline constexpr uint64_t kMostClusterSums = uint64_t{1} << 27;

struct ClusterScoresState {
  uint64_t rows = 0;
  uint64_t used = 0;
  std::vector<std::vector<uint64_t>> counts;    // per set, per cell
  std::vector<std::vector<DoubleDouble>> sums;  // per set, [cell * coefficients + coefficient]

  static void fields(auto& self, auto&& visit) {
    visit("rows", FieldKind::kExact, self.rows);
    visit("used", FieldKind::kExact, self.used);
    visit("counts", FieldKind::kExact, self.counts);
    visit("sums", FieldKind::kSum, self.sums);
  }
};

class ClusterScoresAnalysis {
 public:
  using State = ClusterScoresState;
  static constexpr std::string_view kName = "cluster_scores";

  ClusterScoresAnalysis(Design design, FittedPoint point);
  // {"design": …, "family": …, "predictor": …}
  static ClusterScoresAnalysis from_spec(const Json& spec);

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
  uint64_t cells(const std::vector<size_t>& set) const;
  // Where the rows of a tile are added; scratch.
  struct Places {
    std::vector<DoubleDouble*> begins;  // of their clusters
    std::vector<DoubleDouble*> sums;
  };
  void add(State& into, const Tile& tile, const double* scores, Places& places) const;

  Design design_;
  FittedPoint point_;
  std::vector<std::vector<size_t>> sets_;  // of factors
  size_t width_;                           // coefficients
  std::vector<std::string> columns_;
};

}  // namespace insitu
