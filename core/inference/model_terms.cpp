#include "inference/model_terms.hpp"

#include "base/json.hpp"
#include "design/linear_predictor.hpp"

namespace insitu {

Json model_terms(const Json& spec) {
  SpecReader reader(spec, "model_terms");
  const Design design = Design::from_json(reader.required("design"));
  reader.finish();
  if (!design.frozen()) throw SpecError("the model's design lacks levels; it is damaged");
  const LinearPredictor predictor = LinearPredictor::zero(design);
  Json terms = Json::array();
  for (size_t t = 0; t < design.terms.size(); ++t) {
    terms.push_back({{"label", design.terms[t].label},
                     {"first", predictor.terms[t].first},
                     {"count", design.cells(design.terms[t])}});
  }
  return {{"intercept", design.intercept}, {"terms", std::move(terms)}};
}

}  // namespace insitu
