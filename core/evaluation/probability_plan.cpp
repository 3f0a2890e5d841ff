#include "evaluation/probability_plan.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/errors.hpp"
#include "base/json.hpp"

namespace insitu {
namespace {

constexpr int kIndexBits = 12;
constexpr int kIndexShift = kKeyBits - kIndexBits;
constexpr uint64_t kMostGrid = 1'000'000;
constexpr int kKeptBits = -1;  // written as the bits of a range whose keys are kept
constexpr uint64_t kWidths = uint64_t{kKeyBits} + 1;

}  // namespace

ProbabilityPlan::ProbabilityPlan(std::vector<KeyRange> ranges) : ranges_(std::move(ranges)) {
  uint64_t end = 0;
  for (const KeyRange& range : ranges_) {
    const bool whole = range.width >= 0 && range.width <= kKeyBits && range.bits >= 0 &&
                       range.bits <= std::min(range.width, kMostBinBits) &&
                       range.lowest < (uint64_t{1} << kKeyBits) &&
                       range.lowest % (uint64_t{1} << range.width) == 0;
    if (!whole || range.lowest < end)
      throw SpecError("the ranges of a plan are of whole bits, ascend, and do not meet");
    end = range.end();
    first_.push_back(bins_);
    if (!range.keep) bins_ += uint64_t{1} << range.bits;
    if (bins_ > kMostBins)
      throw SpecError("a plan counts in at most " + std::to_string(kMostBins) + " bins");
  }
  keeps_all_ = ranges_.size() == 1 && ranges_[0].keep && ranges_[0].width == kKeyBits;
  index_.reserve((size_t{1} << kIndexBits) + 1);
  size_t at = 0;
  for (uint64_t lead = 0; lead <= uint64_t{1} << kIndexBits; ++lead) {
    while (at < ranges_.size() && ranges_[at].end() <= lead << kIndexShift) ++at;
    index_.push_back(static_cast<uint32_t>(at));
  }
}

ProbabilityPlan ProbabilityPlan::grid(uint64_t n) {
  if (n == 0 || n > kMostGrid)
    throw SpecError("a grid has from 1 to " + std::to_string(kMostGrid) + " breaks, not " +
                    std::to_string(n));
  ProbabilityPlan plan;
  plan.grid_ = n;
  plan.bins_ = n + 1;
  return plan;
}

ProbabilityPlan ProbabilityPlan::from_json(const Json& json) {
  SpecReader reader(json, "plan");
  const uint64_t n = reader.count("grid", 0);
  const Json* list = reader.optional("ranges");
  reader.finish();
  if (n > 0) return grid(n);
  if (list == nullptr || !list->is_array())
    throw SpecError("a plan is a \"grid\" or a list of \"ranges\"");
  std::vector<KeyRange> ranges;
  for (const Json& item : *list) {
    if (!item.is_array() || item.size() != 3)
      throw SpecError("a range of a plan is [lowest, width, bits]");
    KeyRange range;
    range.lowest = index_from_json(item[0], "the lowest key of a range", uint64_t{1} << kKeyBits);
    range.width = static_cast<int>(index_from_json(item[1], "the width of a range", kWidths));
    range.keep = item[2] == kKeptBits;
    if (!range.keep)
      range.bits = static_cast<int>(index_from_json(item[2], "the bits of a range", kWidths));
    ranges.push_back(range);
  }
  return ProbabilityPlan(std::move(ranges));
}

Json ProbabilityPlan::to_json() const {
  if (grid_ > 0) return {{"grid", grid_}};
  Json list = Json::array();
  for (const KeyRange& range : ranges_)
    list.push_back(Json::array({range.lowest, range.width, range.keep ? kKeptBits : range.bits}));
  return {{"ranges", std::move(list)}};
}

// Which of i / n are at most the probability: what rounding of the product says is mended.
uint64_t ProbabilityPlan::grid_place(double probability) const {
  const auto n = static_cast<double>(grid_);
  auto bin = static_cast<uint64_t>(std::min(probability * n, n));
  while (bin > 0 && static_cast<double>(bin) / n > probability) --bin;
  while (bin < grid_ && static_cast<double>(bin + 1) / n <= probability) ++bin;
  return bin;
}

uint64_t ProbabilityPlan::place(double probability) const {
  if (grid_ > 0) return grid_place(probability);
  const uint64_t key = key_of(probability);
  size_t at = index_[key >> kIndexShift];
  const size_t last = index_[(key >> kIndexShift) + 1];
  if (at != last) {
    const auto begin = ranges_.begin() + static_cast<ptrdiff_t>(at);
    const auto end = ranges_.begin() + static_cast<ptrdiff_t>(std::min(last + 1, ranges_.size()));
    const auto found =
        std::partition_point(begin, end, [&](const KeyRange& range) { return range.end() <= key; });
    at = static_cast<size_t>(found - ranges_.begin());
  }
  if (at == ranges_.size() || key < ranges_[at].lowest) return kNowhere;
  const KeyRange& range = ranges_[at];
  if (range.keep) return kKept;
  return first_[at] + ((key - range.lowest) >> (range.width - range.bits));
}

}  // namespace insitu
