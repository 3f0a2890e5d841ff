#include "evaluation/outcome_counts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/rows.hpp"
#include "linalg/aligned.hpp"
#include "linalg/kernels.hpp"
#include "linalg/math.hpp"

namespace insitu {
namespace {

bool is_outcome(double y) { return y == 0.0 || y == 1.0; }
bool is_probability(double p) { return p >= 0.0 && p <= 1.0; }

[[noreturn]] void refuse_row(const Design& design, const Chunk& chunk) {
  visit_rows(design, chunk, [&](const Tile& tile, size_t i, uint64_t row) {
    const auto missing = [&](const double* values) { return std::isnan(values[i]); };
    if (std::any_of(tile.values.begin(), tile.values.end(), missing)) return;
    for (size_t k = 0; k < tile.values.size(); ++k) {
      const double value = tile.values[k][i];
      const bool outcome = k == design.features.size();
      if (outcome ? is_outcome(value) : is_probability(value)) continue;
      throw DataError((outcome ? "the outcome \"" : "the prediction \"") +
                      (outcome ? *design.response : design.features[k]).label + "\" is " +
                      number_text(value) + " in " + row_name(chunk, row) +
                      (outcome ? ": outcomes are 1 for the event and 0 for none, or true and false"
                               : ": predictions are probabilities, from 0 to 1"));
    }
  });
  throw DataError("an outcome is neither 0 nor 1, or a prediction is outside 0 to 1");
}

// Adds the rows of tiles to the counts of one prediction.
class Counter {
 public:
  explicit Counter(size_t rows) : chance_(rows), terms_(rows) {}

  void add(const ProbabilityPlan& plan, const Tile& tile, const double* p, PredictionCounts& into) {
    add_scores(tile, p, into);
    const double* y = tile.values.back();
    if (plan.keeps_all()) {
      keep_all(tile, y, p, into.kept);
      return;
    }
    for (size_t i = 0; i < tile.rows; ++i) {
      const uint64_t place = plan.place(p[i]);
      if (place == ProbabilityPlan::kNowhere) continue;
      const double w = tile.weight == nullptr ? 1.0 : tile.weight[i];
      if (place == ProbabilityPlan::kKept) {
        into.kept.keys.push_back(key_of(p[i]) * 2 + (y[i] == 1.0 ? 1 : 0));
        if (tile.weight != nullptr) into.kept.weights.push_back(w);
        continue;
      }
      ++into.rows[place];
      (y[i] == 1.0 ? into.events : into.others)[place] += w;
      into.sums[place] += w * p[i];
    }
  }

 private:
  static void keep_all(const Tile& tile, const double* y, const double* p, KeptRows& into) {
    const size_t before = into.keys.size();
    into.keys.resize(before + tile.rows);
    uint64_t* keys = into.keys.data() + before;
    for (size_t i = 0; i < tile.rows; ++i) keys[i] = key_of(p[i]) * 2 + (y[i] == 1.0 ? 1 : 0);
    if (tile.weight != nullptr)
      into.weights.insert(into.weights.end(), tile.weight, tile.weight + tile.rows);
  }

  void add_scores(const Tile& tile, const double* p, PredictionCounts& into) {
    const size_t n = tile.rows;
    const double* y = tile.values.back();
    uint64_t impossible = 0;
    for (size_t i = 0; i < n; ++i) {
      const double miss = y[i] - p[i];
      terms_[i] = miss * miss;
      const double chance = y[i] == 1.0 ? p[i] : 1.0 - p[i];
      const bool none = chance == 0.0;
      impossible += none;
      chance_[i] = none ? 1.0 : chance;
    }
    const auto total = [&](const double* values) {
      return tile.weight == nullptr ? column_sum(values, n) : weighted_sum(tile.weight, values, n);
    };
    into.squares += DoubleDouble(total(terms_.data()));
    log_array(chance_.data(), n, terms_.data());
    into.log_loss += DoubleDouble(-total(terms_.data()));
    into.impossible += impossible;
  }

  AlignedDoubles chance_;  // of what happened
  AlignedDoubles terms_;
};

}  // namespace

double KeptRows::distance(const KeptRows& other) const {
  const auto rows = [](const KeptRows& kept) {
    std::vector<std::pair<uint64_t, double>> sorted;
    for (size_t i = 0; i < kept.keys.size(); ++i)
      sorted.emplace_back(kept.keys[i], kept.weights.empty() ? 1.0 : kept.weights[i]);
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  };
  return rows(*this) == rows(other) ? 0.0 : std::numeric_limits<double>::infinity();
}

OutcomeCountsAnalysis::OutcomeCountsAnalysis(Design design, std::vector<ProbabilityPlan> plans)
    : design_(std::move(design)), plans_(std::move(plans)), columns_(design_.column_names()) {
  if (!design_.response.has_value() || !design_.factors.empty() || design_.features.empty() ||
      plans_.size() != design_.features.size()) {
    throw SpecError("outcomes are counted of a design with a response and " +
                    std::to_string(plans_.size()) + " numeric predictions, one for each plan");
  }
  design_.require_codes();
}

OutcomeCountsAnalysis OutcomeCountsAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "outcome_counts");
  Design design = Design::from_json(reader.required("design"));
  std::vector<ProbabilityPlan> plans;
  for (const Json& plan : reader.list("plans")) plans.push_back(ProbabilityPlan::from_json(plan));
  reader.finish();
  return {std::move(design), std::move(plans)};
}

