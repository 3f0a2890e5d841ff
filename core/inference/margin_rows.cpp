#include "inference/margin_rows.hpp"

#include <algorithm>
#include <cmath>

#include "linalg/kernels.hpp"

namespace insitu {

MarginRows::MarginRows(const Design& design, const FittedPoint& point, uint64_t rows)
    : design_(design), point_(point), set_codes_(design.factors.size()) {
  const auto room = static_cast<size_t>(std::min<uint64_t>(kTileRows, round_up_8(rows)));
  for (AlignedDoubles* buffer : {&weight_, &eta_, &mean_, &rest_, &slope_, &curvature_, &change_,
                                 &scratch_, &value_, &at_, &along_, &column_}) {
    buffer->resize(room);
  }
  for (std::vector<uint32_t>& codes : set_codes_) codes.resize(room);
}

void MarginRows::begin(const Tile& tile, bool response, MarginsState& into) {
  tile_ = &tile;
  seen_ = derived_ = tile;
  point_.predictor.evaluate(tile, eta_.data());
  rows_.clear();
  for (size_t i = 0; i < tile.rows; ++i) {
    const double offset = tile.offset == nullptr ? 0.0 : tile.offset[i];
    const double y = response ? tile.values.back()[i] : 0.0;
    const double weight = tile.weight == nullptr ? 1.0 : tile.weight[i];
    if (std::isnan(eta_[i] + offset + y + weight)) {
      ++into.missing;
    } else if (weight == 0.0) {
      ++into.zero_weight;
    } else {
      weight_[rows_.size()] = weight;
      rows_.push_back(static_cast<uint32_t>(i));
    }
  }
  into.rows += tile.rows;
  into.used += rows_.size();
  into.weight += column_sum_dd(weight_.data(), nullptr, rows_.size());
}

// The tile with columns set.
void MarginRows::see(const MarginView& view) {
  for (size_t k = 0; k < view.features.size(); ++k)
    seen_.values[k] = tile_->values[view.features[k]];
  for (size_t f = 0; f < view.codes.size(); ++f) {
    seen_.codes[f] = tile_->codes[f];
    if (!view.codes[f].has_value()) continue;
    std::fill_n(set_codes_[f].begin(), tile_->rows, *view.codes[f]);
    seen_.codes[f] = set_codes_[f].data();
  }
  derived_.codes = seen_.codes;
}

void MarginRows::predict(const MarginView& view) {
  const size_t n = tile_->rows;
  point_.predictor.evaluate(seen_, eta_.data());
  if (view.offsets.has_value()) {
    for (const size_t offset : *view.offsets) {
      for (size_t i = 0; i < n; ++i) eta_[i] += tile_->values[offset][i];
    }
  } else if (tile_->offset != nullptr) {
    for (size_t i = 0; i < n; ++i) eta_[i] += tile_->offset[i];
  }
  const Means means{mean_.data(), rest_.data(), slope_.data()};
  point_.family.link.means(eta_.data(), n, means, scratch_.data());
  curved_ = false;
}

// d eta / d column, of every row.
void MarginRows::differentiate(const MarginView& view) {
  const Means means{mean_.data(), rest_.data(), slope_.data()};
  if (!curved_) point_.family.link.curvatures(eta_.data(), means, tile_->rows, curvature_.data());
  curved_ = true;
  view.slope->evaluate(derived_, change_.data());
  for (const size_t offset : view.offset_slopes) {
    for (size_t i = 0; i < tile_->rows; ++i) change_[i] += tile_->values[offset][i];
  }
}

bool MarginRows::weigh(bool slope, uint64_t& undefined) {
  const uint64_t before = undefined;
  for (size_t k = 0; k < rows_.size(); ++k) {
    const size_t i = rows_[k];
    const double w = weight_[k];
    value_[k] = slope ? slope_[i] * change_[i] : mean_[i];
    at_[k] = w * (slope ? curvature_[i] * change_[i] : slope_[i]);
    along_[k] = slope ? w * slope_[i] : 0.0;
    if (std::isfinite(value_[k]) && std::isfinite(at_[k]) && std::isfinite(along_[k])) continue;
    value_[k] = at_[k] = along_[k] = 0.0;
    ++undefined;
  }
  return undefined == before;
}

void MarginRows::add(const MarginView& view, size_t q, MarginsState& into) {
  if (rows_.empty()) return;
  if (!view.as_before) {
    see(view);
    predict(view);
  }
  const bool slope = view.slope.has_value();
  if (slope) differentiate(view);
  plain_ = weigh(slope, into.undefined[q]) && rows_.size() == tile_->rows;
  const size_t n = rows_.size();
  std::vector<DoubleDouble>& gradient = into.gradients[q];
  into.sums[q] += weighted_sum_dd(weight_.data(), value_.data(), nullptr, n);
  if (design_.intercept) gradient[0] += column_sum_dd(at_.data(), nullptr, n);
  add_columns(point_.predictor, seen_, at_.data(), gradient);
  if (slope) add_columns(*view.slope, derived_, along_.data(), gradient);
}

// Of the rows that count; 0 where there is no value, since the row has no quantity either.
const double* MarginRows::kept(const double* values) {
  if (plain_ || values == nullptr) return values;
  for (size_t k = 0; k < rows_.size(); ++k) {
    const double value = values[rows_[k]];
    column_[k] = std::isnan(value) ? 0.0 : value;
  }
  return column_.data();
}

// into += sum of factor x column, about the predictor's centers.
void MarginRows::add_columns(const LinearPredictor& predictor, const Tile& tile,
                             const double* factors, std::vector<DoubleDouble>& into) {
  const size_t n = rows_.size();
  DoubleDouble total;  // of the factors
  bool summed = false;
  for (size_t t = 0; t < predictor.terms.size(); ++t) {
    const LinearPredictor::Term& term = predictor.terms[t];
    const double* x = term.feature.has_value() ? tile.values[*term.feature] : nullptr;
    if (term.factors.empty()) {
      const double* column = kept(x);
      into[term.first] += weighted_sum_dd(factors, column, nullptr, n);
      if (term.center == 0.0) continue;
      if (!summed) total = column_sum_dd(factors, nullptr, n);
      summed = true;
      into[term.first] -= total * term.center;
      continue;
    }
    for (size_t k = 0; k < n; ++k) {
      if (factors[k] == 0.0) continue;
      const size_t where = predictor.coefficient_of(t, tile, rows_[k]);
      const double value = x == nullptr ? 1.0 : x[rows_[k]] - term.center;
      into[where] += DoubleDouble(factors[k] * value);
    }
  }
}

}  // namespace insitu
