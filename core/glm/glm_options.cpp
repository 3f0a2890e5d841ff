#include "glm/glm_options.hpp"

#include <cmath>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/numeric_response.hpp"
#include "formula/ast.hpp"

namespace insitu {
namespace {

// The offsets that are asked for beside the formula, as terms of it. An exposure must be positive.
std::string offset_terms(const GlmOptions& options, std::vector<DesignColumn>& columns) {
  std::string terms;
  if (!options.offset.empty()) terms += " + offset(" + back_quoted(options.offset) + ")";
  if (options.exposure.empty()) return terms;
  if (options.family.link.kind != LinkKind::kLog) {
    throw SpecError("an exposure needs the log link, and the family is " + options.family.title() +
                    ": give an offset instead");
  }
  for (DesignColumn& column : columns) {
    if (column.name == options.exposure) column.positive = true;
  }
  return terms + " + offset(log(" + back_quoted(options.exposure) + "))";
}

// A negative binomial without theta.
bool wants_theta(const Json& family) {
  if (!family.is_object() || !family.contains("name")) return false;
  const auto theta = family.find("theta");
  return family["name"] == "negative.binomial" && (theta == family.end() || theta->is_null());
}

// What Firth's penalty is written for.
void require_logistic(const GlmOptions& options) {
  const Family& family = options.family;
  if (family.kind != FamilyKind::kBinomial || family.quasi ||
      family.link.kind != LinkKind::kLogit) {
    throw SpecError("method='firth' is for logistic regression, and the family is " +
                    family.title() + ": take method='ml'");
  }
  if (options.covariance.robust()) {
    throw SpecError("method='firth' has no cov_type='" + options.covariance.type +
                    "': leave one of them out");
  }
}

}  // namespace

std::string full_formula(const GlmOptions& options, std::vector<DesignColumn>& columns) {
  return with_numeric_response(options.formula, columns) + offset_terms(options, columns);
}

GlmOptions read_options(const Json& spec, Json& columns) {
  SpecReader reader(spec, "glm");
  GlmOptions options;
  options.formula = reader.text("formula");
  columns = reader.list("columns");
  Json family = reader.required("family");
  options.estimate_theta = wants_theta(family);
  if (options.estimate_theta) family["theta"] = 1.0;  // where the search starts
  options.family = Family::from_json(family);
  options.pweights = reader.text_or_none("pweights").value_or("");
  options.fweights = reader.text_or_none("fweights").value_or("");
  options.offset = reader.text_or_none("offset").value_or("");
  options.exposure = reader.text_or_none("exposure").value_or("");
  options.drop_first = reader.flag("drop_first", false);
  options.drop_main = reader.flag("drop_main", true);
  options.cov_coef = reader.flag("cov_coef", false);
  if (const Json* values = reader.optional("initial_values"); values != nullptr) {
    if (values->is_array()) {
      options.initial_values = numbers_from_json(*values, "initial_values");
    } else {
      options.initial_value = number_from_json(*values, "initial_values");
    }
  }
  options.max_iterations = reader.count("max_iterations", 25);
  options.coefficient_tolerance = reader.number("coefficient_tolerance", 1e-6);
  options.objective_tolerance = reader.number("objective_function_tolerance", 1e-8);
  options.tight = reader.one_of("tolerance", {"default", "tight"}, "default") == "tight";
  options.rows = reader.count_or_none("rows");
  options.covariance = CovarianceOptions::read(reader);
  options.firth = reader.one_of("method", {"ml", "firth"}, "ml") == "firth";
  if (options.firth) require_logistic(options);
  reader.finish();
  if (!options.pweights.empty() && !options.fweights.empty())
    throw SpecError("pweights and fweights were both given; a model takes one of them");
  if (!(options.coefficient_tolerance >= 0.0) || !(options.objective_tolerance >= 0.0))
    throw SpecError("a tolerance is a number of at least 0; 0 leaves its test out");
  if (options.max_iterations == 0) throw SpecError("max_iterations is a number of at least 1");
  return options;
}

}  // namespace insitu
