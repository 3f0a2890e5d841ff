#include "linear/linear_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "linear/reduced_solver.hpp"

namespace insitu {
namespace {

// Above, the normal equations are too many to factorise whole, even where that would keep other
// columns.
constexpr size_t kMostDirectColumns = 4000;

LinearSolution blank(const LinearSystem& system) {
  LinearSolution solution;
  const size_t p = system.columns().size();
  solution.aliased.assign(p, true);
  solution.coefficients.assign(p, DoubleDouble());
  solution.variances.assign(p, DoubleDouble());
  return solution;
}

// Value whose center column i was taken about, or 0: only numeric terms are centred.
size_t centred_value(const LinearSystem& system, size_t column) {
  const SystemColumn& c = system.columns()[column];
  if (c.term < 0) return 0;
  const DesignTerm& term = system.design().terms[static_cast<size_t>(c.term)];
  return term.factors.empty() ? 1 + *term.feature : 0;
}

// From the centred basis to the raw one: only the intercept changes, b0 = b0' + mean(y) - sum of
// mean(x_j) b_j.
void uncentre(const LinearSystem& system, LinearSolution& solution) {
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    solution.coefficients[solution.kept[i]] = solution.centred[i];
    solution.variances[solution.kept[i]] = solution.inverse.at(i, i);
  }
  if (!system.intercept()) return;
  const size_t k = solution.kept.size();
  std::vector<DoubleDouble> weights(
      k);  // the intercept as a combination of the centred coefficients
  DoubleDouble intercept = system.center(system.design().features.size() + 1);
  for (size_t i = 0; i < k; ++i) {
    weights[i] = solution.kept[i] == 0 ? DoubleDouble(1.0)
                                       : -system.center(centred_value(system, solution.kept[i]));
    intercept += weights[i] * solution.centred[i];
  }
  DoubleDouble variance = 0.0;
  for (size_t i = 0; i < k; ++i) {
    DoubleDouble row = 0.0;
    for (size_t j = 0; j < k; ++j) row += solution.inverse.at(i, j) * weights[j];
    variance += weights[i] * row;
  }
  solution.coefficients[0] = intercept;
  solution.variances[0] = variance;
}

double bound_of(const LinearSystem& system, const LinearSolution& solution, double eps) {
  if (solution.kept.empty()) return 0.0;
  const DoubleDouble rss = solution.residual_squares;
  std::vector<double> scales;
  std::vector<size_t> groups;
  std::vector<double> coefficients;
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    const size_t column = solution.kept[i];
    groups.push_back(system.group(column));
    scales.push_back(std::sqrt(system.entry(column, column).hi));
    // Digits below the standard error are noise: a coefficient is judged against its standard error
    // at least.
    const double df = std::max(1.0, system.weight().hi - static_cast<double>(solution.kept.size()));
    const double error = std::sqrt(std::fabs(solution.inverse.at(i, i).hi * rss.hi / df));
    const double value = std::fabs(solution.centred[i].hi);
    coefficients.push_back(std::max(value, error));
  }
  const ErrorBounds bounds =
      coefficient_error_bound({.inverse = &solution.inverse,
                               .scales = scales,
                               .groups = groups,
                               .coefficients = coefficients,
                               .response_scale = std::sqrt(system.response_square().hi),
                               .residual_squares = rss.hi,
                               .eps = eps});
  double worst = 0.0;
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    if (system.intercept() && solution.kept[i] == 0 && solution.centred[i].hi == 0.0) continue;
    worst = std::max({worst, bounds.coefficients[i], bounds.std_errors[i]});
  }
  return worst;
}

double condition_of(const LinearSystem& system, const LinearSolution& solution) {
  std::vector<size_t> columns;
  std::vector<size_t> positions;
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    if (system.intercept() && solution.kept[i] == 0) continue;
    columns.push_back(solution.kept[i]);
    positions.push_back(i);
  }
  if (columns.size() > kMostConditionColumns) return std::numeric_limits<double>::quiet_NaN();
  return condition_1norm(swept_block(system, columns), solution.inverse.block(positions));
}

