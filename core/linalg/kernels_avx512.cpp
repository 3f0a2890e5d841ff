// AVX-512: 8 lanes are one register. Zen 4 and Skylake-X, and later.
#if defined(__x86_64__)
#include <immintrin.h>

#define INSITU_VARIANT avx512
#define INSITU_TABLE kAvx512Kernels
#define INSITU_TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma")))
#define INSITU_BYTES 64
#define INSITU_REGISTERS 32
#define INSITU_FMA(a, b, c) _mm512_fmadd_pd(a, b, c)
#include "linalg/variant.hpp"
#endif
