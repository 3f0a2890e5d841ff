// What is asked of a generalised linear model, and its formula.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "design/design.hpp"
#include "family/family.hpp"
#include "robust/robust_covariance.hpp"

namespace insitu {

struct GlmOptions {
  std::string formula;  // as asked
  Family family;
  bool estimate_theta = false;  // then of the family at the current step
  std::string pweights;
  std::string fweights;
  std::string offset;    // a column, or none
  std::string exposure;  // a column whose logarithm is an offset, or none
  bool drop_first = false;
  bool drop_main = true;
  bool cov_coef = false;
  std::vector<double> initial_values;   // empty: from the responses
  std::optional<double> initial_value;  // of every coefficient
  uint64_t max_iterations = 25;
  double coefficient_tolerance = 1e-6;
  double objective_tolerance = 1e-8;
  std::optional<uint64_t> rows;  // where they are known beforehand
  bool tight = false;            // one more pass, at the end of the last step
  CovarianceOptions covariance;
  bool firth = false;  // the likelihood is penalised, so that estimates are finite
};

// The spec of fit "glm" in docs/architecture.md; `columns` receives its list.
GlmOptions read_options(const Json& spec, Json& columns);
// The formula with the offsets that are asked for beside it, and N() about a response that is a
// factor. An exposure's column is marked as positive.
std::string full_formula(const GlmOptions& options, std::vector<DesignColumn>& columns);

}  // namespace insitu
