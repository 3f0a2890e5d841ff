// What every machine of the architecture has: SSE2 (no fused multiply-add), NEON (fused), or scalar
// code.
#if defined(__aarch64__)
#include <arm_neon.h>
#define INSITU_FMA(a, b, c) vfmaq_f64(c, a, b)
#define INSITU_REGISTERS 32
#else
#define INSITU_REGISTERS 16
#endif

#define INSITU_VARIANT baseline
#define INSITU_TABLE kBaselineKernels
#define INSITU_TARGET
#define INSITU_BYTES 16
#include "linalg/variant.hpp"
