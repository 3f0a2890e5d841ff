// Where a pass over predicted probabilities looks: as whole numbers in the same order (the bits of
// a double from 0 to 1), in ranges that are counted in equal bins or whose rows are kept one by
// one. A pass that follows another looks closer at what that one left open.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/analysis.hpp"

namespace insitu {

// -0 counts as 0.
inline uint64_t key_of(double probability) { return std::bit_cast<uint64_t>(probability + 0.0); }
inline double probability_of(uint64_t key) { return std::bit_cast<double>(key); }

inline constexpr int kKeyBits = 62;  // the key of 1 is below 2^62
inline constexpr int kMostBinBits = 16;
inline constexpr uint64_t kMostBins = uint64_t{1} << 22;  // of one plan

// The keys from `lowest` to lowest + 2^width - 1, which are a multiple of 2^width.
struct KeyRange {
  uint64_t lowest = 0;
  int width = kKeyBits;
  bool keep = false;  // its rows are kept
  int bits = 0;       // else counted in 2^bits bins

  uint64_t end() const { return lowest + (uint64_t{1} << width); }
};

class ProbabilityPlan {
 public:
  // Ranges ascend and do not meet. SpecError where they do, or are too many.
  explicit ProbabilityPlan(std::vector<KeyRange> ranges);
  // Bins from i / n to (i + 1) / n, and one for 1 itself. n > 0.
  static ProbabilityPlan grid(uint64_t n);

  // {"grid": n} or {"ranges": [[lowest, width, bits or -1 to keep], …]}
  static ProbabilityPlan from_json(const Json& json);
  Json to_json() const;

  const std::vector<KeyRange>& ranges() const { return ranges_; }
  uint64_t grid_size() const { return grid_; }
  uint64_t bins() const { return bins_; }
  bool keeps_all() const { return keeps_all_; }

  static constexpr uint64_t kNowhere = ~uint64_t{0};
  static constexpr uint64_t kKept = kNowhere - 1;
  // The bin of a probability from 0 to 1, kKept, or kNowhere.
  uint64_t place(double probability) const;
  // The first bin of each range.
  uint64_t first_bin(size_t range) const { return first_[range]; }

 private:
  ProbabilityPlan() = default;
  uint64_t grid_place(double probability) const;

  std::vector<KeyRange> ranges_;
  std::vector<uint64_t> first_;  // bin of each range
  std::vector<uint32_t> index_;  // the first range that may hold a key of these leading bits
  uint64_t grid_ = 0;
  uint64_t bins_ = 0;
  bool keeps_all_ = false;
};

}  // namespace insitu
