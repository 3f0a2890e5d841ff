// Fits over small tables, as tests state and read them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
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

// What a fit ends with, its passes made so.
inline Json run_passes(Fit& fit, const Table& table, uint64_t piece = 1000) {
  while (const AnalysisPtr analysis = fit.next()) fit.accept(*pass_over(*analysis, table, piece));
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
