#include "glm/glm_analysis.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "glm/glm_rows.hpp"

namespace insitu {
namespace {

std::optional<LinearPredictor> read_predictor(const Design& design, const Json* json) {
  if (json == nullptr || json->is_null()) return std::nullopt;
  return LinearPredictor::from_json(design, *json);
}

Json write_predictor(const std::optional<LinearPredictor>& predictor) {
  return predictor.has_value() ? predictor->to_json() : Json();
}

}  // namespace

GlmAnalysis::GlmAnalysis(Design design, Family family, GlmPoint point)
    : design_(std::move(design)),
      family_(family),
      point_(std::move(point)),
      plan_(CellPlan::make(design_, true)),
      columns_(design_.column_names()) {
  if (!design_.response.has_value())
    throw SpecError("formula \"" + design_.formula + "\" has no response: write \"y ~ …\"");
  design_.require_codes();
}

GlmAnalysis GlmAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "glm");
  Design design = Design::from_json(reader.required("design"));
  const Family family = Family::from_json(reader.required("family"));
  const Json* predictor = reader.optional("predictor");
  const Json* previous = reader.optional("previous");
  const Json* null = reader.optional("null");
  const bool likelihood = reader.flag("likelihood", false);
  const bool observed = reader.flag("observed", false);
  reader.finish();
  if (predictor != nullptr && !predictor->is_null() && !design.frozen())
    throw SpecError("a pass at given coefficients needs the levels of every factor");
  GlmPoint point;
  point.predictor = read_predictor(design, predictor);
  point.previous = read_predictor(design, previous);
  if (null != nullptr && !null->is_null()) point.null = number_from_json(*null, "null");
  point.likelihood = likelihood;
  point.observed = observed;
  return {std::move(design), family, std::move(point)};
}

Json GlmAnalysis::spec() const {
  return {{"design", design_.to_json()},
          {"family", family_.to_json()},
          {"predictor", write_predictor(point_.predictor)},
          {"previous", write_predictor(point_.previous)},
          {"null", point_.null.has_value() ? number_to_json(*point_.null) : Json()},
          {"likelihood", point_.likelihood},
          {"observed", point_.observed}};
}

GlmState GlmAnalysis::empty() const {
  GlmState state;
  state.products = empty_cross_products(design_, plan_);
  return state;
}

void GlmAnalysis::update(State& into, const Chunk& chunk) const {
  GlmRows rows(design_, family_, point_, chunk, into);
  const RowCounts counts = accumulate_mapped(
      design_, plan_, chunk, [&](const Tile& tile) -> const Tile& { return rows.map(tile); },
      into.products);
  into.rows += counts.rows;
  into.used += counts.used;
  into.missing += counts.missing;
  into.zero_weight += counts.zero_weight;
}

void GlmAnalysis::merge(State& into, const State& from) const {
  into.rows += from.rows;
  into.used += from.used;
  into.missing += from.missing;
  into.zero_weight += from.zero_weight;
  for (size_t k = 0; k < kGlmSteps; ++k) {
    into.outside[k] += from.outside[k];
    into.deviances[k] += from.deviances[k];
  }
  into.null_weight += from.null_weight;
  into.null_working += from.null_working;
  into.pearson += from.pearson;
  into.prior += from.prior;
  into.response += from.response;
  into.likelihood += from.likelihood;
  insitu::merge(into.products, from.products);
}

Json GlmAnalysis::finalize(const State& state) const {
  return {{"rows", state.rows},
          {"used", state.used},
          {"missing", state.missing},
          {"zero_weight", state.zero_weight},
          {"outside", state.outside[kFullStep]},
          {"deviance", number_to_json(state.deviances[kFullStep].hi)},
          {"levels", state.products.levels}};
}

// Working weights do not count rows.
uint64_t GlmAnalysis::smallest_cell(const State& state) const {
  if (state.rows == 0) return kNoCell;
  return design_.factors.empty() && design_.weight.empty() ? state.used : 0;
}

uint64_t GlmAnalysis::state_bytes() const { return cross_products_bytes(design_, plan_); }

void GlmAnalysis::validate(const State& state) const {
  if (state.outside.size() != kGlmSteps || state.deviances.size() != kGlmSteps)
    throw StateError("the state has " + std::to_string(state.deviances.size()) +
                     " deviances, expected " + std::to_string(static_cast<size_t>(kGlmSteps)));
  insitu::validate(design_, plan_, state.products);
}

}  // namespace insitu
