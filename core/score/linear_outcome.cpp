#include "score/linear_outcome.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double finite_or_nan(double value) { return std::isfinite(value) ? value : kNaN; }

}  // namespace

LinearOutcome::Scratch::Scratch(size_t rows)
    : mean(rows), rest(rows), slope(rows), variance(rows), room(rows) {}

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
  const size_t n = tile.rows;
  for (size_t i = 0; i < n; ++i) {
    // Of a binomial mean near 1 the complement has the digits.
    const bool from_above = family_.kind == FamilyKind::kBinomial && mean[i] > 0.5;
    out[i] = from_above ? rest[i] - (1.0 - y[i]) : y[i] - mean[i];
  }
  double* variance = scratch.variance.data();
  if (residual_ == ResidualType::kWorking) {
    for (size_t i = 0; i < n; ++i) out[i] /= scratch.slope[i];
  } else if (residual_ == ResidualType::kPearson) {
    family_.variances(mean, rest, n, variance);
    for (size_t i = 0; i < n; ++i) out[i] /= std::sqrt(variance[i]);
  } else if (residual_ == ResidualType::kDeviance) {
    family_.deviances(y, mean, rest, n, variance, scratch.room.data());
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
    if (rows.lower[i] > rows.upper[i]) std::swap(rows.lower[i], rows.upper[i]);  // a falling link
  }
}

}  // namespace insitu
