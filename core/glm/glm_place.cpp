#include "glm/glm_place.hpp"

#include <cmath>

#include "base/errors.hpp"
#include "solve/model_covariance.hpp"

namespace insitu {
namespace {

bool same_cell_centers(const LinearPredictor& a, const LinearPredictor& b) {
  for (size_t t = 0; t < a.terms.size(); ++t) {
    if (!a.terms[t].factors.empty() && a.terms[t].center != b.terms[t].center) return false;
  }
  return true;
}

// The constant about the centers of another.
double constant_about(const LinearPredictor& predictor, const LinearPredictor& other) {
  double constant = predictor.constant;
  for (size_t t = 0; t < predictor.terms.size(); ++t) {
    const LinearPredictor::Term& term = predictor.terms[t];
    if (term.factors.empty())
      constant += predictor.coefficients[term.first] * (other.terms[t].center - term.center);
  }
  return constant;
}

}  // namespace

GlmPlace place_of(const LinearSystem& system, const LinearSolution& solution) {
  GlmPlace place{{}, predictor_of(system, solution)};
  for (size_t i = 0; i < solution.coefficients.size(); ++i)
    place.coefficients.push_back(
        solution.aliased[i] ? 0.0 : static_cast<double>(solution.coefficients[i]));
  return place;
}

GlmPlace place_of_initial_values(const Design& design, const GlmOptions& options) {
  LinearPredictor predictor = LinearPredictor::zero(design);
  std::vector<double> values = options.initial_values;
  if (options.initial_value.has_value())
    values.assign(predictor.coefficients.size(), *options.initial_value);
  if (values.size() != predictor.coefficients.size()) {
    throw SpecError(
        "initial_values holds " + std::to_string(values.size()) + " numbers, and the model has " +
        std::to_string(predictor.coefficients.size()) +
        " coefficients: give one for each, those of dropped levels too, in the order of "
        "model.coefficients, or one number for all");
  }
  for (const double value : values) {
    if (std::isinf(value)) throw SpecError("initial_values must be finite");
  }
  predictor.coefficients = values;
  for (double& value : predictor.coefficients) value = std::isnan(value) ? 0.0 : value;
  if (design.intercept) predictor.constant = predictor.coefficients[0];
  return {predictor.coefficients, predictor};
}

GlmPlace constant_place(const Design& design, double constant) {
  LinearPredictor predictor = LinearPredictor::zero(design);
  predictor.coefficients[0] = predictor.constant = constant;
  return {predictor.coefficients, predictor};
}

GlmPlace combination(std::span<const GlmPlace> places, std::span<const double> weights) {
  const GlmPlace& last = places.back();
  GlmPlace place = last;
  bool same_centers = true;
  for (size_t k = 0; k < weights.size(); ++k) {
    same_centers = same_centers && same_cell_centers(places[k].predictor, last.predictor);
    for (size_t i = 0; i < place.coefficients.size(); ++i)
      place.coefficients[i] += weights[k] * (places[k].coefficients[i] - last.coefficients[i]);
  }
  LinearPredictor& predictor = place.predictor;
  if (!same_centers) {  // about zero
    for (LinearPredictor::Term& term : predictor.terms) term.center = 0.0;
    predictor.coefficients = place.coefficients;
    predictor.constant =
        predictor.terms.empty() || predictor.terms[0].first == 0 ? 0.0 : place.coefficients[0];
    return place;
  }
  for (size_t k = 0; k < weights.size(); ++k) {
    const LinearPredictor& other = places[k].predictor;
    predictor.constant +=
        weights[k] * (constant_about(other, last.predictor) - last.predictor.constant);
    for (size_t i = 0; i < predictor.coefficients.size(); ++i)
      predictor.coefficients[i] +=
          weights[k] * (other.coefficients[i] - last.predictor.coefficients[i]);
  }
  return place;
}

GlmPlace between(const GlmPlace& from, const GlmPlace& to, double part) {
  return combination(std::vector{to, from}, std::vector{part});
}

}  // namespace insitu
