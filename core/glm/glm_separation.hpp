// Estimates that are infinite (Albert and Anderson, 1984).
//
// A cell of a factor term whose responses are all at a bound of the family that the link only
// approaches, as a level without any event, is known by counting. Its rows are then left out: the
// rest has the estimates of the limit, and the cell's own is -infinity or infinity. Leaving them
// out may make other cells such, so that counting goes on until there are none (the limiting
// conditional model of Geyer, 2009). Combinations with columns of numbers are noticed by their
// variances, which grow from pass to pass without end while the deviance settles.
#pragma once

#include <string>
#include <vector>

#include "glm/glm_analysis.hpp"
#include "solve/linear_solver.hpp"

namespace insitu {

class GlmSeparation {
 public:
  explicit GlmSeparation(const Family& family);

  // Whether the next pass of a frozen design counts cells, and the columns whose rows it leaves
  // out.
  bool counting(const Design& design) const;
  const std::vector<size_t>& held() const { return held_; }
  // Counts of a pass that counted, and the rank of its solution, of all rows so far. True
  // where more cells are held from now on.
  bool accept(const Design& design, const GlmState& state, size_t rank);
  // Variances of a step's coefficients.
  void watch(const LinearSolution& solution);
  // True where some grow without end.
  bool diverging() const { return !growing().empty(); }

  // -infinity or infinity of a held column, else 0.
  double infinite(size_t column) const;
  // Whether a cell has no rows at all: held rows count. Only after counting.
  bool counted() const { return !rows_.empty(); }
  bool empty(size_t column) const { return rows_[column] == 0; }
  // Coefficients that the rows determine, those of held rows with them.
  size_t rank(size_t of_the_rest) const { return held_.empty() ? of_the_rest : rank_; }
  // `deviance` is the model's, of all rows.
  std::vector<std::string> warnings(const LinearSystem& system, double deviance,
                                    double null_deviance) const;

 private:
  std::vector<size_t> growing() const;

  bool low_;          // zeros have estimates of -infinity
  bool high_;         // and ones of infinity
  bool more_ = true;  // the next pass counts
  std::vector<size_t> held_;
  std::vector<bool> at_high_;        // of held_
  std::vector<uint64_t> held_rows_;  // of held_
  std::vector<uint64_t> rows_;       // per column, of all rows
  size_t rank_ = 0;
  std::vector<double> variances_;
  std::vector<int> grown_;  // passes in a row
};

}  // namespace insitu
