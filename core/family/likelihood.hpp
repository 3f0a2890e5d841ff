// Log-likelihoods of the families, as R's logLik has them: what the deviance leaves out depends on
// the responses alone.
#pragma once

#include <cstddef>

#include "family/family.hpp"

namespace insitu {

// True if the family is a distribution whose density is known in closed form: no quasi family, and
// no Tweedie.
bool has_likelihood(const Family& family);

struct LikelihoodRows {
  const double* y;
  const double* weight;  // null: all ones
  const double* trials;  // of shares whose trials are counted, and are in the weight; else null
  size_t rows;
};
// Of each row what its response alone contributes. `replicates`: weights count repeated rows;
// otherwise those of a binomial are numbers of trials.
void likelihood_terms(const Family& family, const LikelihoodRows& rows, bool replicates,
                      double* out);

struct LikelihoodSums {
  double deviance;
  double terms;         // of likelihood_terms
  double weights;       // prior
  double observations;  // rows, or the sum of weights that count them
};
// NaN where the family has none.
double log_likelihood(const Family& family, const LikelihoodSums& sums);

}  // namespace insitu
