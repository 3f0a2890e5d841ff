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

}  // namespace insitu
