#include "score/linear_errors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/model_file.hpp"
#include "linalg/distributions.hpp"
#include "linalg/kernels.hpp"

namespace insitu {

LinearErrors::LinearErrors(const Json& model, const LinearScoring& scoring, double confidence_level,
                           bool prediction)
    : scoring_(scoring) {
  const Json& parts = model_part(model, "scoring");
  if (!parts.contains("covariance")) {
    throw SpecError(
        "standard errors and intervals need the covariance of the coefficients: fit the model with "
        "cov_coef=True");
  }
  const double probability = 0.5 + 0.5 * confidence_level;
  if (scoring.generalized) {
    if (prediction) {
      throw SpecError(
          "intervals of a generalised linear model are for the mean: ask for "
          "interval='confidence'");
    }
    const std::vector<double> df = numbers_from_json(model_part(model, "df"), "df");
    if (df.size() != 3) throw SpecError("the model's degrees of freedom are not three");
    t_ = scoring.family.dispersion_is_one() ? normal_quantile(probability)
                                            : student_t_quantile(probability, df[1]);
  } else {
    const double df = number_from_json(model_part(model, "f_den_df"), "f_den_df");
    t_ = student_t_quantile(probability, df);
    if (prediction)
      extra_ = number_from_json(model_part(model, "residual_variance"), "residual_variance");
  }
  const auto columns = model_part(parts, "columns").get<std::vector<size_t>>();
  const std::vector<double> packed = numbers_from_json(parts["covariance"], "covariance");
  kept_ = columns.size();
  if (packed.size() != packed_size(kept_))
    throw SpecError("the model's covariance does not fit its coefficients");
  kept_position_.assign(scoring.predictor.coefficients.size(), -1);
  for (size_t i = 0; i < kept_; ++i) {
    if (columns[i] >= scoring.predictor.coefficients.size())
      throw SpecError("the model's covariance names a coefficient that is not there");
    kept_position_[columns[i]] = static_cast<int64_t>(i);
  }
  covariance_.resize(kept_ * kept_);
  for (size_t i = 0; i < kept_; ++i) {
    for (size_t j = 0; j < kept_; ++j) {
      covariance_[i * kept_ + j] = packed[packed_index(std::min(i, j), std::max(i, j), kept_)];
    }
  }
}

double LinearErrors::variance_of(const Tile& tile, size_t row, Active& active) const {
  auto& [where, values] = active;
  where.clear();
  values.clear();
  const auto add = [&](size_t coefficient, double value) {
    const int64_t position = kept_position_[coefficient];
    if (position < 0) return;
    where.push_back(static_cast<size_t>(position));
    values.push_back(value);
  };
  const Design& design = scoring_.design;
  if (design.intercept) add(0, 1.0);
  for (size_t t = 0; t < design.terms.size(); ++t) {
    const DesignTerm& term = design.terms[t];
    const LinearPredictor::Term& at = scoring_.predictor.terms[t];
    const double x = term.feature.has_value() ? tile.values[*term.feature][row] - at.center : 1.0;
    add(term.factors.empty() ? at.first : scoring_.predictor.coefficient_of(t, tile, row), x);
  }
  double total = 0.0;
  for (size_t i = 0; i < where.size(); ++i) {
    double sum = 0.0;
    for (size_t j = 0; j < where.size(); ++j)
      sum += covariance_[where[i] * kept_ + where[j]] * values[j];
    total += values[i] * sum;
  }
  return total;
}

void LinearErrors::write(const Tile& tile, const double* fitted, double* std_error, double* lower,
                         double* upper, Active& active) const {
  for (size_t i = 0; i < tile.rows; ++i) {
    // A missing fitted value means a missing predictor: there is no row to take the variance of.
    const double variance = std::isnan(fitted[i]) ? std::numeric_limits<double>::quiet_NaN()
                                                  : variance_of(tile, i, active);
    if (std_error != nullptr) std_error[i] = std::sqrt(variance);
    if (lower == nullptr) continue;
    const double half = t_ * std::sqrt(variance + extra_);
    lower[i] = fitted[i] - half;
    upper[i] = fitted[i] + half;
  }
}

}  // namespace insitu
