// A small complete analysis for tests of what handles analyses: count, sum, minimum and histogram
// of one column. Its mutations are mistakes that the laws must catch.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/erased.hpp"

namespace insitu::laws {

enum class Mutation {
  kNone,
  kEmptyCountsOne,
  kMergeForgetsCount,
  kMergeKeepsOwnMinimum,
  kMergeLosesLowPart,
  kUpdateCountsChunks,
  kUpdateIgnoresFirstRow,
  kFinalizeCountsCalls,
  kEmptyHasNoResult,
  kNoValidation,
};

struct ToySum {
  double value = 0.0;
  double magnitude = 0.0;  // sum of |terms|
  static void fields(auto& self, auto&& visit) {
    visit("value", FieldKind::kSum, self.value);
    visit("magnitude", FieldKind::kSum, self.magnitude);
  }
  double distance(const ToySum& other) const {
    if (value == other.value) return 0.0;
    return std::fabs(value - other.value) / std::max(magnitude, other.magnitude) / kUnitRoundoff;
  }
};

class Toy {
 public:
  static constexpr std::string_view kName = "toy";
  struct State {
    uint64_t count = 0;
    ToySum sum;
    std::optional<double> minimum;
    std::vector<uint64_t> bins;  // of the fractional part
    static void fields(auto& self, auto&& visit) {
      visit("count", FieldKind::kExact, self.count);
      visit("sum", FieldKind::kSum, self.sum);
      visit("minimum", FieldKind::kExact, self.minimum);
      visit("bins", FieldKind::kExact, self.bins);
    }
  };

  explicit Toy(std::string column, uint64_t bins = 4, Mutation mutation = Mutation::kNone)
      : columns_{std::move(column)}, bins_(bins), mutation_(mutation) {}

  Json spec() const { return {{"column", columns_[0]}, {"bins", bins_}}; }
  const std::vector<std::string>& columns() const { return columns_; }
  uint64_t state_bytes() const { return 64 + 8 * bins_; }

  State empty() const {
    State state;
    state.bins.assign(bins_, 0);
    if (mutation_ == Mutation::kEmptyCountsOne) state.count = 1;
    return state;
  }

  void update(State& into, const Chunk& chunk) const {
    if (mutation_ == Mutation::kUpdateCountsChunks) ++into.count;
    std::vector<double> values(chunk.rows());
    chunk.column(0).read_doubles(0, values.size(), values.data());
    for (size_t i = mutation_ == Mutation::kUpdateIgnoresFirstRow ? 1 : 0; i < values.size(); ++i) {
      const double x = values[i];
      if (std::isnan(x)) continue;
      ++into.count;
      into.sum.value += x;
      into.sum.magnitude += std::fabs(x);
      into.minimum = into.minimum ? std::min(*into.minimum, x) : x;
      const double fraction = x - std::floor(x);
      ++into.bins[std::min(static_cast<size_t>(fraction * static_cast<double>(bins_)),
                           into.bins.size() - 1)];
    }
  }

  void merge(State& into, const State& from) const {
    if (mutation_ != Mutation::kMergeForgetsCount) into.count += from.count;
    into.sum.value += from.sum.value;
    if (mutation_ == Mutation::kMergeLosesLowPart)
      into.sum.value = static_cast<float>(into.sum.value);
    into.sum.magnitude += from.sum.magnitude;
    if (from.minimum && mutation_ != Mutation::kMergeKeepsOwnMinimum) {
      into.minimum = into.minimum ? std::min(*into.minimum, *from.minimum) : *from.minimum;
    }
    for (size_t i = 0; i < from.bins.size(); ++i) into.bins.at(i) += from.bins[i];
  }

  Json finalize(const State& state) const {
    if (mutation_ == Mutation::kEmptyHasNoResult && state.count == 0) throw NumericError("no rows");
    if (mutation_ == Mutation::kFinalizeCountsCalls) return ++calls_;
    return {{"count", state.count},
            {"mean", number_to_json(state.sum.value / static_cast<double>(state.count))},
            {"minimum", state.minimum ? number_to_json(*state.minimum) : Json()},
            {"bins", state.bins}};
  }

  void validate(const State& state) const {
    if (mutation_ == Mutation::kNoValidation || state.bins.size() == bins_) return;
    throw StateError("expected " + std::to_string(bins_) + " bins, got " +
                     std::to_string(state.bins.size()));
  }

 private:
  std::vector<std::string> columns_;
  uint64_t bins_;
  Mutation mutation_;
  mutable uint64_t calls_ = 0;
};

static_assert(Analysis<Toy>);

}  // namespace insitu::laws
