#include "summary/summary_analysis.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "base/levels.hpp"
#include "summary/summary_cells.hpp"
#include "summary/summary_pass.hpp"
#include "summary/summary_result.hpp"

namespace insitu {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw StateError("the state's " + what + " do not fit its spec");
}

// The sizes an empty term has.
void shape(SummaryTerm& term, const LevelLists& levels) {
  const uint64_t cells = count_cells(term.factors, levels);
  if (term.numeric) {
    term.moments.resize(cells);
  } else {
    term.counts.resize(cells);
    term.weights.resize(cells);
  }
}

}  // namespace

SummaryAnalysis::SummaryAnalysis(Design design, bool by_term, Weighting weighting)
    : design_(std::move(design)),
      by_term_(by_term),
      weighting_(weighting),
      columns_(design_.column_names()) {
  if (design_.response.has_value() || !design_.offsets.empty()) {
    throw SpecError("a summary has neither response nor offset: \"" + design_.formula + "\"");
  }
  if (design_.terms.empty()) {
    throw SpecError("the formula \"" + design_.formula + "\" names nothing to summarise");
  }
  if ((weighting != Weighting::kNone) != !design_.weight.empty()) {
    throw SpecError(
        "the weighting of a summary needs a column of weights, and the other way round");
  }
  design_.require_codes();
}

SummaryAnalysis SummaryAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "summary");
  const Json& design = reader.required("design");
  const bool by_term = reader.flag("by_term", true);
  const std::string weighting =
      reader.one_of("weighting", {"none", "pweights", "fweights"}, "none");
  reader.finish();
  return SummaryAnalysis(Design::from_json(design), by_term,
                         weighting == "pweights"   ? Weighting::kProbability
                         : weighting == "fweights" ? Weighting::kFrequency
                                                   : Weighting::kNone);
}

Json SummaryAnalysis::spec() const {
  return {{"design", design_.to_json()},
          {"by_term", by_term_},
          {"weighting", weighting_name(weighting_)}};
}

SummaryState SummaryAnalysis::empty() const {
  SummaryState state;
  for (const DesignFactor& factor : design_.factors) {
    state.levels.push_back(factor.levels.value_or(std::vector<std::string>{}));
  }
  for (const DesignTerm& term : design_.terms) {
    SummaryTerm& into = state.terms.emplace_back();
    into.factors.assign(term.factors.begin(), term.factors.end());
    into.numeric = term.feature.has_value();
    shape(into, state.levels);
  }
  return state;
}

void SummaryAnalysis::update(State& into, const Chunk& chunk) const {
  summarise(design_, by_term_, chunk, into);
}

void SummaryAnalysis::merge(State& into, const State& from) const {
  into.rows += from.rows;
  into.used += from.used;
  into.zero_weight += from.zero_weight;
  into.weight += from.weight;
  const LevelCodes codes = grow_levels(into, from.levels);
  for (size_t f = 0; f < design_.factors.size(); ++f) {
    check_level_count(into.levels[f].size(), design_.factors[f].column);
  }
  for (size_t t = 0; t < into.terms.size(); ++t) {
    SummaryTerm& term = into.terms[t];
    merge_cells(term, from.terms[t], CellMap(term.factors, from.levels, into.levels, codes));
    term.outside += from.terms[t].outside;
    term.outside_weight += from.terms[t].outside_weight;
  }
}

Json SummaryAnalysis::finalize(const State& state) const {
  // Published levels: sorted, or as given; F(x) without bounds has every whole number between its
  // least and greatest.
  LevelLists sorted;
  for (const auto& labels : state.levels) {
    std::vector<std::string>& into = sorted.emplace_back();
    for (const uint32_t code : sorted_order(labels)) into.push_back(labels[code]);
  }
  const Design frozen = design_.freeze(sorted);
  LevelLists levels;
  for (const DesignFactor& factor : frozen.factors) levels.push_back(*factor.levels);
  return summary_result(frozen, by_term_, weighting_, reorder(state, levels));
}

// Levels found in the data are not known yet: one each is an understatement that the engine's
// budget tolerates.
uint64_t SummaryAnalysis::smallest_cell(const State& state) const {
  if (state.rows == 0) return kNoCell;
  uint64_t least = state.used;
  auto count = [&](uint64_t rows) {
    if (rows > 0) least = std::min(least, rows);
  };
  for (const SummaryTerm& term : state.terms) {
    for (const Moments& moments : term.moments) count(moments.valid);
    for (const uint64_t rows : term.counts) count(rows);
  }
  return least;
}

uint64_t SummaryAnalysis::state_bytes() const {
  uint64_t bytes = 256;
  for (const DesignTerm& term : design_.terms) {
    uint64_t cells = 1;
    for (const size_t factor : term.factors) {
      const auto& levels = design_.factors[factor].levels;
      const uint64_t count = levels.has_value() ? levels->size() : 1;
      if (count != 0 && cells > kMaxSummaryCells / count) {
        throw SpecError("the term " + term.label + " has more than " +
                        std::to_string(kMaxSummaryCells) +
                        " cells; use fewer factors or fewer levels");
      }
      cells *= count;
    }
    bytes += 128 + cells * (term.feature.has_value() ? sizeof(Moments) : 24);
  }
  return bytes;
}

void SummaryAnalysis::validate(const State& state) const {
  design_.validate_levels(state.levels);
  if (state.terms.size() != design_.terms.size()) refuse("terms");
  for (size_t t = 0; t < state.terms.size(); ++t) {
    const SummaryTerm& term = state.terms[t];
    const DesignTerm& wanted = design_.terms[t];
    if (term.numeric != wanted.feature.has_value() ||
        !std::equal(term.factors.begin(), term.factors.end(), wanted.factors.begin(),
                    wanted.factors.end())) {
      refuse("terms");
    }
    uint64_t cells = 0;
    try {
      cells = count_cells(term.factors, state.levels);
    } catch (const SpecError&) {
      refuse("cells");
    }
    if (term.moments.size() != (term.numeric ? cells : 0) ||
        term.counts.size() != (term.numeric ? 0 : cells) ||
        term.weights.size() != term.counts.size()) {
      refuse("cells");
    }
  }
}

}  // namespace insitu
