#include "family/working.hpp"

#include <cmath>

namespace insitu {

void working_terms(const Family& family, const WorkingRows& rows, const Means& means,
                   const WorkingTerms& out) {
  family.variances(means.mean, means.rest, rows.rows, out.variance);
  for (size_t i = 0; i < rows.rows; ++i) {
    const double prior = rows.prior == nullptr ? 1.0 : rows.prior[i];
    const double w = prior * means.slope[i] * (means.slope[i] / out.variance[i]);
    const bool positive = w > 0.0 && std::isfinite(w);
    const double residual = residual_of(family, rows, means, i);
    const double step = positive ? residual / means.slope[i] : 0.0;
    const bool counts = positive && std::isfinite(step);
    out.pearson[i] = positive ? residual * (residual / out.variance[i]) : 0.0;
    out.weight[i] = counts ? w : 0.0;
    out.step[i] = counts ? step : 0.0;
  }
}

}  // namespace insitu
