#include "linalg/distributions.hpp"

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>

namespace insitu {
namespace {

namespace bm = boost::math;
namespace bp = boost::math::policies;

using Quiet =
    bp::policy<bp::domain_error<bp::ignore_error>, bp::pole_error<bp::ignore_error>,
               bp::overflow_error<bp::ignore_error>, bp::underflow_error<bp::ignore_error>,
               bp::denorm_error<bp::ignore_error>, bp::evaluation_error<bp::ignore_error>,
               bp::rounding_error<bp::ignore_error>,
               bp::indeterminate_result_error<bp::ignore_error>>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool usable(double df) { return df > 0.0; }  // false for NaN

}  // namespace

double normal_two_sided(double z) {
  if (std::isnan(z)) return kNaN;
  // In long double: far out, rounding z / sqrt(2) to a double would cost z^2 ulp.
  return static_cast<double>(
      bm::erfc(std::fabs(static_cast<long double>(z)) / std::sqrt(2.0L), Quiet()));
}

double normal_quantile(double probability) {
  if (!(probability >= 0.0 && probability <= 1.0)) return kNaN;
  return bm::quantile(bm::normal_distribution<double, Quiet>(), probability);
}

double student_t_two_sided(double t, double df) {
  if (std::isnan(t) || !usable(df)) return kNaN;
  if (std::isinf(t)) return 0.0;
  if (std::isinf(df)) return normal_two_sided(t);
  const bm::students_t_distribution<double, Quiet> distribution(df);
  return 2.0 * bm::cdf(bm::complement(distribution, std::fabs(t)));
}

double student_t_quantile(double probability, double df) {
  if (!(probability >= 0.0 && probability <= 1.0) || !usable(df)) return kNaN;
  if (probability == 0.0) return -std::numeric_limits<double>::infinity();
  if (probability == 1.0) return std::numeric_limits<double>::infinity();
  if (std::isinf(df)) return normal_quantile(probability);
  return bm::quantile(bm::students_t_distribution<double, Quiet>(df), probability);
}

double f_upper_tail(double f, double df1, double df2) {
  if (std::isnan(f) || !usable(df1) || std::isinf(df1) || !usable(df2)) return kNaN;
  if (f <= 0.0) return 1.0;
  if (std::isinf(f)) return 0.0;
  if (std::isinf(df2)) return chi_squared_upper_tail(f * df1, df1);
  return bm::cdf(bm::complement(bm::fisher_f_distribution<double, Quiet>(df1, df2), f));
}

double log_gamma(double x) { return x > 0.0 ? bm::lgamma(x, Quiet()) : kNaN; }

double chi_squared_upper_tail(double x, double df) {
  if (std::isnan(x) || !usable(df)) return kNaN;
  if (x <= 0.0) return 1.0;
  if (std::isinf(x)) return 0.0;
  return bm::cdf(bm::complement(bm::chi_squared_distribution<double, Quiet>(df), x));
}

}  // namespace insitu