LinearSolution solve_direct(const LinearSystem& system, const SolverOptions& options,
                            bool drop_first) {
  const size_t p = system.columns().size();
  SymmetricMatrix matrix(p + 1);
  FactorRequest request;
  request.order = elimination_order(system, drop_first, options.drop_main, -1);
  request.responses = {p};
  request.raw_squares.resize(p + 1);
  for (size_t i = 0; i < p; ++i) {
    for (size_t j = i; j < p; ++j) matrix.set(i, j, system.entry(i, j));
    matrix.set(i, p, system.response_entry(i));
    request.raw_squares[i] = system.raw_square(i);
  }
  matrix.set(p, p, system.response_square());
  request.raw_squares[p] = system.raw_response_square();
  const Factorisation factorisation(matrix, request);

  LinearSolution solution = blank(system);
  solution.kept = factorisation.kept();
  for (const size_t column : solution.kept) solution.aliased[column] = false;
  solution.rank = solution.kept.size();
  solution.suspicious = factorisation.suspicious();
  solution.centred = factorisation.solution(0);
  solution.residual_squares = factorisation.residual_squares(0);
  solution.inverse = factorisation.inverse();
  uncentre(system, solution);
  solution.error_bound = bound_of(system, solution, options.eps);
  solution.condition = condition_of(system, solution);
  return solution;
}

// True if the last level of some factor has no rows.
bool last_level_empty(const LinearSystem& system) {
  const Design& design = system.design();
  for (size_t t = 0; t < design.terms.size(); ++t) {
    if (design.terms[t].factors.size() != 1) continue;
    const uint64_t cells = design.cells(design.terms[t]);
    if (cells > 0 && system.empty_cell(system.first_column(t) + cells - 1)) return true;
  }
  return false;
}

// True if a column went, or stayed, that the coding alone does not explain.
bool differs_from_coding(const LinearSystem& system, const LinearSolution& solution,
                         bool drop_first, bool drop_main) {
  const std::vector<bool> expected = redundant_by_coding(system, drop_first, drop_main);
  for (size_t i = 0; i < expected.size(); ++i) {
    if (solution.aliased[i] != expected[i] && !system.empty_cell(i)) return true;
  }
  return false;
}

// Eliminating the largest term first keeps the same columns as the order of the formula does only
// where nothing but the coding makes columns redundant.
LinearSolution solve_once(const LinearSystem& system, const SolverOptions& options,
                          bool drop_first) {
  const size_t p = system.columns().size();
  if (p > options.direct_columns) {
    if (const auto term = eliminable_term(system, drop_first, options.drop_main)) {
      LinearSolution solution = solve_reduced(system, options, drop_first, *term);
      if (p > kMostDirectColumns ||
          !differs_from_coding(system, solution, drop_first, options.drop_main)) {
        return solution;
      }
    }
  }
  return solve_direct(system, options, drop_first);
}

bool singular_beyond_coding(const LinearSystem& system, const LinearSolution& solution,
                            bool drop_main) {
  const std::vector<bool> expected = redundant_by_coding(system, false, drop_main);
  for (size_t i = 0; i < expected.size(); ++i) {
    if (solution.aliased[i] && !expected[i] && !system.empty_cell(i)) return true;
  }
  return false;
}

}  // namespace

LinearSolution solve(const LinearSystem& system, const SolverOptions& options) {
  if (options.drop_first || last_level_empty(system)) return solve_once(system, options, true);
  LinearSolution solution = solve_once(system, options, false);
  const bool factors = std::any_of(system.design().terms.begin(), system.design().terms.end(),
                                   [](const DesignTerm& term) { return !term.factors.empty(); });
  if (factors && singular_beyond_coding(system, solution, options.drop_main)) {
    return solve_once(system, options, true);
  }
  return solution;
}

}  // namespace insitu
