#include "evaluation/ranking.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "base/json.hpp"
#include "evaluation/sorted_rows.hpp"

namespace insitu {
namespace {

constexpr uint64_t kMostRanges = uint64_t{1} << 18;  // of one plan
// Where fewer of the bins of a pass have rows, the rows share values, or lie close together: finer
// bins tell them apart.
constexpr double kCrowded = 0.25;

ProbabilityPlan first_plan(const RankingOptions& options, std::optional<uint64_t> rows) {
  if (options.grid > 0) return ProbabilityPlan::grid(options.grid);
  KeyRange all;
  all.keep = rows.has_value() && *rows <= options.most_kept;
  if (!all.keep) all.bits = kMostBinBits;
  return ProbabilityPlan({all});
}

double weight_of(uint64_t) { return 1.0; }
double weight_of(const WeightedKey& row) { return row.weight; }

}  // namespace

Ranking::Ranking(RankingOptions options, std::optional<uint64_t> rows)
    : options_(options), plan_(first_plan(options, rows)) {}

void Ranking::accept(const PredictionCounts& counts) {
  std::vector<Leaf> found;
  take_bins(counts, found);
  take_kept(counts.kept, found);
  replace(std::move(found));
  plan_ = ProbabilityPlan(options_.grid > 0 ? std::vector<KeyRange>() : finer());
  ended_ = plan_.ranges().empty();
}

void Ranking::take_bins(const PredictionCounts& counts, std::vector<Leaf>& into) const {
  const auto take = [&](uint64_t bin, uint64_t lowest, int width) {
    if (counts.rows[bin] == 0) return;
    Leaf leaf;
    leaf.lowest = lowest;
    leaf.width = width;
    leaf.rows = counts.rows[bin];
    leaf.events = counts.events[bin];
    leaf.others = counts.others[bin];
    leaf.sum = counts.sums[bin];
    into.push_back(leaf);
  };
  const auto grid = static_cast<double>(plan_.grid_size());
  for (uint64_t i = 0; i < (plan_.grid_size() > 0 ? plan_.bins() : 0); ++i)
    take(i, key_of(static_cast<double>(i) / grid), i == plan_.grid_size() ? 0 : 1);
  for (size_t r = 0; r < plan_.ranges().size(); ++r) {
    const KeyRange& range = plan_.ranges()[r];
    if (range.keep) continue;
    const int width = range.width - range.bits;
    for (uint64_t i = 0; i < uint64_t{1} << range.bits; ++i)
      take(plan_.first_bin(r) + i, range.lowest + (i << width), width);
  }
}

namespace {

template <class Row>
bool few_values(const std::vector<Row>& sorted, uint64_t most) {
  uint64_t values = sorted.empty() ? 0 : 1;
  for (size_t i = 1; i < sorted.size() && values <= most; ++i)
    values += sorting_key(sorted[i]) / 2 != sorting_key(sorted[i - 1]) / 2;
  return values <= most;
}

// The rows of one range, from the highest, cut into leaves of about `target` rows.
template <class Row, class Leaf>
void take_sorted(std::span<const Row> rows, double events_above, double others_above,
                 uint64_t target, std::vector<Leaf>& into) {
  Leaf leaf;
  leaf.sorted = true;
  size_t end = rows.size();
  while (end > 0) {
    const uint64_t key = sorting_key(rows[end - 1]) / 2;
    double events = 0.0;
    double others = 0.0;
    size_t begin = end;
    for (; begin > 0 && sorting_key(rows[begin - 1]) / 2 == key; --begin) {
      const Row& row = rows[begin - 1];
      (sorting_key(row) % 2 == 1 ? events : others) += weight_of(row);
    }
    events_above += events;
    others_above += others;
    leaf.wins += others * (leaf.events + 0.5 * events);
    if (events > 0.0) leaf.precision += events * (events_above / (events_above + others_above));
    leaf.lowest = key;
    leaf.rows += end - begin;
    leaf.events += events;
    leaf.others += others;
    leaf.sum += (events + others) * probability_of(key);
    end = begin;
    if (leaf.rows < target && end > 0) continue;
    into.push_back(leaf);
    leaf = Leaf();
    leaf.sorted = true;
  }
}

}  // namespace

void Ranking::take_kept(const KeptRows& kept, std::vector<Leaf>& into) const {
  const auto take = [&]<class Row>(const std::vector<Row>& rows) {
    const uint64_t target = few_values(rows, options_.points)
                                ? 1
                                : std::max<uint64_t>(1, rows.size() / options_.points);
    auto end = rows.end();
    double events = 0.0;
    double others = 0.0;
    auto leaf = leaves_.rbegin();
    for (auto range = plan_.ranges().rbegin(); range != plan_.ranges().rend(); ++range) {
      if (!range->keep) continue;
      for (; leaf != leaves_.rend() && leaf->lowest >= range->end(); ++leaf) {
        events += leaf->events;
        others += leaf->others;
      }
      const auto begin = std::partition_point(
          rows.begin(), end, [&](const Row& row) { return sorting_key(row) / 2 < range->lowest; });
      take_sorted(std::span<const Row>(begin, end), events, others, target, into);
      end = begin;
    }
  };
  if (kept.keys.empty()) return;
  if (kept.weights.empty()) {
    take(sorted_by_digits(kept.keys));
    return;
  }
  std::vector<WeightedKey> rows;
  rows.reserve(kept.keys.size());
  for (size_t i = 0; i < kept.keys.size(); ++i) rows.push_back({kept.keys[i], kept.weights[i]});
  take(sorted_by_digits(std::move(rows)));
}

// What a pass found takes the place of the leaves that it looked at.
void Ranking::replace(std::vector<Leaf> found) {
  filled_ = plan_.bins() == 0
                ? 1.0
                : static_cast<double>(std::count_if(
                      found.begin(), found.end(), [](const Leaf& leaf) { return !leaf.sorted; })) /
                      static_cast<double>(plan_.bins());
  const std::vector<KeyRange>& ranges = plan_.ranges();
  for (const Leaf& leaf : leaves_) {
    const auto range = std::partition_point(
        ranges.begin(), ranges.end(),
        [&](const KeyRange& candidate) { return candidate.lowest < leaf.lowest; });
    if (range == ranges.end() || range->lowest != leaf.lowest) found.push_back(leaf);
  }
  std::sort(found.begin(), found.end(),
            [](const Leaf& a, const Leaf& b) { return a.lowest < b.lowest; });
  leaves_ = std::move(found);
  events_ = others_ = 0.0;
  for (const Leaf& leaf : leaves_) {
    events_ += leaf.events;
    others_ += leaf.others;
  }
}

std::vector<KeyRange> Ranking::finer() const {
  DoubleDouble doubt;
  uint64_t rows = 0;
  std::vector<const Leaf*> open;
  uint64_t rows_of_events = 0;
  std::vector<const Leaf*> of_events;  // whose order average precision depends on as well
  for (const Leaf& leaf : leaves_) {
    if (leaf.known() || leaf.events == 0.0) continue;
    of_events.push_back(&leaf);
    rows_of_events += leaf.rows;
    if (leaf.others == 0.0) continue;
    doubt += DoubleDouble(leaf.doubt());
    rows += leaf.rows;
    open.push_back(&leaf);
  }
  const bool exact = options_.error_bound == 0.0;
  if (exact && rows_of_events <= options_.most_kept) return in_portions(of_events);
  if (doubt.hi <= options_.error_bound * events_ * others_) return {};
  if (rows <= options_.most_kept) return in_portions(open);
  const bool crowded = filled_ < kCrowded;
  return !exact || crowded ? in_finer_bins(std::move(open)) : in_portions(open);
}

// Bins in proportion to rows, for those leaves first that leave most in doubt.
std::vector<KeyRange> Ranking::in_finer_bins(std::vector<const Leaf*> open) const {
  std::sort(open.begin(), open.end(), [](const Leaf* a, const Leaf* b) {
    return a->doubt() > b->doubt() || (a->doubt() == b->doubt() && a->lowest < b->lowest);
  });
  if (open.size() > kMostRanges) open.resize(kMostRanges);
  double rows = 0.0;
  for (const Leaf* leaf : open) rows += static_cast<double>(leaf->rows);
  std::vector<KeyRange> ranges;
  uint64_t bins = 0;
  for (const Leaf* leaf : open) {
    const double share = static_cast<double>(leaf->rows) / rows;
    const double many = std::min(0.25 * share * static_cast<double>(kMostBins),
                                 16.0 * static_cast<double>(leaf->rows));
    const auto wanted = static_cast<uint64_t>(many);
    KeyRange range{leaf->lowest, leaf->width};
    range.bits = std::min(
        {std::max(1, static_cast<int>(std::bit_width(wanted))), kMostBinBits, leaf->width});
    bins += uint64_t{1} << range.bits;
    if (bins > kMostBins) break;
    ranges.push_back(range);
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const KeyRange& a, const KeyRange& b) { return a.lowest < b.lowest; });
  return ranges;
}

