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

// The raw residual y - mu of row `i`: of a binomial mean near 1 the complement has the digits.
inline double residual_of(const Family& family, const WorkingRows& rows, const Means& means,
                          size_t i) {
  if (family.kind != FamilyKind::kBinomial || !(means.mean[i] > 0.5))
    return rows.y[i] - means.mean[i];
  return means.rest[i] - (rows.rest == nullptr ? 1.0 - rows.y[i] : rows.rest[i]);
}

// Leaves out a row whose mean the family does not have.
inline void leave_out(const Means& means, size_t i) {
  means.slope[i] = 0.0;
  means.mean[i] = means.rest[i] = 0.5;
}

// `means`: what the link says of the linear predictors, with a slope of 0 for rows to leave out.
void working_terms(const Family& family, const WorkingRows& rows, const Means& means,
                   const WorkingTerms& out);

}  // namespace insitu
