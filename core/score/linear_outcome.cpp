#include "score/linear_outcome.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "family/working.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double finite_or_nan(double value) { return std::isfinite(value) ? value : kNaN; }

}  // namespace

LinearOutcome::Scratch::Scratch(size_t rows)
    : mean(rows), rest(rows), slope(rows), variance(rows), room(rows), y_rest(rows) {}

LinearOutcome::LinearOutcome(const Family& family, bool link, ResidualType residual, bool weighted)
    : family_(family),
      link_(link),
      residual_(residual),
      weighted_(weighted),
      plain_(family.kind == FamilyKind::kGaussian && family.link.kind == LinkKind::kIdentity) {}

RowNeeds LinearOutcome::needs(bool residuals) const {
  RowNeeds needs;
  needs.response = residuals;
  needs.weight = residuals && weighted_;
  needs.complete_rows = false;
  needs.subtract_offsets = plain_;
  return needs;
}

// The response lies about the offsets already, so that large ones cost no digits.
void LinearOutcome::differences(const Tile& tile, const Rows& rows) const {
  const double* y = tile.values.back();
  for (size_t i = 0; i < tile.rows; ++i) {
    rows.residual[i] = y[i] - rows.fitted[i];
    if (tile.weight != nullptr) rows.residual[i] *= std::sqrt(tile.weight[i]);
  }
}

void LinearOutcome::begin(const Tile& tile, const Rows& rows, Scratch& scratch) const {
  if (rows.residual != nullptr) {
    if (plain_) differences(tile, rows);
    const double* y = tile.values.back();
    for (size_t i = 0; i < tile.rows; ++i) {
      if (std::isnan(y[i])) rows.fitted[i] = kNaN;  // without a response the whole row is missing
    }
  }
  if (tile.offset != nullptr) {
    for (size_t i = 0; i < tile.rows; ++i) rows.fitted[i] += tile.offset[i];
  }
  if (plain_ || (link_ && rows.residual == nullptr)) return;
  family_.link.means(rows.fitted, tile.rows,
                     {scratch.mean.data(), scratch.rest.data(), scratch.slope.data()},
                     scratch.room.data());
  if (rows.residual != nullptr) residuals(tile, rows.residual, scratch);
}

void LinearOutcome::residuals(const Tile& tile, double* out, Scratch& scratch) const {
  const double* y = tile.values.back();
  const double* mean = scratch.mean.data();
  const double* rest = scratch.rest.data();
  const double* y_rest = rest_of_shares(tile, scratch.y_rest);
  const size_t n = tile.rows;
  const Means means{scratch.mean.data(), scratch.rest.data(), scratch.slope.data()};
  for (size_t i = 0; i < n; ++i) out[i] = residual_of(family_, {y, nullptr, n, y_rest}, means, i);
  double* variance = scratch.variance.data();
  if (residual_ == ResidualType::kWorking) {
    for (size_t i = 0; i < n; ++i) out[i] /= scratch.slope[i];
  } else if (residual_ == ResidualType::kPearson) {
    family_.variances(mean, rest, n, variance);
    for (size_t i = 0; i < n; ++i) out[i] /= std::sqrt(variance[i]);
  } else if (residual_ == ResidualType::kDeviance) {
    family_.deviances(y, mean, rest, n, variance, scratch.room.data(), y_rest);
    for (size_t i = 0; i < n; ++i) out[i] = std::copysign(std::sqrt(variance[i]), out[i]);
  }
  for (size_t i = 0; i < n; ++i) {
    if (tile.weight != nullptr) out[i] *= std::sqrt(tile.weight[i]);
    out[i] = finite_or_nan(out[i]);
  }
}

void LinearOutcome::end(const Tile& tile, const Rows& rows, Scratch& scratch) const {
  if (plain_ || link_) return;
  const size_t n = tile.rows;
  if (rows.lower != nullptr && family_.link.has_pole()) {
    for (size_t i = 0; i < n; ++i) {  // beyond the pole there is no bound of this mean
      for (double* bound : {rows.lower, rows.upper})
        if (!(bound[i] * rows.fitted[i] > 0.0)) bound[i] = kNaN;
    }
  }
  for (size_t i = 0; i < n; ++i) {
    rows.fitted[i] = finite_or_nan(scratch.mean[i]);
    if (rows.std_error != nullptr) rows.std_error[i] *= std::abs(scratch.slope[i]);
  }
  if (rows.lower == nullptr) return;
  for (double* bound : {rows.lower, rows.upper}) {
    family_.link.means(bound, n, {scratch.mean.data(), scratch.rest.data(), scratch.slope.data()},
                       scratch.room.data());
    for (size_t i = 0; i < n; ++i) bound[i] = finite_or_nan(scratch.mean[i]);
  }
  for (size_t i = 0; i < n; ++i) {
    const bool falls = rows.lower[i] > rows.fitted[i] || rows.upper[i] < rows.fitted[i];
    if (falls) std::swap(rows.lower[i], rows.upper[i]);  // the link
  }
}

}  // namespace insitu
