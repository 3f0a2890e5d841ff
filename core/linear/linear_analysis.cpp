#include "linear/linear_analysis.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "design/sum_cross_products.hpp"

namespace insitu {

LinearAnalysis::LinearAnalysis(Design design, bool precise)
    : design_(std::move(design)),
      plan_(CellPlan::make(design_, true)),
      precise_(precise),
      columns_(design_.column_names()) {
  if (!design_.response.has_value()) {
    throw SpecError("formula \"" + design_.formula + "\" has no response: write \"y ~ …\"");
  }
  design_.refuse_counts();
  design_.require_codes();
}

LinearAnalysis LinearAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "linear");
  const Json& design = reader.required("design");
  const bool precise = reader.flag("precise", false);
  reader.finish();
  return LinearAnalysis(Design::from_json(design), precise);
}

Json LinearAnalysis::spec() const { return {{"design", design_.to_json()}, {"precise", precise_}}; }

LinearState LinearAnalysis::empty() const {
  LinearState state;
  state.products = empty_cross_products(design_, plan_);
  return state;
}

void LinearAnalysis::update(State& into, const Chunk& chunk) const {
  const RowCounts counts =
      accumulate(design_, plan_, precise_, chunk, into.products, into.log_weights);
  into.rows += counts.rows;
  into.used += counts.used;
  into.missing += counts.missing;
  into.zero_weight += counts.zero_weight;
  check_levels(into);
}

void LinearAnalysis::merge(State& into, const State& from) const {
  into.rows += from.rows;
  into.used += from.used;
  into.missing += from.missing;
  into.zero_weight += from.zero_weight;
  into.log_weights += from.log_weights;
  insitu::merge(into.products, from.products);
  check_levels(into);
}

void LinearAnalysis::check_levels(const State& state) const {
  for (size_t f = 0; f < design_.factors.size(); ++f) {
    check_level_count(state.products.levels[f].size(), design_.factors[f].column);
  }
}

Json LinearAnalysis::finalize(const State& state) const {
  const CrossProducts& products = state.products;
  return {{"rows", state.rows},
          {"used", state.used},
          {"missing", state.missing},
          {"zero_weight", state.zero_weight},
          {"sum_of_weights", number_to_json(products.weight.hi)},
          {"levels", products.levels},
          {"means", numbers_to_json(products.mean_hi)}};
}

uint64_t LinearAnalysis::smallest_cell(const State& state) const {
  if (state.rows == 0) return kNoCell;
  if (!design_.weight.empty() && !design_.factors.empty()) return 0;
  return std::min(state.used, insitu::smallest_cell(design_, state.products));
}

uint64_t LinearAnalysis::state_bytes() const { return cross_products_bytes(design_, plan_); }

void LinearAnalysis::validate(const State& state) const {
  insitu::validate(design_, plan_, state.products);
}

Json LinearAnalysis::sums() const {
  if (precise_ || !design_.clusters.empty()) return nullptr;
  const SumNeeds needs{.response = true, .complete = true, .log_weights = !design_.weight.empty()};
  return sum_request(design_, needs, cross_product_tables(plan_));
}

LinearState LinearAnalysis::from_sums(const Json& facts, const Chunk& answer) const {
  const SumGroups groups(design_.factors, plan_.n_values - 1, !design_.weight.empty(), facts,
                         answer);
  LinearState state;
  RowCounts counts;
  state.products = sum_cross_products(design_, plan_, groups, counts, state.log_weights);
  state.rows = counts.rows;
  state.used = counts.used;
  state.missing = counts.missing;
  state.zero_weight = counts.zero_weight;
  check_levels(state);
  return state;
}

}  // namespace insitu