// As many rows as one pass may keep; the rest waits for the next. A leaf of more is counted finer.
std::vector<KeyRange> Ranking::in_portions(const std::vector<const Leaf*>& open) const {
  std::vector<KeyRange> ranges;
  uint64_t kept = 0;
  uint64_t bins = 0;
  for (const Leaf* leaf : open) {
    KeyRange range{leaf->lowest, leaf->width};
    if (leaf->rows > options_.most_kept) {
      range.bits = std::min(kMostBinBits, leaf->width);
      bins += uint64_t{1} << range.bits;
      if (bins > kMostBins) continue;
    } else {
      if (leaf->rows > options_.most_kept - kept) continue;
      kept += leaf->rows;
      range.keep = true;
    }
    ranges.push_back(range);
    if (ranges.size() == kMostRanges) break;
  }
  return ranges;
}

// Leaves of which not all is known count as one threshold.
std::pair<double, double> Ranking::average_precision() const {
  double true_events = 0.0;
  double false_events = 0.0;
  double precision = 0.0;
  double doubt = 0.0;
  for (auto leaf = leaves_.rbegin(); leaf != leaves_.rend(); ++leaf) {
    // The precision at any threshold within lies between these.
    const double least = true_events / (true_events + false_events + leaf->others);
    const double most = (true_events + leaf->events) / (true_events + leaf->events + false_events);
    true_events += leaf->events;
    false_events += leaf->others;
    if (leaf->events == 0.0) continue;
    const double at_end = true_events / (true_events + false_events);
    precision += leaf->sorted ? leaf->precision : leaf->events * at_end;
    if (leaf->known()) continue;
    doubt += leaf->events * std::max(most - at_end, at_end - (leaf->others > 0.0 ? least : 0.0));
  }
  return {precision / events_, doubt / events_};
}

