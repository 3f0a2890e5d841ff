#include "linear/model_covariance.hpp"

#include <limits>

#include "base/json.hpp"

namespace insitu {
namespace {

constexpr size_t kMostColumns = 1000;  // for matrices of all columns

const DesignTerm* numeric_term(const LinearSystem& system, size_t column) {
  const SystemColumn& c = system.columns()[column];
  if (c.term < 0) return nullptr;
  const DesignTerm& term = system.design().terms[static_cast<size_t>(c.term)];
  return term.factors.empty() ? &term : nullptr;
}

// The raw intercept as a combination of the centred coefficients.
std::vector<DoubleDouble> intercept_weights(const LinearSystem& system,
                                            const LinearSolution& solution) {
  std::vector<DoubleDouble> weights;
  for (const size_t column : solution.kept) {
    if (column == 0) {
      weights.emplace_back(1.0);
    } else {
      const DesignTerm* term = numeric_term(system, column);
      weights.push_back(term == nullptr ? DoubleDouble() : -system.center(1 + *term->feature));
    }
  }
  return weights;
}

// The inverse in the raw basis, in the order of `kept`.
SymmetricMatrix raw_inverse(const LinearSystem& system, const LinearSolution& solution) {
  SymmetricMatrix raw = solution.inverse;
  const size_t k = solution.kept.size();
  if (!system.intercept() || k == 0 || solution.kept[0] != 0) return raw;
  const std::vector<DoubleDouble> weights = intercept_weights(system, solution);
  std::vector<DoubleDouble> row(k);
  for (size_t j = 0; j < k; ++j) {
    for (size_t i = 0; i < k; ++i) row[j] += weights[i] * solution.inverse.at(i, j);
  }
  DoubleDouble corner = 0.0;
  for (size_t j = 0; j < k; ++j) corner += row[j] * weights[j];
  for (size_t j = 1; j < k; ++j) raw.set(0, j, row[j]);
  raw.set(0, 0, corner);
  return raw;
}

}  // namespace

Json coefficient_covariance(const LinearSystem& system, const LinearSolution& solution,
                            double variance) {
  if (solution.kept.empty()) {
    throw SpecError("cov_coef=True needs the covariance of " +
                    std::to_string(solution.aliased.size()) +
                    " coefficients; at most 4000 are possible: leave it out");
  }
  const size_t p = solution.aliased.size();
  const SymmetricMatrix inverse = raw_inverse(system, solution);
  std::vector<std::vector<double>> matrix(
      p, std::vector<double>(p, std::numeric_limits<double>::quiet_NaN()));
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    for (size_t j = 0; j < solution.kept.size(); ++j) {
      matrix[solution.kept[i]][solution.kept[j]] = static_cast<double>(inverse.at(i, j) * variance);
    }
  }
  Json rows = Json::array();
  for (const std::vector<double>& row : matrix) rows.push_back(numbers_to_json(row));
  return rows;
}

Json data_covariance(const LinearSystem& system, double observations) {
  std::vector<std::string> names;
  std::vector<size_t> columns;
  for (size_t i = 1; i < system.columns().size(); ++i) {
    columns.push_back(i);
    names.push_back(system.name(i));
  }
  if (columns.size() > kMostColumns) {
    throw SpecError("cov_data=True makes a matrix of " + std::to_string(columns.size()) +
                    " columns; at most " + std::to_string(kMostColumns) +
                    " are possible: leave it out");
  }
  // Sums to covariances: weights count as their share of the observations.
  const DoubleDouble divisor =
      system.weight() * DoubleDouble(observations - 1.0) / DoubleDouble(observations);
  const SymmetricMatrix block = swept_block(system, columns);
  Json rows = Json::array();
  for (size_t i = 0; i < columns.size(); ++i) {
    std::vector<double> row;
    for (size_t j = 0; j < columns.size(); ++j)
      row.push_back(static_cast<double>(block.at(i, j) / divisor));
    rows.push_back(numbers_to_json(row));
  }
  return {{"names", names}, {"matrix", rows}};
}

Json scoring(const LinearSystem& system, const LinearSolution& solution, double variance,
             bool covariance) {
  const Design& design = system.design();
  std::vector<double> centers(design.features.size(), 0.0);
  DoubleDouble intercept = system.intercept() ? solution.coefficients[0] : DoubleDouble();
  for (size_t i = 0; i < solution.aliased.size(); ++i) {
    const DesignTerm* term = numeric_term(system, i);
    if (term == nullptr || !system.intercept()) continue;
    const double center = static_cast<double>(system.center(1 + *term->feature));
    centers[*term->feature] = center;
    if (!solution.aliased[i]) intercept += solution.coefficients[i] * center;
  }
  Json json = {{"intercept", number_to_json(static_cast<double>(intercept))},
               {"centers", numbers_to_json(centers)}};
  if (covariance && !solution.kept.empty()) {
    std::vector<double> packed;
    for (size_t i = 0; i < solution.kept.size(); ++i) {
      for (size_t j = i; j < solution.kept.size(); ++j) {
        packed.push_back(static_cast<double>(solution.inverse.at(i, j) * variance));
      }
    }
    json["columns"] = solution.kept;
    json["covariance"] = numbers_to_json(packed);
  }
  return json;
}

}  // namespace insitu
