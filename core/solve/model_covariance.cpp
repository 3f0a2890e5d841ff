#include "solve/model_covariance.hpp"

#include <limits>

#include "base/json.hpp"

namespace insitu {
namespace {

constexpr size_t kMostColumns = 1000;  // for matrices of all columns

// What is predicted where every numeric column is at its center, as published: rounded to a double.
double constant_at_centers(const LinearSystem& system,
                           const std::vector<DoubleDouble>& coefficients, DoubleDouble constant,
                           bool about_centers) {
  for (size_t t = 0; t < system.design().terms.size(); ++t) {
    if (!system.design().terms[t].factors.empty()) continue;
    const DoubleDouble center = system.term_center(t);
    const DoubleDouble from = about_centers ? center : DoubleDouble();
    constant += coefficients[system.first_column(t)] * (DoubleDouble(center.hi) - from);
  }
  return static_cast<double>(constant);
}

std::vector<double> rounded(const std::vector<DoubleDouble>& values) {
  std::vector<double> result;
  for (const DoubleDouble value : values) result.push_back(static_cast<double>(value));
  return result;
}

}  // namespace

void require_covariance(const LinearSolution& solution, const std::string& what) {
  const size_t columns = solution.aliased.size();
  const bool inverted = !solution.kept.empty() || solution.rank == 0;
  if (inverted || columns <= kMostCovarianceColumns) return;
  throw SpecError(what + " needs the covariance of " + std::to_string(columns) +
                  " coefficients; at most " + std::to_string(kMostCovarianceColumns) +
                  " are possible: leave it out");
}

Json coefficient_covariance(const LinearSolution& solution, double variance) {
  require_covariance(solution, "cov_coef=True");
  const size_t p = solution.aliased.size();
  std::vector<std::vector<double>> matrix(
      p, std::vector<double>(p, std::numeric_limits<double>::quiet_NaN()));
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    for (size_t j = 0; j < solution.kept.size(); ++j) {
      matrix[solution.kept[i]][solution.kept[j]] =
          static_cast<double>(solution.raw_inverse.at(i, j) * variance);
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

LinearPredictor predictor_of(const LinearSystem& system, const LinearSolution& solution) {
  const Design& design = system.design();
  LinearPredictor predictor = LinearPredictor::zero(design);
  for (size_t t = 0; t < design.terms.size(); ++t)
    predictor.terms[t].center = system.term_center(t).hi;
  const bool about = system.centring().into_cells();
  const std::vector<DoubleDouble>& coefficients = about ? solution.centred : solution.coefficients;
  DoubleDouble constant = about ? system.response_center() : DoubleDouble();
  if (system.intercept()) constant += coefficients[0];
  predictor.constant = constant_at_centers(system, coefficients, constant, about);
  for (size_t i = 0; i < coefficients.size(); ++i)
    predictor.coefficients[i] = solution.aliased[i] ? 0.0 : static_cast<double>(coefficients[i]);
  return predictor;
}

Json scoring(const LinearSystem& system, const LinearSolution& solution, double variance,
             bool covariance) {
  const Design& design = system.design();
  const LinearPredictor predictor = predictor_of(system, solution);
  std::vector<double> centers(design.features.size(), 0.0);
  std::vector<double> cell_centers(design.terms.size(), 0.0);
  for (size_t t = 0; t < design.terms.size(); ++t) {
    const DesignTerm& term = design.terms[t];
    const double center = predictor.terms[t].center;
    if (!term.factors.empty()) {
      cell_centers[t] = center;
    } else {
      centers[*term.feature] = center;
    }
  }
  Json json = {{"centers", numbers_to_json(centers)}};
  json["intercept"] = number_to_json(predictor.constant);
  if (system.centring().into_cells()) {
    json["coefficients"] = numbers_to_json(rounded(solution.centred));
    json["cell_centers"] = numbers_to_json(cell_centers);
  }
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
