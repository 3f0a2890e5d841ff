// Our own exp and log over arrays: libm differs between machines, these do not. Within 1 ulp,
// subnormals included; NaN, infinities and zero as in C (log(-1) is NaN). Same bits on every
// instruction set that has fused multiply-add.
#pragma once

#include <cstddef>

#include "base/double_double.hpp"

namespace insitu {

// out may equal x.
void exp_array(const double* x, size_t n, double* out);
void log_array(const double* x, size_t n, double* out);
// x^p of x of at least 0; relative error about |p log x| 2^-53.
void power_array(const double* x, size_t n, double p, double* out);

// x^power by repeated squaring, relative error about 2 log2(power) 2^-104; x^0 = 1.
DoubleDouble pow_int(DoubleDouble x, unsigned power);
// The same over arrays; x_lo may be null. Returns whether any low half is not zero.
bool pow_int_array(const double* x, const double* x_lo, unsigned power, size_t n, double* hi,
                   double* lo);

}  // namespace insitu
