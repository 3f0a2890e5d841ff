// Fits over small tables, as tests state and read them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "base/analysis.hpp"
#include "base/json.hpp"
#include "law_case.hpp"

namespace insitu::laws {

inline Json numeric(const std::string& name) { return {{"name", name}, {"kind", "numeric"}}; }
inline Json factor(const std::string& name) { return {{"name", name}, {"kind", "factor"}}; }

// An analysis over a table, cut into pieces of `piece` rows.
inline StatePtr pass_over(const AnyAnalysis& analysis, const Table& table, uint64_t piece = 1000) {
  StatePtr state = analysis.empty();
  for (uint64_t begin = 0; begin < table.rows(); begin += piece)
    analysis.update(*state, table.slice(begin, std::min(piece, table.rows() - begin)));
  return state;
}

// A pass as another process makes it, from its spec.
using Remake = std::function<AnalysisPtr(const AnalysisPtr& pass)>;

// What a fit ends with, its passes made so.
inline Json run_passes(Fit& fit, const Table& table, uint64_t piece = 1000,
                       const Remake& remake = {}) {
  while (const AnalysisPtr pass = fit.next()) {
    const AnalysisPtr made = remake ? remake(pass) : pass;
    EXPECT_EQ(made->fingerprint(), pass->fingerprint()) << pass->spec();
    fit.accept(*pass_over(*made, table, piece));
  }
  return fit.result();
}

inline double estimate(const Json& model, const std::string& name, const char* what = "estimate") {
  const Json& table = model["coefficients"];
  for (size_t i = 0; i < table["names"].size(); ++i) {
    if (table["names"][i] == name) return number_from_json(table[what][i], name);
  }
  ADD_FAILURE() << "no coefficient " << name << " in " << table["names"];
  return 0.0;
}

}  // namespace insitu::laws
