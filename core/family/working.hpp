// Working weights and steps of iteratively reweighted least squares, over arrays.
#pragma once

#include <cstddef>

#include "family/family.hpp"

namespace insitu {

struct WorkingRows {
  const double* y;
  const double* prior;  // weights; null: all ones
  size_t rows;
  const double* rest = nullptr;  // 1 - y, where y alone does not tell all its digits
};

// Per row, with mu its mean: both are 0 where a weight is not positive and finite.
struct WorkingTerms {
  double* weight;    // W = w (dmu/deta)^2 / V(mu)
  double* step;      // (y - mu) deta/dmu: W step is the row's score, d log-likelihood / d eta
  double* pearson;   // (y - mu)^2 / V(mu), without w
  double* variance;  // V(mu)
};

// `means`: what the link says of the linear predictors, with a slope of 0 for rows to leave out.
void working_terms(const Family& family, const WorkingRows& rows, const Means& means,
                   const WorkingTerms& out);

}  // namespace insitu
