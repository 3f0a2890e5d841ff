#include "glm/glm_analysis.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "glm/glm_rows.hpp"

namespace insitu {
namespace {

std::optional<LinearPredictor> read_predictor(const Design& design, const Json* json) {
  if (json == nullptr) return std::nullopt;
  return LinearPredictor::from_json(design, *json);
}

std::optional<GlmLeverages> read_leverages(const Design& design, const Json* json) {
  if (json == nullptr) return std::nullopt;
  SpecReader reader(*json, "firth");
  GlmLeverages leverages;
  leverages.basis = LinearPredictor::from_json(design, reader.required("basis"));
  leverages.columns = indices_from_json(reader.required("columns"), "a column of 'firth'",
                                        leverages.basis.coefficients.size());
  leverages.inverse = numbers_from_json(reader.required("inverse"), "inverse");
  reader.finish();
  return leverages;
}

size_t coefficients_of(const Design& design) {
  if (!design.frozen())
    throw SpecError("cells are counted where the levels of every factor are known");
  return LinearPredictor::zero(design).coefficients.size();
}

Json write_leverages(const std::optional<GlmLeverages>& leverages) {
  if (!leverages.has_value()) return {};
  return {{"basis", leverages->basis.to_json()},
          {"columns", leverages->columns},
          {"inverse", numbers_to_json(leverages->inverse)}};
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
  look_up_cells();
  if (point_.firth.has_value()) {
    if (family_.kind != FamilyKind::kBinomial || family_.link.kind != LinkKind::kLogit ||
        !point_.predictor.has_value())
      throw SpecError("Firth's penalty is that of a logistic regression, at given coefficients");
    aids_.leverages = RowForm(point_.firth->basis, point_.firth->columns, point_.firth->inverse);
  }
  if (!point_.theta) return;
  if (family_.kind != FamilyKind::kNegativeBinomial || !point_.predictor.has_value())
    throw SpecError("theta is estimated of a negative binomial, at given coefficients");
  aids_.theta.emplace(family_.parameter);
}

void GlmAnalysis::look_up_cells() {
  if (!point_.extremes && point_.held.empty()) return;
  aids_.held.resize(coefficients_of(design_));
  aids_.layout = LinearPredictor::zero(design_);
  for (size_t t = 0; t < design_.terms.size(); ++t) {
    if (!design_.terms[t].factors.empty() && !design_.terms[t].feature.has_value())
      aids_.plain.push_back(t);
  }
  for (const size_t column : point_.held) aids_.held.at(column) = true;
}

GlmAnalysis GlmAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "glm");
  Design design = Design::from_json(reader.required("design"));
  const Family family = Family::from_json(reader.required("family"));
  const Json* predictor = reader.optional("predictor");
  const Json* previous = reader.optional("previous");
  const Json* null = reader.optional("null");
  const Json* firth = reader.optional("firth");
  const bool precise = reader.flag("precise", false);
  const bool likelihood = reader.flag("likelihood", false);
  const bool observed = reader.flag("observed", false);
  const bool theta = reader.flag("theta", false);
  const bool extremes = reader.flag("extremes", false);
  const Json* held = reader.optional("held");
  reader.finish();
  if ((predictor != nullptr || firth != nullptr) && !design.frozen())
    throw SpecError("a pass at given coefficients needs the levels of every factor");
  GlmPoint point;
  point.predictor = read_predictor(design, predictor);
  point.previous = read_predictor(design, previous);
  point.firth = read_leverages(design, firth);
  if (null != nullptr) point.null = number_from_json(*null, "null");
  point.precise = precise;
  point.likelihood = likelihood;
  point.observed = observed;
  point.theta = theta;
  point.extremes = extremes;
  if (held != nullptr && !held->empty())
    point.held = indices_from_json(*held, "a column that is held", coefficients_of(design));
  return {std::move(design), family, std::move(point)};
}

Json GlmAnalysis::spec() const {
  return {{"design", design_.to_json()},
          {"family", family_.to_json()},
          {"predictor", write_predictor(point_.predictor)},
          {"previous", write_predictor(point_.previous)},
          {"null", point_.null.has_value() ? number_to_json(*point_.null) : Json()},
          {"precise", point_.precise},
          {"likelihood", point_.likelihood},
          {"observed", point_.observed},
          {"theta", point_.theta},
          {"extremes", point_.extremes},
          {"held", point_.held},
          {"firth", write_leverages(point_.firth)}};
}

GlmState GlmAnalysis::empty() const {
  GlmState state;
  if (aids_.theta.has_value()) state.theta.resize(kThetaSums);
  if (point_.extremes) state.extremes.resize(kExtremes * aids_.layout->coefficients.size());
  state.products = empty_cross_products(design_, plan_);
  return state;
}

void GlmAnalysis::update(State& into, const Chunk& chunk) const {
  GlmRows rows(design_, family_, point_, aids_, chunk, into);
  const RowCounts counts = accumulate_mapped(
      design_, plan_, point_.precise, chunk,
      [&](const Tile& tile) -> const Tile& { return rows.map(tile); }, into.products);
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
  into.at_bounds += from.at_bounds;
  into.null_weight += from.null_weight;
  into.null_working += from.null_working;
  into.pearson += from.pearson;
  into.prior += from.prior;
  into.response += from.response;
  into.likelihood += from.likelihood;
  for (size_t k = 0; k < into.theta.size(); ++k) into.theta[k] += from.theta[k];
  for (size_t k = 0; k < into.extremes.size(); ++k) into.extremes[k] += from.extremes[k];
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
  return design_.factors.empty() && !design_.weighted() ? state.used : 0;
}

uint64_t GlmAnalysis::state_bytes() const {
  const uint64_t counts =
      point_.extremes ? size_t{kExtremes} * aids_.layout->coefficients.size() : 0;
  return cross_products_bytes(design_, plan_) + counts * sizeof(uint64_t);
}

void GlmAnalysis::validate(const State& state) const {
  for (const size_t size : {state.deviances.size(), state.outside.size()}) {
    if (size == kGlmSteps) continue;
    throw StateError("the state has " + std::to_string(size) + " deviances, or counts of rows " +
                     "outside, expected " + std::to_string(size_t{kGlmSteps}));
  }
  if (state.theta.size() != (aids_.theta.has_value() ? size_t{kThetaSums} : 0))
    throw StateError("the state has " + std::to_string(state.theta.size()) + " sums for theta");
  const size_t counts = point_.extremes ? size_t{kExtremes} * aids_.layout->coefficients.size() : 0;
  if (state.extremes.size() != counts)
    throw StateError("the state has " + std::to_string(state.extremes.size()) +
                     " counts of cells, expected " + std::to_string(counts));
  insitu::validate(design_, plan_, state.products);
}

}  // namespace insitu
