#include "linear/reduced_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "linalg/kernels.hpp"

namespace insitu {
namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sums[4] = {};  // chains that run side by side
  size_t i = 0;
  for (; i + 4 <= a.size(); i += 4) {
    for (size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
  }
  for (; i < a.size(); ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

// Rows of a square matrix in doubles.
using Rows = std::vector<std::vector<double>>;

std::vector<double> times(const Rows& matrix, const std::vector<double>& x) {
  std::vector<double> result;
  for (const std::vector<double>& row : matrix) result.push_back(dot(row, x));
  return result;
}

// A cell of the eliminated term once the others are known.
struct Cell {
  size_t column = 0;
  DoubleDouble value;  // without reference
  double inverse_square = 0.0;
  std::vector<double> g;       // its row of B / D
  std::vector<double> solved;  // S^-1 g
};

class ReducedSolver {
 public:
  ReducedSolver(const LinearSystem& system, const SolverOptions& options, bool drop_first,
                size_t term)
      : system_(system),
        options_(options),
        rest_(elimination_order(system, drop_first, options.drop_main, static_cast<int>(term))) {
    const uint64_t cells = system.design().cells(system.design().terms[term]);
    const size_t first = system.first_column(term);
    for (uint64_t cell = 0; cell < cells; ++cell) {
      if (!system.empty_cell(first + cell)) present_.push_back(first + cell);
    }
    if (!system.intercept() || system.design().terms[term].feature.has_value()) return;
    for (const size_t column : elimination_order(system, drop_first, options.drop_main, -1)) {
      if (column >= first && column < first + cells && !system.empty_cell(column)) {
        reference_column_ = column;
      }
    }
  }

  LinearSolution run() {
    const Factorisation factorisation(schur_complement(), request());
    LinearSolution solution;
    const size_t p = system_.columns().size();
    solution.aliased.assign(p, true);
    solution.coefficients.assign(p, DoubleDouble());
    solution.variances.assign(p, DoubleDouble());
    solution.residual_squares = factorisation.residual_squares(0);
    for (const size_t position : factorisation.suspicious())
      solution.suspicious.push_back(rest_[position]);
    kept_ = factorisation.kept();
    values_ = factorisation.solution(0);
    inverse_ = rows_of(factorisation.inverse());
    eliminated_kept_ = rows_of(eliminated_.block(kept_));
    for (const size_t position : kept_) {
      const size_t column = rest_[position];
      groups_.push_back(system_.group(column));
      scales_.push_back(std::sqrt(system_.entry(column, column).hi));
    }
    if (reference_column_.has_value()) reference_ = solve_cell(*reference_column_);
    solution.rank = kept_.size() + present_.size();
    residual_variance_ = solution.residual_squares.hi /
                         std::max(1.0, system_.weight().hi - static_cast<double>(solution.rank));
    fill_rest(solution);
    fill_cells(solution);
    fill_intercept(solution);
    solution.error_bound = error_bound(solution);
    solution.condition = condition();
    return solution;
  }

 private:
  // a_l: products of one cell's column with the rest, then with the response.
  void load_cell(size_t column, std::vector<double>& hi, std::vector<double>& lo) const {
    const size_t r = rest_.size();
    for (size_t i = 0; i <= r; ++i) {
      const DoubleDouble value =
          i < r ? system_.entry(rest_[i], column) : system_.response_entry(column);
      hi[i] = value.hi;
      lo[i] = value.lo;
    }
  }

  SymmetricMatrix schur_complement() {
    const size_t r = rest_.size();
    SymmetricMatrix matrix(r + 1);
    for (size_t i = 0; i < r; ++i) {
      for (size_t j = i; j < r; ++j) matrix.set(i, j, system_.entry(rest_[i], rest_[j]));
      matrix.set(i, r, system_.response_entry(rest_[i]));
    }
    matrix.set(r, r, system_.response_square());
    eliminated_ = matrix;
    std::vector<double> hi(r + 1);
    std::vector<double> lo(r + 1);
    for (const size_t cell : present_) {
      load_cell(cell, hi, lo);
      const DoubleDouble square = system_.entry(cell, cell);
      for (size_t i = 0; i <= r; ++i) {
        if (hi[i] == 0.0) continue;
        const size_t row = packed_index(i, i, r + 1);
        dd_axpy(-(DoubleDouble(hi[i], lo[i]) / square), hi.data() + i, lo.data() + i, r + 1 - i,
                matrix.hi.data() + row, matrix.lo.data() + row);
      }
    }
    for (size_t i = 0; i < matrix.hi.size(); ++i) eliminated_.hi[i] -= matrix.hi[i];
    return matrix;
  }

  FactorRequest request() const {
    FactorRequest request;
    const size_t r = rest_.size();
    for (size_t i = 0; i < r; ++i) {
      request.order.push_back(i);
      request.raw_squares.push_back(system_.raw_square(rest_[i]));
    }
    request.raw_squares.push_back(system_.raw_response_square());
    request.responses = {r};
    request.kept_before = present_.size();
    return request;
  }

  static Rows rows_of(const SymmetricMatrix& matrix) {
    Rows rows(matrix.size, std::vector<double>(matrix.size));
    for (size_t i = 0; i < matrix.size; ++i) {
      for (size_t j = 0; j < matrix.size; ++j) rows[i][j] = matrix.at(i, j).hi;
    }
    return rows;
  }

  Cell solve_cell(size_t column) const {
    const DoubleDouble square = system_.entry(column, column);
    Cell cell{column, system_.response_entry(column), 1.0 / square.hi, {}, {}};
    for (size_t i = 0; i < kept_.size(); ++i) {
      const DoubleDouble a = system_.entry(rest_[kept_[i]], column);
      cell.value -= a * values_[i];
      cell.g.push_back((a / square).hi);
    }
    cell.value = cell.value / square;
    cell.solved = times(inverse_, cell.g);
    return cell;
  }

  void fill_rest(LinearSolution& solution) const {
    for (size_t i = 0; i < kept_.size(); ++i) {
      const size_t column = rest_[kept_[i]];
      solution.aliased[column] = false;
      solution.coefficients[column] = values_[i];
      solution.variances[column] = inverse_[i][i];
    }
  }

  void fill_cells(LinearSolution& solution) {
    for (const size_t column : present_) {
      Cell cell = solve_cell(column);
      cell_norms_.push_back(norm_of_cell(cell));
      values_squared_ += cell.value.hi * cell.value.hi / cell.inverse_square;
      if (column == reference_column_) continue;
      if (reference_.has_value()) {
        cell.value -= reference_->value;
        for (size_t i = 0; i < cell.g.size(); ++i) {
          cell.g[i] -= reference_->g[i];
          cell.solved[i] -= reference_->solved[i];
        }
      }
      solution.aliased[column] = false;
      solution.coefficients[column] = cell.value;
      solution.variances[column] =
          cell.inverse_square + reference_part() + dot(cell.g, cell.solved);
      if (present_.size() + kept_.size() <= kMostConditionColumns)
        cells_.push_back(std::move(cell));
    }
  }

  double reference_part() const {
    return reference_.has_value() ? reference_->inverse_square : 0.0;
  }

  // b0 = b0' + mean(y) - sum of mean(x_j) b_j, where b0' is the reference cell's coefficient if
  // there is one.
  void fill_intercept(LinearSolution& solution) const {
    if (!system_.intercept()) return;
    const Design& design = system_.design();
    DoubleDouble value = system_.center(design.features.size() + 1);
    std::vector<double> weights(kept_.size(), 0.0);
    if (reference_.has_value()) {
      value += reference_->value;
      for (size_t i = 0; i < weights.size(); ++i) weights[i] = -reference_->g[i];
    }
    for (size_t i = 0; i < kept_.size(); ++i) {
      const SystemColumn& column = system_.columns()[rest_[kept_[i]]];
      if (column.term < 0) {
        value += values_[i];
        weights[i] += 1.0;
        continue;
      }
      const DesignTerm& term = design.terms[static_cast<size_t>(column.term)];
      if (!term.factors.empty()) continue;
      const DoubleDouble center = system_.center(1 + *term.feature);
      value -= center * values_[i];
      weights[i] -= center.hi;
    }
    solution.aliased[0] = false;
    solution.coefficients[0] = value;
    solution.variances[0] = reference_part() + dot(weights, times(inverse_, weights));
  }

  // --- how far rounding of the cross-products moves the results (see ErrorBoundInput), in the
  // basis of all cells and the kept rest.

  // Norm of the rest's part of a row of the inverse.
  double norm_of_rest(std::vector<double> row) const {
    for (size_t i = 0; i < kept_.size(); ++i) row[i] *= scales_[i];
    return grouped_norm(row, groups_);
  }

  // Root of x' (B' D^-1 B) x: the norm of the cells' part of a row of the inverse.
  double norm_of_cells(const std::vector<double>& x) const {
    return std::sqrt(std::max(dot(x, times(eliminated_kept_, x)), 0.0));
  }

  double norm_of_cell(const Cell& cell) const {
    return std::sqrt(cell.inverse_square) + norm_of_cells(cell.solved) + norm_of_rest(cell.solved);
  }

  double error_bound(const LinearSolution& solution) const {
    std::vector<double> values;
    for (const DoubleDouble value : values_) values.push_back(value.hi);
    const double size =
        std::sqrt(system_.response_square().hi) + norm_of_rest(values) + std::sqrt(values_squared_);
    const double residual = solution.residual_squares.hi > 0.0
                                ? options_.eps * size * size / solution.residual_squares.hi
                                : std::numeric_limits<double>::infinity();
    double worst = residual;
    auto judge = [&](size_t column, double norm) {
      const double variance = solution.variances[column].hi;
      const double value = std::max(std::fabs(solution.coefficients[column].hi),
                                    std::sqrt(variance * residual_variance_));
      worst = std::max(worst, options_.eps * norm * size / value);
      worst = std::max(worst, 0.5 * (options_.eps * norm * norm / variance + residual));
    };
    for (size_t i = 0; i < kept_.size(); ++i) {
      judge(rest_[kept_[i]], norm_of_rest(inverse_[i]) + norm_of_cells(inverse_[i]));
    }
    double reference = 0.0;
    for (size_t i = 0; i < present_.size(); ++i) {
      if (present_[i] == reference_column_) reference = cell_norms_[i];
    }
    for (size_t i = 0; i < present_.size(); ++i) {
      if (present_[i] != reference_column_) judge(present_[i], cell_norms_[i] + reference);
    }
    return worst;
  }

  // Of the kept columns but the intercept: the cells about the reference, then the rest.
  double condition() const {
    std::vector<size_t> columns;
    for (const Cell& cell : cells_) columns.push_back(cell.column);
    std::vector<size_t> rest;
    for (size_t i = 0; i < kept_.size(); ++i) {
      if (system_.intercept() && rest_[kept_[i]] == 0) continue;
      rest.push_back(i);
      columns.push_back(rest_[kept_[i]]);
    }
    if (columns.size() > kMostConditionColumns ||
        cells_.size() + (reference_.has_value() ? 1 : 0) < present_.size()) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    SymmetricMatrix inverse(columns.size());
    for (size_t l = 0; l < cells_.size(); ++l) {
      const std::vector<double>& row = cells_[l].solved;
      for (size_t m = l; m < cells_.size(); ++m) {
        inverse.set(l, m, dot(row, cells_[m].g) + reference_part());
      }
      inverse.set(l, l, inverse.at(l, l) + cells_[l].inverse_square);
      for (size_t i = 0; i < rest.size(); ++i) inverse.set(l, cells_.size() + i, -row[rest[i]]);
    }
    for (size_t i = 0; i < rest.size(); ++i) {
      for (size_t j = i; j < rest.size(); ++j) {
        inverse.set(cells_.size() + i, cells_.size() + j, inverse_[rest[i]][rest[j]]);
      }
    }
    return condition_1norm(swept_block(system_, columns), inverse);
  }

  const LinearSystem& system_;
  const SolverOptions& options_;
  std::vector<size_t> rest_;     // system columns other than the term's, in order of elimination
  std::vector<size_t> present_;  // columns of the term's cells that have rows
  std::optional<size_t> reference_column_;
  SymmetricMatrix eliminated_;  // B' D^-1 B, in doubles
  std::vector<size_t> kept_;    // positions in rest_
  std::vector<DoubleDouble> values_;
  Rows inverse_;                // S^-1 of the kept
  Rows eliminated_kept_;        // eliminated_ of the kept
  std::vector<size_t> groups_;  // of the kept
  std::vector<double> scales_;
  std::optional<Cell> reference_;
  double residual_variance_ = 0.0;
  double values_squared_ = 0.0;     // sum of D c^2
  std::vector<double> cell_norms_;  // per present cell: see norm_of_cell
  std::vector<Cell> cells_;         // about the reference, where they are few enough to keep
};

}  // namespace

std::optional<size_t> eliminable_term(const LinearSystem& system, bool drop_first, bool drop_main) {
  const Design& design = system.design();
  const std::vector<bool> redundant = redundant_by_coding(system, drop_first, drop_main);
  std::optional<size_t> largest;
  uint64_t most = 0;
  for (size_t t = 0; t < design.terms.size(); ++t) {
    const DesignTerm& term = design.terms[t];
    if (term.factors.empty()) continue;
    const uint64_t cells = design.cells(term);
    uint64_t dropped = 0;
    for (uint64_t cell = 0; cell < cells; ++cell)
      dropped += redundant[system.first_column(t) + cell];
    const bool reference = system.intercept() && !term.feature.has_value();
    if (dropped > (reference ? 1 : 0) || cells <= most) continue;
    most = cells;
    largest = t;
  }
  return largest;
}

LinearSolution solve_reduced(const LinearSystem& system, const SolverOptions& options,
                             bool drop_first, size_t term) {
  return ReducedSolver(system, options, drop_first, term).run();
}

}  // namespace insitu