Json OutcomeCountsAnalysis::spec() const {
  Json plans = Json::array();
  for (const ProbabilityPlan& plan : plans_) plans.push_back(plan.to_json());
  return {{"design", design_.to_json()}, {"plans", std::move(plans)}};
}

OutcomeCountsState OutcomeCountsAnalysis::empty() const {
  OutcomeCountsState state;
  for (const ProbabilityPlan& plan : plans_) {
    PredictionCounts& counts = state.predictions.emplace_back();
    counts.rows.resize(plan.bins());
    for (auto* sums : {&counts.events, &counts.others, &counts.sums}) sums->resize(plan.bins());
  }
  return state;
}

void OutcomeCountsAnalysis::update(State& into, const Chunk& chunk) const {
  std::vector<LevelTable> tables = make_level_tables(design_);
  RowReader reader(design_, {}, tables);
  reader.bind(chunk);
  Counter counter(static_cast<size_t>(std::min<uint64_t>(kTileRows, round_up_8(chunk.rows()))));
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kTileRows) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(kTileRows, chunk.rows() - begin));
    const Tile& tile = reader.read(begin, n);
    bool good = true;
    for (size_t i = 0; i < tile.rows; ++i) good &= is_outcome(tile.values.back()[i]);
    for (size_t k = 0; k < plans_.size(); ++k) {
      for (size_t i = 0; i < tile.rows; ++i) good &= is_probability(tile.values[k][i]);
    }
    if (!good) refuse_row(design_, chunk);
    for (size_t k = 0; k < plans_.size(); ++k)
      counter.add(plans_[k], tile, tile.values[k], into.predictions[k]);
    into.used += tile.rows;
    into.missing += tile.missing_rows;
    into.zero_weight += tile.zero_weight_rows;
  }
  into.rows += chunk.rows();
}

void OutcomeCountsAnalysis::merge(State& into, const State& from) const {
  const auto add = [](auto& sums, const auto& more) {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += more[i];
  };
  const auto append = [](auto& list, const auto& more) {
    list.insert(list.end(), more.begin(), more.end());
  };
  into.rows += from.rows;
  into.used += from.used;
  into.missing += from.missing;
  into.zero_weight += from.zero_weight;
  for (size_t k = 0; k < plans_.size(); ++k) {
    PredictionCounts& a = into.predictions[k];
    const PredictionCounts& b = from.predictions[k];
    add(a.rows, b.rows);
    add(a.events, b.events);
    add(a.others, b.others);
    add(a.sums, b.sums);
    append(a.kept.keys, b.kept.keys);
    append(a.kept.weights, b.kept.weights);
    a.impossible += b.impossible;
    a.log_loss += b.log_loss;
    a.squares += b.squares;
  }
}

Json OutcomeCountsAnalysis::finalize(const State& state) const {
  return {{"rows", state.rows},
          {"used", state.used},
          {"missing", state.missing},
          {"zero_weight", state.zero_weight}};
}

// Bins and kept rows are of single rows.
uint64_t OutcomeCountsAnalysis::smallest_cell(const State& state) const {
  return state.rows == 0 ? kNoCell : 0;
}

uint64_t OutcomeCountsAnalysis::state_bytes() const {
  uint64_t bytes = 0;
  for (const ProbabilityPlan& plan : plans_) bytes += 4 * sizeof(double) * plan.bins();
  return bytes;
}

void OutcomeCountsAnalysis::validate(const State& state) const {
  bool fits = state.predictions.size() == plans_.size();
  for (size_t k = 0; fits && k < plans_.size(); ++k) {
    const PredictionCounts& counts = state.predictions[k];
    fits = fits && counts.rows.size() == plans_[k].bins();
    for (const auto* sums : {&counts.events, &counts.others, &counts.sums})
      fits = fits && sums->size() == plans_[k].bins();
    const std::vector<uint64_t>& keys = counts.kept.keys;
    fits = fits && keys.size() <= state.used &&
           counts.kept.weights.size() == (design_.weight.empty() ? 0 : keys.size()) &&
           std::all_of(keys.begin(), keys.end(), [&](uint64_t key) {
             return key / 2 <= key_of(1.0) &&
                    plans_[k].place(probability_of(key / 2)) == ProbabilityPlan::kKept;
           });
  }
  if (!fits) throw StateError("the state's counts of outcomes do not fit its spec");
}

}  // namespace insitu
