// Condition number and error bounds: plain doubles suffice for both.
#include <algorithm>
#include <cmath>
#include <limits>

#include "linalg/symmetric.hpp"

namespace insitu {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Largest sum of |a_ij| scale_i scale_j over a column.
double scaled_1norm(const SymmetricMatrix& a, const std::vector<double>& scale) {
  double largest = 0.0;
  for (size_t j = 0; j < a.size; ++j) {
    double sum = 0.0;
    for (size_t i = 0; i < a.size; ++i) sum += std::fabs(a.at(i, j).hi) * scale[i] * scale[j];
    largest = std::max(largest, sum);
  }
  return largest;
}

double square(double x) { return x * x; }

}  // namespace

// By Cholesky.
double log_determinant(const SymmetricMatrix& matrix) {
  const size_t n = matrix.size;
  std::vector<double> lower(n * n);
  double sum = 0.0;
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = j; i < n; ++i) {
      double value = matrix.at(j, i).hi;
      for (size_t k = 0; k < j; ++k) value -= lower[i * n + k] * lower[j * n + k];
      lower[i * n + j] = i == j ? std::sqrt(value) : value / lower[j * n + j];
    }
    sum += 2.0 * std::log(lower[j * n + j]);
  }
  return sum;
}

double norm_1(const SymmetricMatrix& matrix) {
  return scaled_1norm(matrix, std::vector<double>(matrix.size, 1.0));
}

double condition_1norm(const SymmetricMatrix& block, const SymmetricMatrix& inverse) {
  if (block.size == 0) return 1.0;
  std::vector<double> up(block.size);
  std::vector<double> down(block.size);
  for (size_t j = 0; j < block.size; ++j) {
    up[j] = std::sqrt(block.at(j, j).hi);
    down[j] = 1.0 / up[j];
  }
  return scaled_1norm(block, down) * scaled_1norm(inverse, up);
}

double ErrorBounds::worst() const {
  double largest = residual_squares;
  for (const auto* list : {&coefficients, &std_errors}) {
    for (const double x : *list) largest = std::max(largest, x);
  }
  return largest;
}

ErrorBounds coefficient_error_bound(const ErrorBoundInput& input) {
  const size_t p = input.coefficients.size();
  double size_squared = input.response_scale * input.response_scale;
  for (size_t m = 0; m < p; ++m) size_squared += square(input.scales[m] * input.coefficients[m]);
  const auto relative = [](double error, double value) {
    return value > 0.0 ? error / value : kInfinity;
  };

  ErrorBounds bounds;
  bounds.residual_squares = relative(input.eps * size_squared, input.residual_squares);
  for (size_t j = 0; j < p; ++j) {
    double row_squared = 0.0;
    for (size_t k = 0; k < p; ++k) {
      row_squared += square(input.inverse->at(j, k).hi * input.scales[k]);
    }
    bounds.coefficients.push_back(relative(input.eps * std::sqrt(row_squared * size_squared),
                                           std::fabs(input.coefficients[j])));
    const double diagonal = relative(input.eps * row_squared, input.inverse->at(j, j).hi);
    bounds.std_errors.push_back(0.5 * (diagonal + bounds.residual_squares));
  }
  return bounds;
}

}  // namespace insitu
