#include "linalg/math.hpp"

namespace insitu {

DoubleDouble pow_int(DoubleDouble x, unsigned power) {
  DoubleDouble result(1.0);
  bool first = true;
  for (unsigned e = power; e != 0; e >>= 1) {
    if ((e & 1) != 0) {
      result = first ? x : result * x;
      first = false;
    }
    if (e > 1) x = x * x;
  }
  return result;
}

void power_array(const double* x, size_t n, double p, double* out) {
  log_array(x, n, out);
  for (size_t i = 0; i < n; ++i) out[i] *= p;
  exp_array(out, n, out);
}

}  // namespace insitu
