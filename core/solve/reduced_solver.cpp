#include "solve/reduced_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "linalg/kernels.hpp"
#include "solve/coding.hpp"
#include "solve/condition_number.hpp"
#include "solve/reduced_solution.hpp"

namespace insitu {
namespace {

Rows rows_of(const SymmetricMatrix& matrix) {
  Rows rows(matrix.size, std::vector<double>(matrix.size));
  for (size_t i = 0; i < matrix.size; ++i) {
    for (size_t j = 0; j < matrix.size; ++j) rows[i][j] = matrix.at(i, j).hi;
  }
  return rows;
}

// True if a level of the term is dropped in the end: the rest holds a constant.
bool has_reference(const LinearSystem& system, size_t term) {
  const std::optional<int> constant = system.centring().constant;
  return !system.design().terms[term].feature.has_value() && constant.has_value() &&
         constant != static_cast<int>(term);
}

class ReducedSolver {
 public:
  ReducedSolver(const LinearSystem& system, const SolverOptions& options, bool drop_first,
                size_t term)
      : system_(system),
        options_(options),
        drop_first_(drop_first),
        term_(term),
        rest_(elimination_order(system, drop_first, options.drop_main, static_cast<int>(term))) {
    const uint64_t cells = system.design().cells(system.design().terms[term]);
    const size_t first = system.first_column(term);
    for (uint64_t cell = 0; cell < cells; ++cell) {
      if (!system.empty_cell(first + cell)) present_.push_back(first + cell);
    }
    if (!has_reference(system, term)) return;
    for (const size_t column : elimination_order(system, drop_first, options.drop_main, -1)) {
      if (column >= first && column < first + cells && !system.empty_cell(column)) {
        reference_ = column;
      }
    }
  }

  LinearSolution run() {
    const Factorisation factorisation(schur_complement(), request());
    LinearSolution solution = blank_solution(system_);
    solution.residual_squares = factorisation.residual_squares(0);
    solution.doubtful = factorisation.doubtful();
    for (const size_t position : factorisation.suspicious())
      solution.suspicious.push_back(rest_[position]);
    solution.rank = factorisation.kept().size() + present_.size();
    std::vector<size_t> kept;
    for (const size_t position : factorisation.kept()) kept.push_back(rest_[position]);
    for (const size_t column : kept) solution.aliased[column] = false;
    for (const size_t column : present_) solution.aliased[column] = column == reference_;
    if (const auto constant = spanned_constant()) solution.aliased[rest_[*constant]] = false;

    const RawBasis basis(system_, solution.aliased);
    solution.centres_hold = basis.exists();
    if (!solution.centres_hold) return solution;
    ReducedSolution reduced(system_, term_, std::move(kept), factorisation.solution(0),
                            rows_of(factorisation.inverse()),
                            rows_of(eliminated_.block(factorisation.kept())));
    fill_cells(basis, reduced, solution);
    fill_rest(basis, reduced, solution);
    solution.error_bound = error_bound(reduced, solution);
    solution.condition = condition(basis, reduced, solution);
    return solution;
  }

 private:
  // All cells of the term span the constant, so that one column of it goes, at this place of the
  // rest; in the end the reference goes instead.
  std::optional<size_t> spanned_constant() const {
    if (!reference_.has_value()) return std::nullopt;
    const int constant = *system_.centring().constant;
    for (size_t i = rest_.size(); i-- > 0;) {
      if (system_.columns()[rest_[i]].term == constant && !system_.empty_cell(rest_[i])) return i;
    }
    return std::nullopt;
  }

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
      check_cancelled();
      for (size_t j = i; j < r; ++j) matrix.set(i, j, system_.entry(rest_[i], rest_[j]));
      matrix.set(i, r, system_.response_entry(rest_[i]));
    }
    matrix.set(r, r, system_.response_square());
    eliminated_ = matrix;
    std::vector<double> hi(r + 1);
    std::vector<double> lo(r + 1);
    for (const size_t cell : present_) {
      check_cancelled();
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
    const std::vector<bool> redundant =
        redundant_by_coding(system_, drop_first_, options_.drop_main);
    for (size_t i = 0; i < r; ++i) {
      request.order.push_back(i);
      request.dependent.push_back(redundant[rest_[i]]);
      request.raw_squares.push_back(system_.raw_square(rest_[i]));
    }
    // Known, and not left to sums that round.
    if (const auto constant = spanned_constant()) request.dependent[*constant] = true;
    request.raw_squares.push_back(system_.raw_response_square());
    request.dependent.push_back(false);
    request.responses = {r};
    request.kept_before = present_.size();
    return request;
  }

