// AVX2 with fused multiply-add: 8 lanes are two registers. Haswell and Zen, and later.
#if defined(__x86_64__)
#include <immintrin.h>

#define INSITU_VARIANT avx2
#define INSITU_TABLE kAvx2Kernels
#define INSITU_TARGET __attribute__((target("avx2,fma")))
#define INSITU_BYTES 32
#define INSITU_REGISTERS 16
#define INSITU_FMA(a, b, c) _mm256_fmadd_pd(a, b, c)
#include "linalg/variant.hpp"
#endif
