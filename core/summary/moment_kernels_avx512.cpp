// AVX-512.
#if defined(__x86_64__)
#include <immintrin.h>

#define INSITU_VARIANT avx512
#define INSITU_MOMENTS kAvx512Moments
#define INSITU_TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma")))
#define INSITU_BYTES 64
#define INSITU_FMA(a, b, c) _mm512_fmadd_pd(a, b, c)
#include "summary/moment_variant.hpp"
#endif
