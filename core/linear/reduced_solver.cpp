#include "linear/reduced_solver.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "linalg/kernels.hpp"

namespace insitu {
namespace {

class ReducedSolver {
 public:
  ReducedSolver(const LinearSystem& system, const SolverOptions& options, bool drop_first,
                size_t term)
      : system_(system),
        options_(options),
        drop_first_(drop_first),
        rest_(elimination_order(system, drop_first, options.drop_main, static_cast<int>(term))),
        first_(system.first_column(term)),
        cells_(system.design().cells(system.design().terms[term])),
        plain_(system.intercept() && !system.design().terms[term].feature.has_value()) {
    for (uint64_t cell = 0; cell < cells_; ++cell) {
      if (system.entry(first_ + cell, first_ + cell).hi > 0.0) present_.push_back(cell);
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
    const SymmetricMatrix inverse = factorisation.inverse();
    store_inverse(inverse);
    fill_rest(solution);
    fill_cells(solution);
    fill_intercept(solution);
    solution.rank = kept_.size() + present_.size();
    solution.error_bound = bound(inverse, solution.residual_squares.hi);
    return solution;
  }

 private:
  // a_l: products of one cell's column with the rest, then with the response.
  void load_cell(uint64_t cell, std::vector<double>& hi, std::vector<double>& lo) const {
    const size_t r = rest_.size();
    for (size_t i = 0; i <= r; ++i) {
      const DoubleDouble value =
          i < r ? system_.entry(rest_[i], first_ + cell) : system_.response_entry(first_ + cell);
      hi[i] = value.hi;
      lo[i] = value.lo;
    }
  }

  SymmetricMatrix schur_complement() const {
    const size_t r = rest_.size();
    SymmetricMatrix matrix(r + 1);
    for (size_t i = 0; i < r; ++i) {
      for (size_t j = i; j < r; ++j) matrix.set(i, j, system_.entry(rest_[i], rest_[j]));
      matrix.set(i, r, system_.response_entry(rest_[i]));
    }
    matrix.set(r, r, system_.response_square());
    std::vector<double> hi(r + 1);
    std::vector<double> lo(r + 1);
    for (const uint64_t cell : present_) {
      load_cell(cell, hi, lo);
      const DoubleDouble square = system_.entry(first_ + cell, first_ + cell);
      for (size_t i = 0; i <= r; ++i) {
        if (hi[i] == 0.0) continue;
        const size_t row = packed_index(i, i, r + 1);
        dd_axpy(-(DoubleDouble(hi[i], lo[i]) / square), hi.data() + i, lo.data() + i, r + 1 - i,
                matrix.hi.data() + row, matrix.lo.data() + row);
      }
    }
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

  void store_inverse(const SymmetricMatrix& inverse) {
    const size_t k = kept_.size();
    inverse_.resize(k * k);
    for (size_t i = 0; i < k; ++i) {
      for (size_t j = 0; j < k; ++j) inverse_[i * k + j] = inverse.at(i, j).hi;
    }
  }

  double quadratic_form(const std::vector<double>& g) const {
    const size_t k = kept_.size();
    double total = 0.0;
    for (size_t i = 0; i < k; ++i) {
      if (g[i] == 0.0) continue;
      double row = 0.0;
      for (size_t j = 0; j < k; ++j) row += inverse_[i * k + j] * g[j];
      total += g[i] * row;
    }
    return total;
  }

  void fill_rest(LinearSolution& solution) const {
    for (size_t i = 0; i < kept_.size(); ++i) {
      const size_t column = rest_[kept_[i]];
      solution.aliased[column] = false;
      solution.coefficients[column] = values_[i];
      solution.variances[column] = inverse_[i * kept_.size() + i];
    }
  }

  // One cell's coefficient without reference, and g = a / D for its variance.
  DoubleDouble cell_coefficient(uint64_t cell, std::vector<double>& g) const {
    const DoubleDouble square = system_.entry(first_ + cell, first_ + cell);
    DoubleDouble rest = system_.response_entry(first_ + cell);
    for (size_t i = 0; i < kept_.size(); ++i) {
      const DoubleDouble a = system_.entry(rest_[kept_[i]], first_ + cell);
      rest -= a * values_[i];
      g[i] = (a / square).hi;
    }
    return rest / square;
  }

  void fill_cells(LinearSolution& solution) {
    std::vector<double> g(kept_.size());
    double reference_part = 0.0;
    std::vector<double> reference_g(kept_.size(), 0.0);
    if (plain_ && !present_.empty()) {
      reference_ = drop_first_ ? present_.front() : present_.back();
      reference_value_ = cell_coefficient(*reference_, reference_g);
      reference_part = 1.0 / system_.entry(first_ + *reference_, first_ + *reference_).hi;
      reference_g_ = reference_g;
    }
    for (const uint64_t cell : present_) {
      if (reference_ == cell) continue;
      const size_t column = first_ + cell;
      solution.aliased[column] = false;
      solution.coefficients[column] = cell_coefficient(cell, g) - reference_value_;
      for (size_t i = 0; i < g.size(); ++i) g[i] -= reference_g[i];
      solution.variances[column] =
          1.0 / system_.entry(column, column).hi + reference_part + quadratic_form(g);
    }
  }

  // b0 = b0' + mean(y) - sum of mean(x_j) b_j, where b0' is the reference cell's coefficient if
  // there is one.
  void fill_intercept(LinearSolution& solution) const {
    if (!system_.intercept()) return;
    const Design& design = system_.design();
    DoubleDouble value = system_.center(design.features.size() + 1);
    double variance = 0.0;
    std::vector<double> weights(kept_.size(), 0.0);
    if (reference_.has_value()) {
      value += reference_value_;
      variance = 1.0 / system_.entry(first_ + *reference_, first_ + *reference_).hi;
      for (size_t i = 0; i < weights.size(); ++i) weights[i] = -reference_g_[i];
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
    solution.variances[0] = variance + quadratic_form(weights);
  }

  double bound(const SymmetricMatrix& inverse, double residual_squares) const {
    if (kept_.empty()) return 0.0;
    std::vector<double> scales;
    std::vector<double> coefficients;
    const double df =
        std::max(1.0, system_.weight().hi - static_cast<double>(kept_.size() + present_.size()));
    for (size_t i = 0; i < kept_.size(); ++i) {
      const size_t column = rest_[kept_[i]];
      scales.push_back(std::sqrt(system_.entry(column, column).hi));
      const double error = std::sqrt(std::fabs(inverse.at(i, i).hi * residual_squares / df));
      coefficients.push_back(std::max(std::fabs(values_[i].hi), error));
    }
    return coefficient_error_bound({.inverse = &inverse,
                                    .scales = scales,
                                    .coefficients = coefficients,
                                    .response_scale = std::sqrt(system_.response_square().hi),
                                    .residual_squares = residual_squares,
                                    .eps = options_.eps})
        .worst();
  }

  const LinearSystem& system_;
  const SolverOptions& options_;
  bool drop_first_;
  std::vector<size_t> rest_;  // system columns other than the term's, in order of elimination
  size_t first_;              // the term's first system column
  uint64_t cells_;
  bool plain_;  // the term spans the intercept
  std::vector<uint64_t> present_;
  std::vector<size_t> kept_;  // positions in rest_
  std::vector<DoubleDouble> values_;
  std::vector<double> inverse_;
  std::optional<uint64_t> reference_;
  DoubleDouble reference_value_;
  std::vector<double> reference_g_;
};

}  // namespace

int largest_term(const LinearSystem& system) {
  const Design& design = system.design();
  int largest = -1;
  uint64_t most = 0;
  for (size_t t = 0; t < design.terms.size(); ++t) {
    if (design.terms[t].factors.empty()) continue;
    const uint64_t cells = design.cells(design.terms[t]);
    if (cells > most) {
      most = cells;
      largest = static_cast<int>(t);
    }
  }
  return largest;
}

LinearSolution solve_reduced(const LinearSystem& system, const SolverOptions& options,
                             bool drop_first, size_t term) {
  return ReducedSolver(system, options, drop_first, term).run();
}

}  // namespace insitu