  static void fill(const ReducedSolution::Combination& sum, const ReducedSolution& reduced,
                   size_t column, LinearSolution& solution) {
    solution.coefficients[column] = sum.value;
    solution.variances[column] = reduced.covariance(sum, sum);
  }

  void fill_cells(const RawBasis& basis, ReducedSolution& reduced, LinearSolution& solution) {
    std::optional<ReducedSolution::Cell> reference;
    double reference_square = 0.0;
    if (reference_.has_value()) {
      reference = reduced.visit(*reference_);
      reference_square = reduced.square_of_cell(*reference);
    }
    for (const size_t column : present_) {
      check_cancelled();
      const ReducedSolution::Cell& cell = reduced.visit(column);
      solution.centred[column] = cell.value;
      values_squared_ += cell.value.hi * cell.value.hi / cell.inverse_square;
      if (column == reference_) continue;
      fill(reduced.combine(basis.row(column)), reduced, column, solution);
      judged_.push_back(less_reference(cell, reference));
      judged_.back().square = reduced.square_of_cell(cell) + reference_square;
    }
  }

  void fill_rest(const RawBasis& basis, ReducedSolution& reduced, LinearSolution& solution) const {
    for (size_t i = 0; i < reduced.rest().size(); ++i) {
      solution.centred[reduced.rest()[i]] = reduced.values()[i];
    }
    for (const size_t column : rest_) {
      if (solution.aliased[column]) continue;
      check_cancelled();
      fill(reduced.combine(basis.row(column)), reduced, column, solution);
    }
  }

  // --- how far rounding of the cross-products moves the results, about the centers.

  struct Judged {
    double square = 0.0;
    double value = 0.0;
    double variance = 0.0;
  };

  static Judged less_reference(const ReducedSolution::Cell& cell,
                               const std::optional<ReducedSolution::Cell>& reference) {
    const double own = cell.inverse_square + dot(cell.g, cell.solved);
    if (!reference.has_value()) return {0.0, cell.value.hi, own};
    return {0.0, (cell.value - reference->value).hi,
            own + reference->inverse_square + dot(reference->g, reference->solved) -
                2.0 * dot(reference->g, cell.solved)};
  }

  double error_bound(const ReducedSolution& reduced, const LinearSolution& solution) const {
    const double rss = solution.residual_squares.hi;
    const double residual_variance =
        rss / std::max(1.0, system_.weight().hi - static_cast<double>(solution.rank));
    const double size = system_.response_square().hi + reduced.size_of_rest() + values_squared_;
    const double residual =
        rss > 0.0 ? options_.eps * size / rss : std::numeric_limits<double>::infinity();
    double worst = residual;
    auto judge = [&](const Judged& one) {
      const double value =
          std::max(std::fabs(one.value), std::sqrt(one.variance * residual_variance));
      worst = std::max(worst, options_.eps * std::sqrt(one.square * size) / value);
      worst = std::max(worst, 0.5 * (options_.eps * one.square / one.variance + residual));
    };
    for (size_t i = 0; i < reduced.rest().size(); ++i) {
      judge({reduced.square_of_rest(i), reduced.values()[i].hi, reduced.variance_of_rest(i)});
    }
    for (const Judged& one : judged_) judge(one);
    return worst;
  }

  double condition(const RawBasis& basis, ReducedSolution& reduced,
                   const LinearSolution& solution) const {
    std::vector<size_t> columns;
    for (size_t i = 0; i < solution.aliased.size(); ++i) {
      if (!solution.aliased[i] && in_condition(system_, options_, i)) columns.push_back(i);
    }
    if (columns.size() > kMostConditionColumns) return std::numeric_limits<double>::quiet_NaN();
    return condition_number(system_, options_, columns, reduced.inverse(basis, columns));
  }

  const LinearSystem& system_;
  const SolverOptions& options_;
  bool drop_first_;
  size_t term_;
  std::vector<size_t> rest_;         // system columns other than the term's, in elimination order
  std::vector<size_t> present_;      // columns of the term's cells that have rows
  std::optional<size_t> reference_;  // the cell that is dropped in the end
  SymmetricMatrix eliminated_;       // B' D^-1 B, in doubles
  double values_squared_ = 0.0;      // sum of D c^2
  std::vector<Judged> judged_;
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
    if (dropped > (has_reference(system, t) ? 1 : 0) || cells <= most) continue;
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
