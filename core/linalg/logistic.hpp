// Logistic regression, row by row: what a step of iteratively reweighted least squares takes of
// each, and the deviance. Kernels as in kernels.hpp.
#pragma once

#include <cstddef>

namespace insitu {

// Rows whose response is an event or none.
struct LogisticRows {
  const double* event = nullptr;   // 1 or 0
  const double* weight = nullptr;  // null: all ones
  size_t rows = 0;                 // at most kMaxTileRows
};

// Sum of w 2 log(1 + exp(-s)), where s is eta of an event and -eta of none. Not finite if an eta is
// not. Of unweighted rows the logarithm is taken once of their product. Error: 2^-52 a row, and
// that much relative.
double logistic_deviance(const LogisticRows& rows, const double* eta);

struct LogisticSums {
  double deviance = 0.0;
  double pearson = 0.0;  // sum of w (y - mu)^2 / (mu (1 - mu))
};
// Also working weights and responses, with room for `rows` up to the next multiple of 8:
// W = w mu (1 - mu), z = linear + (y - mu) / (mu (1 - mu)); both 0 where the slope vanishes, and
// such rows are not in Pearson's sum.
LogisticSums logistic_working(const LogisticRows& rows, const double* eta, const double* linear,
                              double* working_weight, double* working_response);

}  // namespace insitu
