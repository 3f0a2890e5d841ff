#include "robust/cluster_scores.hpp"

#include <algorithm>
#include <iomanip>
#include <numeric>
#include <sstream>
#include <utility>

#include "base/json.hpp"

namespace insitu {
namespace {

std::string count_text(double count) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(0) << count;
  return text.str();
}

}  // namespace

ClusterScoresAnalysis::ClusterScoresAnalysis(Design design, FittedPoint point)
    : design_(std::move(design)),
      point_(std::move(point)),
      width_(point_.predictor.coefficients.size()),
      columns_(design_.column_names()) {
  if (design_.clusters.empty() || design_.clusters.size() > 2) {
    throw SpecError("rows are clustered by one or two columns, and " +
                    std::to_string(design_.clusters.size()) + " are given");
  }
  for (const size_t factor : design_.clusters) sets_.push_back({factor});
  if (sets_.size() == 2) sets_.push_back(design_.clusters);
  // Neither a cell nor a coefficient is free: their product must not wrap.
  const uint64_t width = std::max<uint64_t>(1, width_);
  uint64_t total = 0;
  for (const std::vector<size_t>& set : sets_) total += cells(set);
  if (total <= kMostClusterSums / width) return;
  const double sums = static_cast<double>(total) * static_cast<double>(width);
  throw SpecError(
      "clustering by " + design_.factors[design_.clusters[0]].label +
      (design_.clusters.size() == 2 ? " and " + design_.factors[design_.clusters[1]].label : "") +
      " needs " + count_text(sums) + " sums, one for each of " + std::to_string(width_) +
      " coefficients and each cluster" +
      (sets_.size() > 1 ? ", all combinations of two columns' values among them" : "") +
      "; at most " + std::to_string(kMostClusterSums) +
      " are possible: take a column of fewer values, or fewer levels of factors");
}

// At most kMaxCells^2.
uint64_t ClusterScoresAnalysis::cells(const std::vector<size_t>& set) const {
  uint64_t cells = 1;
  for (const size_t factor : set)
    cells *= std::min<uint64_t>(kMaxCells, design_.factors[factor].levels->size());
  return cells;
}

ClusterScoresAnalysis ClusterScoresAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "cluster_scores");
  Design design = Design::from_json(reader.required("design"));
  const Json& family = reader.required("family");
  FittedPoint point = FittedPoint::from_json(design, family, reader.required("predictor"));
  reader.finish();
  return {std::move(design), std::move(point)};
}

Json ClusterScoresAnalysis::spec() const {
  return {{"design", design_.to_json()},
          {"family", point_.family.to_json()},
          {"predictor", point_.predictor.to_json()}};
}

ClusterScoresState ClusterScoresAnalysis::empty() const {
  ClusterScoresState state;
  for (const std::vector<size_t>& set : sets_) {
    state.counts.emplace_back(cells(set));
    state.sums.emplace_back(cells(set) * width_);
  }
  return state;
}

// Sums lie far apart: their memory is asked for some rows ahead, term by term.
void ClusterScoresAnalysis::add(State& into, const Tile& tile, const double* scores,
                                Places& places) const {
  constexpr size_t kAhead = 16;
  const LinearPredictor& predictor = point_.predictor;
  const size_t n = tile.rows;
  auto& [begins, sums] = places;
  begins.resize(n);
  sums.resize(n);
  for (size_t k = 0; k < sets_.size(); ++k) {
    for (size_t i = 0; i < n; ++i) {
      uint64_t cell = 0;
      for (auto factor = sets_[k].rbegin(); factor != sets_[k].rend(); ++factor)
        cell = cell * design_.factors[*factor].levels->size() + tile.codes[*factor][i];
      ++into.counts[k][cell];
      begins[i] = into.sums[k].data() + cell * width_;
    }
    const auto add_all = [&](const auto& value) {
      for (size_t i = 0; i < n; ++i) {
        __builtin_prefetch(sums[std::min(i + kAhead, n - 1)], 1);
        *sums[i] += DoubleDouble(value(i));
      }
    };
    if (design_.intercept) {
      sums = begins;
      add_all([&](size_t i) { return scores[i]; });
    }
    for (size_t t = 0; t < predictor.terms.size(); ++t) {
      const LinearPredictor::Term& term = predictor.terms[t];
      for (size_t i = 0; i < n; ++i) {
        sums[i] =
            begins[i] + (term.factors.empty() ? term.first : predictor.coefficient_of(t, tile, i));
      }
      if (term.feature.has_value()) {
        const double* x = tile.values[*term.feature];
        add_all([&](size_t i) { return scores[i] * (x[i] - term.center); });
      } else {
        add_all([&](size_t i) { return scores[i]; });
      }
    }
  }
}

void ClusterScoresAnalysis::update(State& into, const Chunk& chunk) const {
  std::vector<LevelTable> tables = make_level_tables(design_);
  RowNeeds needs;
  needs.subtract_offsets = false;
  RowReader reader(design_, needs, tables);
  reader.bind(chunk);
  ScoreRows rows(point_, chunk.rows());
  Places places;
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kTileRows) {
    const Tile& tile = reader.read(
        begin, static_cast<size_t>(std::min<uint64_t>(kTileRows, chunk.rows() - begin)));
    rows.at(tile);
    add(into, tile, rows.scores(), places);
    into.used += tile.rows;
  }
  into.rows += chunk.rows();
}

void ClusterScoresAnalysis::merge(State& into, const State& from) const {
  into.rows += from.rows;
  into.used += from.used;
  for (size_t k = 0; k < sets_.size(); ++k) {
    for (size_t i = 0; i < from.counts[k].size(); ++i) into.counts[k][i] += from.counts[k][i];
    for (size_t i = 0; i < from.sums[k].size(); ++i) into.sums[k][i] += from.sums[k][i];
  }
}

Json ClusterScoresAnalysis::finalize(const State& state) const {
  Json clusters = Json::array();
  for (const std::vector<uint64_t>& counts : state.counts)
    clusters.push_back(counts.size() -
                       static_cast<size_t>(std::count(counts.begin(), counts.end(), 0)));
  return {{"rows", state.rows}, {"used", state.used}, {"clusters", std::move(clusters)}};
}

// Within a cluster the sums tell of levels that no count belongs to.
uint64_t ClusterScoresAnalysis::smallest_cell(const State& state) const {
  if (state.used == 0) return state.rows == 0 ? kNoCell : 0;
  for (const LinearPredictor::Term& term : point_.predictor.terms) {
    if (!term.factors.empty()) return 0;
  }
  uint64_t smallest = state.used;
  for (const std::vector<uint64_t>& counts : state.counts) {
    for (const uint64_t count : counts) smallest = count > 0 ? std::min(smallest, count) : smallest;
  }
  return smallest;
}

uint64_t ClusterScoresAnalysis::state_bytes() const {
  uint64_t bytes = 0;
  for (const std::vector<size_t>& set : sets_)
    bytes += cells(set) * (width_ * sizeof(DoubleDouble) + sizeof(uint64_t));
  return bytes;
}

void ClusterScoresAnalysis::validate(const State& state) const {
  bool fits = state.counts.size() == sets_.size() && state.sums.size() == sets_.size();
  for (size_t k = 0; fits && k < sets_.size(); ++k) {
    const std::vector<uint64_t>& counts = state.counts[k];
    fits = counts.size() == cells(sets_[k]) && state.sums[k].size() == counts.size() * width_ &&
           std::accumulate(counts.begin(), counts.end(), uint64_t{0}) == state.used;
  }
  if (!fits) throw StateError("the state's clusters do not fit its spec");
}

}  // namespace insitu
