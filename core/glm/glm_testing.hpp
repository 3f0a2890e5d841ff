// What tests of generalised linear models share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/erased.hpp"
#include "base/json.hpp"
#include "glm/glm_fit.hpp"
#include "testing/laws.hpp"

namespace insitu::glm_testing {

using laws::Rng;
using laws::Table;

inline Json numeric(const std::string& name) { return {{"name", name}, {"kind", "numeric"}}; }
inline Json factor(const std::string& name) { return {{"name", name}, {"kind", "factor"}}; }

inline Json fit(const Json& spec, const Table& table, uint64_t piece = 1000) {
  GlmFit model(spec);
  while (const AnalysisPtr analysis = model.next()) {
    auto state = analysis->empty();
    for (uint64_t begin = 0; begin < table.rows(); begin += piece)
      analysis->update(*state, table.slice(begin, std::min(piece, table.rows() - begin)));
    model.accept(*state);
  }
  return model.result();
}

inline std::string told(const Json& spec, const Table& table) {
  try {
    fit(spec, table);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

inline double estimate(const Json& model, const std::string& name, const char* what = "estimate") {
  const Json& table = model["coefficients"];
  for (size_t i = 0; i < table["names"].size(); ++i) {
    if (table["names"][i] == name) return number_from_json(table[what][i], name);
  }
  ADD_FAILURE() << "no coefficient " << name << " in " << table["names"];
  return 0.0;
}

inline Json binomial() { return {{"name", "binomial"}, {"link", nullptr}}; }

}  // namespace insitu::glm_testing
