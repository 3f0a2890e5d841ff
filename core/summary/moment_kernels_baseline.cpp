// What every machine of the architecture has: see linalg/kernels_baseline.cpp.
#if defined(__aarch64__)
#include <arm_neon.h>
#define INSITU_FMA(a, b, c) vfmaq_f64(c, a, b)
#endif

#define INSITU_VARIANT baseline
#define INSITU_MOMENTS kBaselineMoments
#define INSITU_TARGET
#define INSITU_BYTES 16
#include "summary/moment_variant.hpp"
