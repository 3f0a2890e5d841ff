// The vectors of one instruction set. Included by kernels_<isa>.cpp after these macros are defined:
//   INSITU_VARIANT   namespace of the variant          INSITU_TARGET   attribute of every function,
//   or nothing INSITU_BYTES     bytes of a vector register        INSITU_FMA(a, b, c)   fused, or
//   left undefined
// No standard templates are instantiated in these files: the linker could keep the copy for a newer
// machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#define INSITU_KERNEL INSITU_TARGET static
#define INSITU_INLINE INSITU_TARGET __attribute__((always_inline)) static inline

namespace insitu::INSITU_VARIANT {

typedef double V __attribute__((vector_size(INSITU_BYTES)));
typedef uint64_t VI __attribute__((vector_size(INSITU_BYTES)));
typedef double LooseV __attribute__((vector_size(INSITU_BYTES), aligned(8), may_alias));

constexpr size_t kWidth = INSITU_BYTES / sizeof(double);
constexpr size_t kParts = 8 / kWidth;  // registers per 8 lanes

struct VD {
  V hi;
  V lo;
};

INSITU_INLINE V load(const double* p) { return *reinterpret_cast<const LooseV*>(p); }
INSITU_INLINE void store(double* p, V v) { *reinterpret_cast<LooseV*>(p) = v; }
INSITU_INLINE V splat(double x) { return x - V{}; }
INSITU_INLINE VI splat_bits(uint64_t x) { return x + VI{}; }
INSITU_INLINE VI bits(V v) { return reinterpret_cast<VI>(v); }
INSITU_INLINE V from_bits(VI v) { return reinterpret_cast<V>(v); }

// The first count < kWidth values, then zeros.
INSITU_INLINE V load_some(const double* p, size_t count) {
  V v{};
  std::memcpy(&v, p, count * sizeof(double));
  return v;
}
INSITU_INLINE void store_some(double* p, V v, size_t count) {
  std::memcpy(p, &v, count * sizeof(double));
}
INSITU_INLINE V load_upto(const double* p, size_t count) {
  return count >= kWidth ? load(p) : load_some(p, count);
}
INSITU_INLINE void store_upto(double* p, V v, size_t count) {
  if (count >= kWidth) {
    store(p, v);
  } else {
    store_some(p, v, count);
  }
}

#if defined(INSITU_FMA)
INSITU_INLINE V fma(V a, V b, V c) { return INSITU_FMA(a, b, c); }
INSITU_INLINE V product_error(V a, V b, V p) { return fma(a, b, -p); }
#else
INSITU_INLINE V fma(V a, V b, V c) { return a * b + c; }
// Dekker's splitting; exact for |a|, |b| below 2^995.
INSITU_INLINE V product_error(V a, V b, V p) {
  const V ta = a * 134217729.0;
  const V tb = b * 134217729.0;
  const V ah = ta - (ta - a);
  const V bh = tb - (tb - b);
  const V al = a - ah;
  const V bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
}
#endif

INSITU_INLINE VD two_sum(V a, V b) {
  const V s = a + b;
  const V t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
INSITU_INLINE VD quick_two_sum(V a, V b) {
  const V s = a + b;
  return {s, b - (s - a)};
}
INSITU_INLINE VD two_product(V a, V b) {
  const V p = a * b;
  return {p, product_error(a, b, p)};
}
INSITU_INLINE VD add(VD a, VD b) {
  const VD s = two_sum(a.hi, b.hi);
  const VD t = two_sum(a.lo, b.lo);
  const VD v = quick_two_sum(s.hi, s.lo + t.hi);
  return quick_two_sum(v.hi, t.lo + v.lo);
}
INSITU_INLINE VD add(VD a, V b) {
  const VD s = two_sum(a.hi, b);
  return quick_two_sum(s.hi, s.lo + a.lo);
}
INSITU_INLINE VD mul(VD a, VD b) {
  const VD p = two_product(a.hi, b.hi);
  return quick_two_sum(p.hi, p.lo + fma(a.hi, b.lo, a.lo * b.hi));
}
INSITU_INLINE VD mul(VD a, V b) {
  const VD p = two_product(a.hi, b);
  return quick_two_sum(p.hi, fma(a.lo, b, p.lo));
}

// The order in which lanes are summed, on every machine.
INSITU_INLINE double reduce(const double* lane) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

}  // namespace insitu::INSITU_VARIANT
