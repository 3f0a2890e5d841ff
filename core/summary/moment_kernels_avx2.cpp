// AVX2 with fused multiply-add.
#if defined(__x86_64__)
#include <immintrin.h>

#define INSITU_VARIANT avx2
#define INSITU_MOMENTS kAvx2Moments
#define INSITU_TARGET __attribute__((target("avx2,fma")))
#define INSITU_BYTES 32
#define INSITU_FMA(a, b, c) _mm256_fmadd_pd(a, b, c)
#include "summary/moment_variant.hpp"
#endif
