// What is known once the Schur complement of a large factor term is solved (reduced_solver.hpp):
// any combination of coefficients, with its variance, and the error bound.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "solve/linear_solver.hpp"
#include "solve/raw_basis.hpp"

namespace insitu {

// Rows of a square matrix in doubles.
using Rows = std::vector<std::vector<double>>;

class ReducedSolution {
 public:
  // A cell of the eliminated term.
  struct Cell {
    size_t column = 0;
    DoubleDouble value;
    double inverse_square = 0.0;  // 1 / D
    std::vector<double> g;        // its row of B / D
    std::vector<double> solved;   // S^-1 g
  };
  // A sum of weighted coefficients: its covariance with another is the sum over common cells of
  // w w' / D, and left' right'.
  struct Combination {
    DoubleDouble value;
    std::vector<std::pair<size_t, double>> cells;  // column, weight
    std::vector<double> left;                      // w - G' w_cells, per kept column of the rest
    std::vector<double> right;                     // S^-1 left
  };

  // `rest`: the kept columns of the rest, with their coefficients and S^-1. `eliminated`: their B'
  // D^-1 B.
  ReducedSolution(const LinearSystem& system, size_t term, std::vector<size_t> rest,
                  std::vector<DoubleDouble> values, Rows inverse, Rows eliminated);

  const std::vector<size_t>& rest() const { return rest_; }
  const std::vector<DoubleDouble>& values() const { return values_; }
  // The cell is kept until the next call.
  const Cell& visit(size_t column);
  Combination combine(const RawBasis::Row& row);
  double covariance(const Combination& a, const Combination& b) const;
  // (X'WX)^-1 of some columns of the formula.
  SymmetricMatrix inverse(const RawBasis& basis, const std::vector<size_t>& columns);

  // How far rounding of the cross-products moves the results (see ErrorBoundInput), in the basis of
  // all cells and the kept rest: the square of the norm of a row of the inverse.
  double square_of_cell(const Cell& cell) const;
  double square_of_rest(size_t i) const;
  double variance_of_rest(size_t i) const { return inverse_[i][i]; }
  double size_of_rest() const;  // the same of the rest's part of the fit

 private:
  Cell solve(size_t column) const;
  const Cell& cell(size_t column);
  bool is_cell(size_t column) const;
  double scaled_square(std::vector<double> row) const;
  double square_of_cells(const std::vector<double>& x) const;

  const LinearSystem& system_;
  size_t term_;
  std::vector<size_t> rest_;
  std::vector<DoubleDouble> values_;
  Rows inverse_;
  Rows eliminated_;
  std::map<size_t, size_t> position_;  // in rest_, of a column
  std::vector<double> scales_;
  Cell visited_;
  std::map<size_t, Cell> others_;  // cells that combinations needed besides the visited one: the
                                   // reference, or slopes, of which there are fewer than rest_
};

double dot(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace insitu
