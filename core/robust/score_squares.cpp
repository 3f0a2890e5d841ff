#include "robust/score_squares.hpp"

#include <utility>

#include "base/json.hpp"

namespace insitu {
namespace {

// Less than this of 1 - h is rounding: the row has a coefficient of its own.
constexpr double kLeastRest = 1e-10;

Leverage read_leverage(const Json* json, size_t columns) {
  Leverage leverage;
  if (json == nullptr) return leverage;
  SpecReader reader(*json, "leverage");
  const uint64_t power = reader.count("power", 0);
  leverage.columns =
      indices_from_json(reader.required("columns"), "a column of a leverage", columns);
  leverage.inverse = numbers_from_json(reader.required("inverse"), "inverse");
  reader.finish();
  if (power != 1 && power != 2)
    throw SpecError("the power of a leverage is 1 or 2, not " + std::to_string(power));
  leverage.power = static_cast<int>(power);
  return leverage;
}

}  // namespace

ScoreSquaresAnalysis::ScoreSquaresAnalysis(Design design, FittedPoint point, Leverage leverage)
    : design_(std::move(design)),
      point_(std::move(point)),
      leverage_(std::move(leverage)),
      replicates_(!design_.weight.empty() && design_.find_column(design_.weight)->whole),
      plan_(CellPlan::make(design_, true)),
      columns_(design_.column_names()) {
  if (leverage_.power > 0) form_ = RowForm(point_.predictor, leverage_.columns, leverage_.inverse);
}

ScoreSquaresAnalysis ScoreSquaresAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "score_squares");
  Design design = Design::from_json(reader.required("design"));
  const Json& family = reader.required("family");
  FittedPoint point = FittedPoint::from_json(design, family, reader.required("predictor"));
  Leverage leverage =
      read_leverage(reader.optional("leverage"), point.predictor.coefficients.size());
  reader.finish();
  return {std::move(design), std::move(point), std::move(leverage)};
}

Json ScoreSquaresAnalysis::spec() const {
  Json leverage;
  if (leverage_.power > 0) {
    leverage = {{"power", leverage_.power},
                {"columns", leverage_.columns},
                {"inverse", numbers_to_json(leverage_.inverse)}};
  }
  return {{"design", design_.to_json()},
          {"family", point_.family.to_json()},
          {"predictor", point_.predictor.to_json()},
          {"leverage", std::move(leverage)}};
}

ScoreSquaresState ScoreSquaresAnalysis::empty() const {
  ScoreSquaresState state;
  state.products = empty_cross_products(design_, plan_);
  return state;
}

void ScoreSquaresAnalysis::update(State& into, const Chunk& chunk) const {
  ScoreRows rows(point_, chunk.rows());
  RowForm::Active active;
  AlignedDoubles squares(
      static_cast<size_t>(std::min<uint64_t>(kTileRows, round_up_8(chunk.rows()))));
  Tile mapped;
  const auto map = [&](const Tile& tile) -> const Tile& {
    rows.at(tile);
    for (size_t i = 0; i < tile.rows; ++i) {
      const double count = replicates_ ? tile.weight[i] : 1.0;
      squares[i] = rows.scores()[i] * (rows.scores()[i] / count);
      if (leverage_.power == 0) continue;
      const double form = form_.at(point_.predictor, design_.intercept, tile, i, active);
      const double rest = 1.0 - rows.weights()[i] / count * form;
      if (rest < kLeastRest) {
        ++into.full_leverage;
        squares[i] = 0.0;
        continue;
      }
      for (int k = 0; k < leverage_.power; ++k) squares[i] /= rest;
    }
    mapped = tile;
    mapped.weight = squares.data();
    return mapped;
  };
  const RowCounts counts = accumulate_mapped(design_, plan_, false, chunk, map, into.products);
  into.rows += counts.rows;
  into.used += counts.used;
}

void ScoreSquaresAnalysis::merge(State& into, const State& from) const {
  into.rows += from.rows;
  into.used += from.used;
  into.full_leverage += from.full_leverage;
  insitu::merge(into.products, from.products);
}

Json ScoreSquaresAnalysis::finalize(const State& state) const {
  return {{"rows", state.rows}, {"used", state.used}, {"full_leverage", state.full_leverage}};
}

uint64_t ScoreSquaresAnalysis::smallest_cell(const State& state) const {
  if (state.rows == 0) return kNoCell;
  return design_.factors.empty() && !design_.weighted() ? state.used : 0;
}

uint64_t ScoreSquaresAnalysis::state_bytes() const { return cross_products_bytes(design_, plan_); }

void ScoreSquaresAnalysis::validate(const State& state) const {
  insitu::validate(design_, plan_, state.products);
}

}  // namespace insitu
