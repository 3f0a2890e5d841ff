#include "glm/glm_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.hpp"
#include "design/rows.hpp"
#include "family/likelihood.hpp"
#include "family/working.hpp"
#include "linalg/kernels.hpp"
#include "linalg/logistic.hpp"

namespace insitu {
namespace {

// Of expected information: below it a row's observed information is not trusted.
constexpr double kLeastObserved = 1e-3;
// In place of a sum that no kernel gave.
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void refuse_response(const Design& design, const Family& family, const Chunk& chunk) {
  visit_rows(design, chunk, [&](const Tile& tile, size_t i, uint64_t row) {
    const double y = tile.values.back()[i];
    if (std::isnan(y) || family.allows(y)) return;
    throw DataError("the response \"" + design.response->label + "\" is " + number_text(y) +
                    " in " + row_name(chunk, row) + ", and the family " + family.name() +
                    " allows values " + family.allowed() +
                    ": leave such rows out by row_selection, or choose another family");
  });
  throw DataError("a response is outside what the family " + family.name() + " allows, " +
                  family.allowed());
}

}  // namespace

GlmRows::GlmRows(const Design& design, const Family& family, const GlmPoint& point,
                 const GlmAids& aids, const Chunk& chunk, GlmState& into)
    : design_(design), family_(family), point_(point), aids_(aids), chunk_(chunk), into_(into) {
  for (AlignedDoubles* buffer : {&linear_, &previous_, &eta_, &mean_, &rest_, &slope_, &variance_,
                                 &deviance_, &scratch_, &weight_, &response_}) {
    buffer->resize(static_cast<size_t>(std::min<uint64_t>(kTileRows, round_up_8(chunk.rows()))));
  }
  if (family.link.kind != LinkKind::kLog) return;
  if (const std::optional<double> power = family.variance_power()) log_link_.emplace(*power);
}

void GlmRows::check(const Tile& tile) {
  const double* y = tile.values.back();
  if (!family_.allows(y, tile.rows)) refuse_response(design_, family_, chunk_);
  logistic_ = family_.kind == FamilyKind::kBinomial && family_.link.kind == LinkKind::kLogit;
  if (!logistic_) return;
  bool shares = false;
  for (size_t i = 0; i < tile.rows; ++i) shares |= (y[i] != 0.0) & (y[i] != 1.0);
  logistic_ = !shares;
}

// Where the pass stands: X b of each row.
void GlmRows::place(const Tile& tile) {
  if (point_.predictor.has_value()) {
    point_.predictor->evaluate(tile, linear_.data());
    return;
  }
  family_.start(tile.values.back(), tile.weight, tile.rows, mean_.data());
  family_.link.eta(mean_.data(), tile.rows, linear_.data());
  for (size_t i = 0; i < tile.rows && tile.offset != nullptr; ++i) linear_[i] -= tile.offset[i];
}

double GlmRows::total(const Tile& tile, const double* values) const {
  return tile.weight == nullptr ? column_sum(values, tile.rows)
                                : weighted_sum(tile.weight, values, tile.rows);
}

// X b plus the offsets.
const double* GlmRows::with_offsets(const Tile& tile, const double* linear) {
  if (tile.offset == nullptr) return linear;
  for (size_t i = 0; i < tile.rows; ++i) eta_[i] = linear[i] + tile.offset[i];
  return eta_.data();
}

// The deviance at X b plus the offsets.
void GlmRows::add_deviance(const Tile& tile, GlmStep step, const double* linear) {
  const double* eta = with_offsets(tile, linear);
  const double* y = tile.values.back();
  double deviance = kNone;
  if (logistic_) {
    deviance = logistic_deviance({y, tile.weight, tile.rows}, eta);
  } else if (log_link_.has_value()) {
    deviance = log_link_deviance({y, tile.weight, tile.rows}, *log_link_, eta);
  }
  if (std::isfinite(deviance)) {
    into_.deviances[step] += DoubleDouble(deviance);
  } else {
    add_means(tile, step, eta);
  }
}

// The same, and W and z there. Gives Pearson's sum.
double GlmRows::add_working(const Tile& tile, GlmStep step, const double* linear, bool observed) {
  const double* eta = with_offsets(tile, linear);
  const double* y = tile.values.back();
  double* w = weight_.data();
  double* z = response_.data();
  double deviance = kNone;
  double pearson = 0.0;
  if (logistic_) {
    const LogisticSums sums = logistic_working({y, tile.weight, tile.rows}, eta, linear, w, z);
    deviance = sums.deviance;
    pearson = sums.pearson;
  } else if (log_link_.has_value()) {
    const LogLinkSums sums = log_link_working({y, tile.weight, tile.rows}, *log_link_,
                                              observed ? kLeastObserved : 0.0, eta, linear, w, z);
    deviance = sums.deviance;
    pearson = sums.pearson;
  }
  if (std::isfinite(deviance)) {
    into_.deviances[step] += DoubleDouble(deviance);
    return pearson;
  }
  add_means(tile, step, eta);
  weigh(tile, linear);
  pearson = total(tile, scratch_.data());
  if (observed && !logistic_) observe(tile, eta, linear);
  return pearson;
}

// Means and slopes of eta, and the deviance; that of rows outside is zero, as is their slope.
void GlmRows::add_means(const Tile& tile, GlmStep step, const double* eta) {
  const size_t n = tile.rows;
  family_.link.means(eta, n, {mean_.data(), rest_.data(), slope_.data()}, scratch_.data());
  family_.deviances(tile.values.back(), mean_.data(), rest_.data(), n, deviance_.data(),
                    scratch_.data(), y_rest_);
  uint64_t outside = 0;
  for (size_t i = 0; i < n; ++i) {
    const bool inside = family_.allows_mean(mean_[i], rest_[i]) && std::isfinite(deviance_[i]);
    if (inside) continue;
    if (tile.weight == nullptr || tile.weight[i] > 0.0) ++outside;
    deviance_[i] = 0.0;
    leave_out({mean_.data(), rest_.data(), slope_.data()}, i);
  }
  into_.outside[step] += outside;
  into_.deviances[step] += DoubleDouble(total(tile, deviance_.data()));
}

// W, z and Pearson's terms from where add_means was last.
void GlmRows::weigh(const Tile& tile, const double* linear) {
  working_terms(family_, {tile.values.back(), tile.weight, tile.rows, y_rest_},
                {mean_.data(), rest_.data(), slope_.data()},
                {weight_.data(), response_.data(), scratch_.data(), variance_.data()});
  for (size_t i = 0; i < tile.rows; ++i) {
    const double z = linear[i] + response_[i];
    response_[i] = std::isfinite(z) ? z : 0.0;
  }
}

// From expected to observed information: W loses (y - mu) (mu'' / V - V' mu'^2 / V^2), and z keeps
// the gradient.
void GlmRows::observe(const Tile& tile, const double* eta, const double* linear) {
  const size_t n = tile.rows;
  AlignedDoubles& curvature = deviance_;
  AlignedDoubles& variance_slope = scratch_;
  family_.link.curvatures(eta, {mean_.data(), rest_.data(), slope_.data()}, n, curvature.data());
  family_.variance_slopes(mean_.data(), rest_.data(), variance_.data(), n, variance_slope.data());
  for (size_t i = 0; i < n; ++i) {
    const double expected = weight_[i];
    if (expected == 0.0) continue;
    const double step = response_[i] - linear[i];
    const double bend = curvature[i] - variance_slope[i] * slope_[i] * (slope_[i] / variance_[i]);
    const double observed = expected * (1.0 - step * bend / slope_[i]);
    const double least = kLeastObserved * expected;
    weight_[i] = observed > least ? observed : least;
    response_[i] = linear[i] + step * (expected / weight_[i]);
  }
}

void GlmRows::add_null(const Tile& tile) {
  std::fill(previous_.begin(), previous_.begin() + static_cast<ptrdiff_t>(tile.rows), *point_.null);
  add_working(tile, kNullModel, previous_.data(), false);
  into_.null_weight += DoubleDouble(column_sum(weight_.data(), tile.rows));
  into_.null_working += DoubleDouble(weighted_sum(weight_.data(), response_.data(), tile.rows));
}

// Sums for the estimate of theta, where the pass stands.
void GlmRows::add_theta(const Tile& tile) {
  family_.link.means(with_offsets(tile, linear_.data()), tile.rows,
                     {mean_.data(), rest_.data(), slope_.data()}, scratch_.data());
  aids_.theta->add(tile.values.back(), tile.weight, mean_.data(), tile.rows, into_.theta);
}

void GlmRows::count_extremes(const Tile& tile) {
  const double* y = tile.values.back();
  for (const size_t t : aids_.plain) {
    const LinearPredictor::Term& term = aids_.layout->terms[t];
    const uint32_t* codes = term.factors.size() == 1 ? tile.codes[term.factors[0]] : nullptr;
    for (size_t i = 0; i < tile.rows; ++i) {
      if (tile.weight != nullptr && tile.weight[i] == 0.0) continue;
      const size_t column =
          codes != nullptr ? term.first + codes[i] : aids_.layout->coefficient_of(t, tile, i);
      const size_t kind =
          kLowest * static_cast<size_t>(y[i] == 0.0) + kHighest * static_cast<size_t>(y[i] == 1.0);
      ++into_.extremes[kExtremes * column + kind];
    }
  }
}

// Rows whose mean is next to a bound: by rounding, where the link only approaches it; otherwise the
// estimates are those of the edge of what is allowed.
void GlmRows::count_bounds(const Tile& tile) {
  constexpr double kRounds = 2.3e-15;  // ten units in the last place of 1
  constexpr double kEdge = 1e-7;
  const bool binomial = family_.kind == FamilyKind::kBinomial;
  const bool counts = binomial || family_.kind == FamilyKind::kPoisson ||
                      family_.kind == FamilyKind::kNegativeBinomial;
  if (!counts) return;  // others have a size of their own
  const double low = family_.link.approaches_zero() ? kRounds : kEdge;
  const double high = family_.link.onto_unit() ? kRounds : kEdge;
  const double* eta = with_offsets(tile, linear_.data());
  const auto count = [&](auto&& is_next) {
    uint64_t found = 0;
    for (size_t i = 0; i < tile.rows; ++i) {
      const bool weighs = tile.weight == nullptr || tile.weight[i] > 0.0;
      found += static_cast<uint64_t>(weighs && is_next(i));
    }
    into_.at_bounds += found;
  };
  if (family_.link.kind == LinkKind::kLogit) {
    const double most = -std::log(kRounds);
    count([&](size_t i) { return std::abs(eta[i]) > most; });
  } else if (family_.link.kind == LinkKind::kLog) {
    const double least = std::log(low);
    const double most = binomial ? -kEdge : std::numeric_limits<double>::infinity();
    count([&](size_t i) { return eta[i] < least || eta[i] > most; });
  } else {
    count([&](size_t i) { return mean_[i] < low || (binomial && rest_[i] < high); });
  }
}

// Rows of held columns have their mean at a bound, and count nothing.
const Tile* GlmRows::without_held(const Tile& tile) {
  if (point_.held.empty()) return &tile;
  rest_weight_.resize(round_up_8(tile.rows));
  for (size_t i = 0; i < tile.rows; ++i)
    rest_weight_[i] = tile.weight == nullptr ? 1.0 : tile.weight[i];
  for (const size_t t : aids_.plain) {
    for (size_t i = 0; i < tile.rows; ++i) {
      if (aids_.held[aids_.layout->coefficient_of(t, tile, i)]) rest_weight_[i] = 0.0;
    }
  }
  rest_of_tile_ = tile;
  rest_of_tile_.weight = rest_weight_.data();
  return &rest_of_tile_;
}

// Firth's score adds h (1/2 - mu) x with h = W x' A^-1 x; of z that is x' A^-1 x (1/2 - mu).
void GlmRows::penalise(const Tile& tile) {
  for (size_t i = 0; i < tile.rows; ++i) {
    const double eta = linear_[i] + (tile.offset == nullptr ? 0.0 : tile.offset[i]);
    const double form =
        aids_.leverages.at(point_.firth->basis, design_.intercept, tile, i, active_);
    response_[i] -= form * 0.5 * std::tanh(0.5 * eta);
  }
}

// Pearson's sum as that of W (z - X b)^2, by the very products that the step is solved from: what
// the step takes of it may be much smaller.
DoubleDouble GlmRows::working_squares(const Tile& tile) const {
  DoubleDouble sum;
  for (size_t i = 0; i < tile.rows; ++i) {
    const DoubleDouble residual = DoubleDouble(response_[i]) - DoubleDouble(linear_[i]);
    sum += residual * residual * DoubleDouble(weight_[i]);
  }
  return sum;
}

// Sums that do not depend on where the pass stands.
void GlmRows::add_responses(const Tile& tile) {
  const double* y = tile.values.back();
  into_.response += DoubleDouble(total(tile, y));
  into_.prior += DoubleDouble(tile.weight == nullptr ? static_cast<double>(tile.rows)
                                                     : column_sum(tile.weight, tile.rows));
  if (!point_.likelihood) return;
  const bool replicates = !design_.weight.empty() && design_.find_column(design_.weight)->whole;
  likelihood_terms(family_, {y, tile.weight, tile.trials, tile.rows}, replicates, scratch_.data());
  into_.likelihood += DoubleDouble(column_sum(scratch_.data(), tile.rows));
}

const Tile& GlmRows::map(const Tile& read) {
  check(read);
  y_rest_ = rest_of_shares(read, rest_of_shares_);
  add_responses(read);
  if (point_.null.has_value()) add_null(read);
  const Tile& tile = *without_held(read);
  if (point_.extremes) count_extremes(tile);
  place(tile);
  if (point_.previous.has_value()) {
    point_.previous->evaluate(tile, previous_.data());
    for (const GlmStep step : {kHalfStep, kQuarterStep}) {
      const double part = step == kHalfStep ? 0.5 : 0.25;
      for (size_t i = 0; i < tile.rows; ++i)
        weight_[i] = previous_[i] + part * (linear_[i] - previous_[i]);
      add_deviance(tile, step, weight_.data());
    }
  }
  if (aids_.theta.has_value()) add_theta(tile);
  const double pearson = add_working(tile, kFullStep, linear_.data(), point_.observed);
  into_.pearson +=
      point_.precise && !point_.observed ? working_squares(tile) : DoubleDouble(pearson);
  if (point_.predictor.has_value()) count_bounds(tile);
  if (point_.firth.has_value()) penalise(tile);
  mapped_ = tile;
  mapped_.weight = weight_.data();
  mapped_.values.back() = response_.data();
  mapped_.low.back() = nullptr;
  mapped_.sums.back() = column_sum(response_.data(), tile.rows);
  return mapped_;
}

}  // namespace insitu
