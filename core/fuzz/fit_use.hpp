// Whatever a spec makes, used: a fit is run to its model on a small table, an analysis and a row
// function on its rows.
#pragma once

#include "base/select.hpp"
#include "testing/plans.hpp"

namespace insitu::fuzz {

inline const laws::Table& small_table() {
  static const laws::Table table = [] {
    laws::Rng rng(11);
    return laws::random_table(rng, 40, laws::kNumeric, laws::kFactors);
  }();
  return table;
}

inline void run_analysis(const AnyAnalysis& analysis, const laws::StatePtr& state) {
  analysis.update(*state, small_table().all());
}

inline Json run_fit(Fit& fit) {
  for (int passes = 0; passes < 8; ++passes) {
    const AnalysisPtr pass = fit.next();
    if (pass == nullptr) break;
    const laws::StatePtr state = pass->empty();
    run_analysis(*pass, state);
    fit.accept(*state);
  }
  return fit.result();
}

inline void run_row_function(const RowFunction& function) {
  const Chunk chunk = select(small_table().all(), function.columns());
  std::vector<std::vector<double>> columns(function.outputs().size(),
                                           std::vector<double>(chunk.rows()));
  std::vector<double*> out;
  for (auto& column : columns) out.push_back(column.data());
  Json notes = Json::object();
  function.apply(chunk, out, notes);
}

}  // namespace insitu::fuzz
