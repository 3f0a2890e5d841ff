#include "robust/score_rows.hpp"

#include <algorithm>
#include <cmath>

#include "base/errors.hpp"
#include "family/working.hpp"

namespace insitu {

FittedPoint FittedPoint::from_json(const Design& design, const Json& family,
                                   const Json& predictor) {
  if (!design.frozen())
    throw SpecError("a pass at given coefficients needs the levels of every factor");
  if (!design.response.has_value())
    throw SpecError("formula \"" + design.formula + "\" has no response: write \"y ~ …\"");
  return {Family::from_json(family), LinearPredictor::from_json(design, predictor)};
}

ScoreRows::ScoreRows(const FittedPoint& point, uint64_t rows) : point_(point) {
  for (AlignedDoubles* buffer :
       {&eta_, &mean_, &rest_, &slope_, &scratch_, &variance_, &weight_, &score_}) {
    buffer->resize(static_cast<size_t>(std::min<uint64_t>(kTileRows, round_up_8(rows))));
  }
}

void ScoreRows::at(const Tile& tile) {
  const size_t n = tile.rows;
  const Family& family = point_.family;
  point_.predictor.evaluate(tile, eta_.data());
  for (size_t i = 0; i < n && tile.offset != nullptr; ++i) eta_[i] += tile.offset[i];
  const Means means{mean_.data(), rest_.data(), slope_.data()};
  family.link.means(eta_.data(), n, means, scratch_.data());
  for (size_t i = 0; i < n; ++i) {
    if (!family.allows_mean(mean_[i], rest_[i])) leave_out(means, i);
  }
  const double* y_rest = rest_of_shares(tile, y_rest_);
  working_terms(family, {tile.values.back(), tile.weight, n, y_rest}, means,
                {weight_.data(), score_.data(), scratch_.data(), variance_.data()});
  for (size_t i = 0; i < n; ++i) score_[i] *= weight_[i];
}

}  // namespace insitu
