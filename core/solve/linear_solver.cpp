#include "solve/linear_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "solve/coding.hpp"
#include "solve/condition_number.hpp"
#include "solve/raw_basis.hpp"
#include "solve/reduced_solver.hpp"

namespace insitu {

LinearSolution blank_solution(const LinearSystem& system) {
  LinearSolution solution;
  const size_t p = system.columns().size();
  solution.aliased.assign(p, true);
  for (auto* list : {&solution.coefficients, &solution.variances, &solution.centred})
    list->assign(p, DoubleDouble());
  return solution;
}

namespace {

// From the columns as solved to those of the formula.
void uncentre(const RawBasis& basis, LinearSolution& solution) {
  solution.raw_inverse = raw_inverse(basis, solution.kept, solution.inverse);
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    const size_t column = solution.kept[i];
    const RawBasis::Row row = basis.row(column);
    solution.coefficients[column] = row.constant;
    for (const auto& [from, weight] : row.weights)
      solution.coefficients[column] += weight * solution.centred[from];
    solution.variances[column] = solution.raw_inverse.at(i, i);
  }
}

double bound_of(const LinearSystem& system, const LinearSolution& solution, double eps) {
  if (solution.kept.empty()) return 0.0;
  const DoubleDouble rss = solution.residual_squares;
  std::vector<double> scales;
  std::vector<double> coefficients;
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    const size_t column = solution.kept[i];
    scales.push_back(std::sqrt(system.entry(column, column).hi));
    // Digits below the standard error are noise: a coefficient is judged against its standard error
    // at least.
    const double df = std::max(1.0, system.weight().hi - static_cast<double>(solution.kept.size()));
    const double error = std::sqrt(std::fabs(solution.inverse.at(i, i).hi * rss.hi / df));
    const double value = std::fabs(solution.centred[column].hi);
    coefficients.push_back(std::max(value, error));
  }
  const ErrorBounds bounds =
      coefficient_error_bound({.inverse = &solution.inverse,
                               .scales = scales,
                               .coefficients = coefficients,
                               .response_scale = std::sqrt(system.response_square().hi),
                               .residual_squares = rss.hi,
                               .eps = eps});
  double worst = 0.0;
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    if (system.intercept() && solution.kept[i] == 0 && solution.centred[0].hi == 0.0) continue;
    worst = std::max({worst, bounds.coefficients[i], bounds.std_errors[i]});
  }
  return worst;
}

double condition_of(const LinearSystem& system, const SolverOptions& options,
                    const LinearSolution& solution) {
  std::vector<size_t> columns;
  std::vector<size_t> positions;
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    if (!in_condition(system, options, solution.kept[i])) continue;
    columns.push_back(solution.kept[i]);
    positions.push_back(i);
  }
  if (columns.size() > kMostConditionColumns) return std::numeric_limits<double>::quiet_NaN();
  return condition_number(system, options, columns, solution.raw_inverse.block(positions));
}

LinearSolution solve_direct(const LinearSystem& system, const SolverOptions& options,
                            bool drop_first) {
  const size_t p = system.columns().size();
  SymmetricMatrix matrix(p + 1);
  FactorRequest request;
  request.order = elimination_order(system, drop_first, options.drop_main, -1);
  request.responses = {p};
  request.dependent = redundant_by_coding(system, drop_first, options.drop_main);
  request.dependent.push_back(false);
  request.raw_squares.resize(p + 1);
  for (size_t i = 0; i < p; ++i) {
    for (size_t j = i; j < p; ++j) matrix.set(i, j, system.entry(i, j));
    matrix.set(i, p, system.response_entry(i));
    request.raw_squares[i] = system.raw_square(i);
  }
  matrix.set(p, p, system.response_square());
  request.raw_squares[p] = system.raw_response_square();
  const Factorisation factorisation(matrix, request);

  LinearSolution solution = blank_solution(system);
  solution.kept = factorisation.kept();
  for (const size_t column : solution.kept) solution.aliased[column] = false;
  solution.rank = solution.kept.size();
  solution.suspicious = factorisation.suspicious();
  solution.doubtful = factorisation.doubtful();
  const std::vector<DoubleDouble> values = factorisation.solution(0);
  for (size_t i = 0; i < values.size(); ++i) solution.centred[solution.kept[i]] = values[i];
  solution.residual_squares = factorisation.residual_squares(0);
  solution.inverse = factorisation.inverse();
  const RawBasis basis(system, solution.aliased);
  solution.centres_hold = basis.exists();
  if (!solution.centres_hold) return solution;
  uncentre(basis, solution);
  solution.error_bound = bound_of(system, solution, options.eps);
  solution.condition = condition_of(system, options, solution);
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
      if (p > kMostCovarianceColumns ||
          !differs_from_coding(system, solution, drop_first, options.drop_main)) {
        return solution;
      }
    }
  }
  return solve_direct(system, options, drop_first);
}

// Where a center goes to a column that is eliminated later, the same columns are kept as without it
// only if nothing but the coding makes columns redundant.
LinearSolution solve_checked(const LinearSystem& system, const SolverOptions& options,
                             bool drop_first) {
  LinearSolution solution = solve_once(system, options, drop_first);
  if (!system.centring().in_order &&
      differs_from_coding(system, solution, drop_first, options.drop_main)) {
    solution.centres_hold = false;
  }
  return solution;
}

bool singular_beyond_coding(const LinearSystem& system, const LinearSolution& solution,
                            bool drop_main) {
  const std::vector<bool> expected = redundant_by_coding(system, false, drop_main);
  for (size_t i = 0; i < expected.size(); ++i) {
    if (solution.aliased[i] && !expected[i] && !system.empty_cell(i)) return true;
  }
  return false;
}

LinearSolution solve_system(const LinearSystem& system, const SolverOptions& options) {
  if (options.drop_first || last_level_empty(system)) return solve_checked(system, options, true);
  LinearSolution solution = solve_checked(system, options, false);
  const bool factors = std::any_of(system.design().terms.begin(), system.design().terms.end(),
                                   [](const DesignTerm& term) { return !term.factors.empty(); });
  if (factors && singular_beyond_coding(system, solution, options.drop_main)) {
    return solve_checked(system, options, true);
  }
  return solution;
}

}  // namespace

SolvedSystem solve(const Design& frozen, const CellPlan& plan, const CrossProducts& products,
                   const SolverOptions& options) {
  LinearSystem system(frozen, plan, products, Centring::widest(frozen, options.drop_main));
  LinearSolution solution = solve_system(system, options);
  if (solution.centres_hold) return {std::move(system), std::move(solution)};
  LinearSystem plain(frozen, plan, products, Centring::by_intercept(frozen));
  solution = solve_system(plain, options);
  return {std::move(plain), std::move(solution)};
}

}  // namespace insitu
