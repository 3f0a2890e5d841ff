#include "summary/summary_result.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>

#include "base/json.hpp"

namespace insitu {
namespace {

Json moments_json(const Moments& moments, Weighting weighting) {
  const Statistics s = statistics(moments, weighting);
  return {{"mean", number_to_json(s.mean)},
          {"std_dev", number_to_json(s.std_dev)},
          {"min", number_to_json(s.min)},
          {"max", number_to_json(s.max)},
          {"sum", number_to_json(s.sum)},
          {"valid_obs", count_to_json(s.valid_obs)},
          {"missing_obs", count_to_json(s.missing_obs)},
          {"sum_of_weights", count_to_json(s.sum_of_weights)},
          {"missing_weights", count_to_json(s.missing_weights)}};
}

std::string term_name(const Design& design, const DesignTerm& term) {
  std::string name = term.feature_label;
  for (const size_t factor : term.factors) {
    name += (name.empty() ? "" : ":") + design.factors[factor].display;
  }
  return name;
}

void add_factors(const Design& design, const DesignTerm& term, Json& into) {
  into["factors"] = Json::array();
  into["factor_labels"] = Json::array();
  into["levels"] = Json::array();
  for (const size_t factor : term.factors) {
    into["factors"].push_back(design.factors[factor].display);
    into["factor_labels"].push_back(design.factors[factor].label);
    into["levels"].push_back(*design.factors[factor].levels);
  }
}

Json counts_json(const SummaryTerm& term, Weighting weighting) {
  Json counts = Json::array();
  uint64_t rows = 0;
  DoubleDouble weight;
  for (size_t cell = 0; cell < term.counts.size(); ++cell) {
    rows += term.counts[cell];
    weight += term.weights[cell];
    if (weighting == Weighting::kNone) {
      counts.push_back(term.counts[cell]);
    } else {
      counts.push_back(count_to_json(static_cast<double>(term.weights[cell])));
    }
  }
  const auto total = static_cast<double>(rows);
  const bool frequency = weighting == Weighting::kFrequency;
  return {{"counts", std::move(counts)},
          {"valid_obs", count_to_json(frequency ? static_cast<double>(weight) : total)},
          {"missing_obs", term.outside}};
}

// Lists by cell, and the moments over all cells, whose missing rows include those without a cell.
Json cells_json(const SummaryTerm& term, Weighting weighting) {
  Json lists = Json::object();
  Moments overall;
  for (const Moments& cell : term.moments) {
    merge(overall, cell);
    const Json one = moments_json(cell, weighting);
    for (const auto& [key, item] : one.items()) lists[key].push_back(item);
  }
  overall.missing += term.outside;
  overall.missing_weight += term.outside_weight;
  const Json all = moments_json(overall, weighting);
  if (term.moments.empty()) {
    for (const auto& [key, item] : all.items()) lists[key] = Json::array();
  }
  lists["overall"] = all;
  return lists;
}

// The sentence for a term whose deviation is missing because of its scale, or "".
std::string scale_warning(const DesignTerm& term, const std::vector<Moments>& cells) {
  Moments overall;
  for (const Moments& cell : cells) merge(overall, cell);
  const auto found = std::find_if(cells.begin(), cells.end(),
                                  [](const Moments& cell) { return !has_squares(cell); });
  if (found == cells.end() && has_squares(overall)) return "";
  const Moments& bad = found == cells.end() ? overall : *found;
  const double greatest = std::max(std::fabs(bad.min), std::fabs(bad.max));
  char text[200];
  std::snprintf(text, sizeof text,
                "its values from %.3g to %.3g have squared differences %s, which doubles cannot "
                "hold; scale it, as in / 1e%.0f",
                bad.min, bad.max, bad.m2.hi < kLeastSquares ? "below 1e-271" : "beyond 1e308",
                std::floor(std::log10(greatest)));
  return "the deviation of " + term.feature_label + " is missing: " + text;
}

}  // namespace

Json summary_result(const Design& frozen, bool by_term, Weighting weighting,
                    const SummaryState& state) {
  Json terms = Json::array();
  Json warnings = Json::array();
  std::set<std::string> warned;
  for (size_t t = 0; t < frozen.terms.size(); ++t) {
    const DesignTerm& term = frozen.terms[t];
    const SummaryTerm& found = state.terms[t];
    Json json;
    if (term.factors.empty()) {
      json = moments_json(found.moments[0], weighting);
      json["type"] = "numeric";
    } else {
      json = found.numeric ? cells_json(found, weighting) : counts_json(found, weighting);
      json["type"] = found.numeric ? "cells" : "counts";
      if (found.numeric) json["variable"] = term.feature_label;
      add_factors(frozen, term, json);
    }
    json["name"] = term_name(frozen, term);
    terms.push_back(std::move(json));
    const std::string warning = scale_warning(term, found.moments);
    if (!warning.empty() && warned.insert(term.feature_label).second) warnings.push_back(warning);
  }
  const double weight = static_cast<double>(state.weight);
  const auto used = static_cast<double>(state.used);
  const double valid = weighting == Weighting::kFrequency ? weight : used;
  return {{"kind", "summary"},
          {"n_rows", state.rows},
          {"n_valid_obs", count_to_json(valid)},
          {"n_missing_obs", state.rows - state.used - state.zero_weight},
          {"sum_of_weights", count_to_json(weighting == Weighting::kNone ? used : weight)},
          {"by_term", by_term},
          {"terms", std::move(terms)},
          {"warnings", std::move(warnings)}};
}

}  // namespace insitu
