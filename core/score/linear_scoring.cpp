#include "score/linear_scoring.hpp"

#include <cmath>
#include <limits>

#include "base/model_file.hpp"

namespace insitu {
namespace {

Design read_design(const Json& model) {
  const Json& kind = model_part(model, "kind");
  if (kind != "linear_model" && kind != "glm")
    throw SpecError("the model has no linear predictor: its kind is " + kind.dump());
  Design design = Design::from_json(model_part(model, "design"));
  if (!design.frozen()) throw SpecError("the model's design lacks levels; it is damaged");
  if (!design.response.has_value())
    throw SpecError("the model's design has no response; it is damaged");
  return design;
}

// A family as fits are asked for it: the model adds how it is printed.
Json family_spec(const Json& model) {
  Json family = model_part(model, "family");
  if (family.is_object()) family.erase("title");
  return family;
}

// Models whose cells take up no center have neither coefficients about them nor cell_centers.
void read_centers(const Json& parts, LinearScoring& scoring) {
  const std::vector<double> numeric = numbers_from_json(model_part(parts, "centers"), "centers");
  LinearPredictor& predictor = scoring.predictor;
  std::vector<double> centers(predictor.terms.size(), 0.0);
  if (parts.contains("cell_centers")) {
    const size_t listed = predictor.coefficients.size();
    centers = numbers_from_json(parts["cell_centers"], "cell_centers");
    predictor.coefficients = numbers_from_json(model_part(parts, "coefficients"), "coefficients");
    if (predictor.coefficients.size() != listed)
      throw SpecError("the model's coefficients about its centers do not fit those it lists");
  }
  const Design& design = scoring.design;
  if (numeric.size() != design.features.size() || centers.size() != design.terms.size())
    throw SpecError("the model's centers do not fit its design");
  for (size_t t = 0; t < design.terms.size(); ++t) {
    const DesignTerm& term = design.terms[t];
    predictor.terms[t].center = term.factors.empty() ? numeric[*term.feature] : centers[t];
  }
}

}  // namespace

LinearScoring LinearScoring::from_model(const Json& model) {
  LinearScoring scoring;
  scoring.design = read_design(model);
  scoring.generalized = model["kind"] == "glm";
  if (scoring.generalized) scoring.family = Family::from_json(family_spec(model));
  LinearPredictor& predictor = scoring.predictor = LinearPredictor::zero(scoring.design);
  const Json& listed = model_part(model, "coefficients");
  const size_t columns = predictor.coefficients.size();
  predictor.coefficients = numbers_from_json(model_part(listed, "estimate"), "estimate");
  if (predictor.coefficients.size() != columns) {
    throw SpecError("the model has " + std::to_string(predictor.coefficients.size()) +
                    " coefficients and its design " + std::to_string(columns) + "; it is damaged");
  }
  const Json& parts = model_part(model, "scoring");
  predictor.constant = number_from_json(model_part(parts, "intercept"), "intercept");
  read_centers(parts, scoring);
  for (double& value : predictor.coefficients) value = std::isnan(value) ? 0.0 : value;
  if (listed.contains("empty")) {
    for (const size_t index :
         indices_from_json(listed["empty"], "the column of an empty cell", columns))
      predictor.coefficients[index] = std::numeric_limits<double>::quiet_NaN();
  }
  return scoring;
}

}  // namespace insitu
