#include "score/linear_errors.hpp"

#include <cmath>
#include <limits>

#include "base/model_file.hpp"
#include "linalg/distributions.hpp"
#include "solve/model_tables.hpp"

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
    const bool normal =
        model.contains("test_df") ? model["test_df"].is_null() : scoring.family.dispersion_is_one();
    t_ = normal ? normal_quantile(probability) : student_t_quantile(probability, test_df(model));
  } else {
    t_ = student_t_quantile(probability, test_df(model));
    if (prediction)
      extra_ = number_from_json(model_part(model, "residual_variance"), "residual_variance");
  }
  form_ = RowForm(scoring.predictor,
                  indices_from_json(model_part(parts, "columns"), "a column of the covariance",
                                    scoring.predictor.coefficients.size()),
                  numbers_from_json(parts["covariance"], "covariance"));
}

void LinearErrors::write(const Tile& tile, const double* fitted, double* std_error, double* lower,
                         double* upper, RowForm::Active& active) const {
  for (size_t i = 0; i < tile.rows; ++i) {
    // A missing fitted value means a missing predictor: there is no row to take the variance of.
    const double variance =
        std::isnan(fitted[i])
            ? std::numeric_limits<double>::quiet_NaN()
            : form_.at(scoring_.predictor, scoring_.design.intercept, tile, i, active);
    if (std_error != nullptr) std_error[i] = std::sqrt(variance);
    if (lower == nullptr) continue;
    const double half = t_ * std::sqrt(variance + extra_);
    lower[i] = fitted[i] - half;
    upper[i] = fitted[i] + half;
  }
}

}  // namespace insitu