// Leaves side by side until a bin has its share of the rows.
Json Ranking::curve() const {
  uint64_t rows = 0;
  for (const Leaf& leaf : leaves_) rows += leaf.rows;
  const uint64_t target =
      leaves_.size() <= options_.points ? 1 : std::max<uint64_t>(1, rows / options_.points);
  std::vector<double> thresholds, events, others, means;
  Leaf bin;
  const auto write = [&] {
    thresholds.push_back(probability_of(bin.lowest));
    events.push_back(bin.events);
    others.push_back(bin.others);
    means.push_back(bin.sum / (bin.events + bin.others));
    bin = Leaf();
  };
  for (const Leaf& leaf : leaves_) {
    if (bin.rows == 0) bin.lowest = leaf.lowest;
    bin.rows += leaf.rows;
    bin.events += leaf.events;
    bin.others += leaf.others;
    bin.sum += leaf.sum;
    if (options_.grid > 0 || bin.rows >= target) write();
  }
  if (bin.rows > 0) write();
  return {{"threshold", numbers_to_json(thresholds)},
          {"events", numbers_to_json(events)},
          {"others", numbers_to_json(others)},
          {"mean", numbers_to_json(means)}};
}

Json Ranking::result() const {
  DoubleDouble wins;
  DoubleDouble doubt;
  double below = 0.0;
  for (const Leaf& leaf : leaves_) {
    wins += two_product(leaf.events, below);
    wins += DoubleDouble(leaf.sorted ? leaf.wins : 0.5 * leaf.events * leaf.others);
    doubt += DoubleDouble(leaf.doubt());
    below += leaf.others;
  }
  const DoubleDouble all = two_product(events_, others_);
  const auto [precision, precision_doubt] = average_precision();
  return {{"auc", number_to_json(static_cast<double>(wins / all))},
          {"auc_error", number_to_json(static_cast<double>(doubt / all))},
          {"average_precision", number_to_json(precision)},
          {"average_precision_error", number_to_json(precision_doubt)},
          {"curve", curve()}};
}

}  // namespace insitu
