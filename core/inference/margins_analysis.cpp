#include "inference/margins_analysis.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.hpp"
#include "inference/margin_rows.hpp"

namespace insitu {
namespace {

// Of the design, in its order: those of predictors, offsets and weights, and of the response if
// wanted.
std::vector<std::string> columns_read(const Design& design, bool response) {
  const std::vector<std::string> predictors = design.predictor_columns();
  std::set<std::string> wanted(predictors.begin(), predictors.end());
  if (!design.weight.empty()) wanted.insert(design.weight);
  if (response) {
    for (const NumericProgram::Input& input : design.response->program.inputs())
      wanted.insert(input.column);
  }
  std::vector<std::string> names = design.column_names();
  std::erase_if(names, [&](const std::string& name) { return wanted.count(name) == 0; });
  return names;
}

uint64_t most_sums(uint64_t quantities, uint64_t coefficients) {
  if (quantities * coefficients <= kMostMarginSums) return quantities * coefficients;
  throw SpecError(std::to_string(quantities) + " marginal quantities of a model of " +
                  std::to_string(coefficients) + " coefficients need more than " +
                  std::to_string(kMostMarginSums) +
                  " sums: ask for fewer variables, or compare fewer levels");
}

}  // namespace

MarginsAnalysis::MarginsAnalysis(Design design, FittedPoint point,
                                 std::vector<MarginQuantity> quantities, bool response)
    : design_(std::move(design)),
      point_(std::move(point)),
      quantities_(std::move(quantities)),
      response_(response),
      reading_(design_),
      columns_(columns_read(design_, response_)) {
  most_sums(quantities_.size(), point_.predictor.coefficients.size());
  for (size_t q = 0; q < quantities_.size(); ++q) {
    views_.push_back(MarginView::make(quantities_[q], design_, point_.predictor, reading_));
    views_[q].as_before = q > 0 && quantities_[q].settings == quantities_[q - 1].settings;
  }
}

MarginsAnalysis MarginsAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "margins");
  Design design = Design::from_json(reader.required("design"));
  const Json& family = reader.required("family");
  FittedPoint point = FittedPoint::from_json(design, family, reader.required("predictor"));
  std::vector<MarginQuantity> quantities;
  for (const Json& quantity : reader.list("quantities"))
    quantities.push_back(MarginQuantity::from_json(quantity));
  const bool response = reader.flag("response", false);
  reader.finish();
  return {std::move(design), std::move(point), std::move(quantities), response};
}

Json MarginsAnalysis::spec() const {
  Json quantities = Json::array();
  for (const MarginQuantity& quantity : quantities_) quantities.push_back(quantity.to_json());
  return {{"design", design_.to_json()},
          {"family", point_.family.to_json()},
          {"predictor", point_.predictor.to_json()},
          {"quantities", std::move(quantities)},
          {"response", response_}};
}

MarginsState MarginsAnalysis::empty() const {
  MarginsState state;
  state.undefined.resize(quantities_.size());
  state.sums.resize(quantities_.size());
  state.gradients.resize(quantities_.size());
  for (std::vector<DoubleDouble>& gradient : state.gradients)
    gradient.resize(point_.predictor.coefficients.size());
  return state;
}

void MarginsAnalysis::update(State& into, const Chunk& chunk) const {
  std::vector<LevelTable> tables = make_level_tables(reading_);
  RowNeeds needs;
  needs.response = response_;
  needs.complete_rows = false;
  needs.subtract_offsets = false;
  RowReader reader(reading_, needs, tables);
  reader.bind(chunk);
  MarginRows rows(design_, point_, chunk.rows());
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kTileRows) {
    const Tile& tile = reader.read(
        begin, static_cast<size_t>(std::min<uint64_t>(kTileRows, chunk.rows() - begin)));
    rows.begin(tile, response_, into);
    for (size_t q = 0; q < views_.size(); ++q) rows.add(views_[q], q, into);
  }
}

void MarginsAnalysis::merge(State& into, const State& from) const {
  into.rows += from.rows;
  into.used += from.used;
  into.missing += from.missing;
  into.zero_weight += from.zero_weight;
  into.weight += from.weight;
  for (size_t q = 0; q < quantities_.size(); ++q) {
    into.undefined[q] += from.undefined[q];
    into.sums[q] += from.sums[q];
    for (size_t i = 0; i < from.gradients[q].size(); ++i)
      into.gradients[q][i] += from.gradients[q][i];
  }
}

Json MarginsAnalysis::finalize(const State& state) const {
  Json quantities = Json::array();
  for (size_t q = 0; q < quantities_.size(); ++q) {
    Json quantity = {{"undefined", state.undefined[q]}, {"mean", nullptr}, {"gradient", nullptr}};
    if (state.used > 0 && state.undefined[q] == 0) {
      std::vector<double> gradient;
      for (const DoubleDouble sum : state.gradients[q])
        gradient.push_back(static_cast<double>(sum / state.weight));
      quantity["mean"] = number_to_json(static_cast<double>(state.sums[q] / state.weight));
      quantity["gradient"] = numbers_to_json(gradient);
    }
    quantities.push_back(std::move(quantity));
  }
  return {{"rows", state.rows},
          {"used", state.used},
          {"missing", state.missing},
          {"zero_weight", state.zero_weight},
          {"sum_of_weights", number_to_json(static_cast<double>(state.weight))},
          {"quantities", std::move(quantities)}};
}

// Gradients tell of every cell, and weights of every row.
uint64_t MarginsAnalysis::smallest_cell(const State& state) const {
  if (state.rows == 0) return kNoCell;
  return design_.factors.empty() && design_.weight.empty() ? state.used : 0;
}

uint64_t MarginsAnalysis::state_bytes() const {
  return most_sums(quantities_.size(), point_.predictor.coefficients.size()) * sizeof(DoubleDouble);
}

void MarginsAnalysis::validate(const State& state) const {
  const size_t width = point_.predictor.coefficients.size();
  const auto fits = [&](const std::vector<DoubleDouble>& sums) { return sums.size() == width; };
  if (state.undefined.size() != quantities_.size() || state.sums.size() != quantities_.size() ||
      state.gradients.size() != quantities_.size() ||
      !std::all_of(state.gradients.begin(), state.gradients.end(), fits)) {
    throw StateError("the state's sums do not fit the " + std::to_string(quantities_.size()) +
                     " quantities of its spec");
  }
}

}  // namespace insitu
