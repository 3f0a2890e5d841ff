// Tail areas, quantiles, and log gamma. NaN in gives NaN, df <= 0 gives NaN, infinite statistics
// have tail area 0; nothing throws, and nothing is floored: areas are accurate down to 1e-300.
#pragma once

namespace insitu {

double student_t_two_sided(double t, double df);  // P(|T| >= |t|)
double student_t_quantile(double probability, double df);
double f_upper_tail(double f, double df1, double df2);  // P(F >= f)
double normal_two_sided(double z);                      // P(|Z| >= |z|)
double normal_quantile(double probability);
double log_gamma(double x);                          // of x > 0
double chi_squared_upper_tail(double x, double df);  // P(X >= x)

}  // namespace insitu
