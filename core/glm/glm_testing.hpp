// What tests of generalised linear models share.
#pragma once

#include <string>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "glm/glm_fit.hpp"
#include "testing/fits.hpp"
#include "testing/laws.hpp"

namespace insitu::glm_testing {

using laws::estimate;
using laws::factor;
using laws::numeric;
using laws::Rng;
using laws::Table;

inline Json fit(const Json& spec, const Table& table, uint64_t piece = 1000) {
  GlmFit model(spec);
  return laws::run_passes(model, table, piece, [](const AnalysisPtr& pass) {
    if (pass->name() != GlmAnalysis::kName) return pass;
    return erase(GlmAnalysis::from_spec(parse_json(dump_json(pass->spec()), "spec")));
  });
}

inline std::string told(const Json& spec, const Table& table) {
  try {
    fit(spec, table);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

inline Json binomial() { return {{"name", "binomial"}, {"link", nullptr}}; }

}  // namespace insitu::glm_testing
