#include "design/row_form.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "linalg/kernels.hpp"

namespace insitu {

RowForm::RowForm(const LinearPredictor& predictor, const std::vector<size_t>& columns,
                 const std::vector<double>& packed)
    : position_(predictor.coefficients.size(), -1), size_(columns.size()) {
  if (packed.size() != packed_size(size_))
    throw SpecError("the model's covariance does not fit its coefficients");
  for (size_t i = 0; i < size_; ++i) {
    if (columns[i] >= position_.size())
      throw SpecError("the model's covariance names a coefficient that is not there");
    position_[columns[i]] = static_cast<int64_t>(i);
  }
  matrix_.resize(size_ * size_);
  for (size_t i = 0; i < size_; ++i) {
    for (size_t j = 0; j < size_; ++j)
      matrix_[i * size_ + j] = packed[packed_index(std::min(i, j), std::max(i, j), size_)];
  }
}

double RowForm::at(const LinearPredictor& predictor, bool intercept, const Tile& tile, size_t row,
                   Active& active) const {
  auto& [where, values] = active;
  where.clear();
  values.clear();
  const auto add = [&](size_t coefficient, double value) {
    const int64_t position = position_[coefficient];
    if (position < 0) return;
    where.push_back(static_cast<size_t>(position));
    values.push_back(value);
  };
  if (intercept) add(0, 1.0);
  for (size_t t = 0; t < predictor.terms.size(); ++t) {
    const LinearPredictor::Term& term = predictor.terms[t];
    const double x = term.feature.has_value() ? tile.values[*term.feature][row] - term.center : 1.0;
    add(term.factors.empty() ? term.first : predictor.coefficient_of(t, tile, row), x);
  }
  double total = 0.0;
  for (size_t i = 0; i < where.size(); ++i) {
    double sum = 0.0;
    for (size_t j = 0; j < where.size(); ++j)
      sum += matrix_[where[i] * size_ + where[j]] * values[j];
    total += values[i] * sum;
  }
  return total;
}

}  // namespace insitu
