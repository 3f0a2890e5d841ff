#include "design/cell_kernels.hpp"

#include "base/double_double.hpp"
#include "linalg/kernels.hpp"

namespace insitu {
namespace {

constexpr size_t kLine = 64;  // bytes of a cache line

using Four = double __attribute__((vector_size(32), aligned(8), may_alias));

// One source for both instruction sets: inlined into functions compiled for each.
[[gnu::always_inline]] inline void indices(const uint32_t* const* codes, const uint32_t* strides,
                                           size_t factors, size_t n, uint32_t* cells) {
  const uint32_t* first = codes[0];
  const uint32_t unit = strides[0];
  for (size_t i = 0; i < n; ++i) cells[i] = first[i] * unit;
  for (size_t f = 1; f < factors; ++f) {
    const uint32_t* code = codes[f];
    const uint32_t stride = strides[f];
    for (size_t i = 0; i < n; ++i) cells[i] += code[i] * stride;
  }
}

[[gnu::always_inline]] inline void interleave_columns(const double* const* columns, size_t width,
                                                      size_t n, double* rows) {
  for (size_t c = 0; c < width; c += 4) {
    for (size_t i = 0; i < n; i += 4) {
      Four x[4];
      for (size_t k = 0; k < 4; ++k) {
        x[k] =
            columns[c + k] == nullptr ? Four{} : *reinterpret_cast<const Four*>(columns[c + k] + i);
      }
      const Four a = __builtin_shufflevector(x[0], x[1], 0, 4, 2, 6);
      const Four b = __builtin_shufflevector(x[0], x[1], 1, 5, 3, 7);
      const Four d = __builtin_shufflevector(x[2], x[3], 0, 4, 2, 6);
      const Four e = __builtin_shufflevector(x[2], x[3], 1, 5, 3, 7);
      double* to = rows + i * width + c;
      *reinterpret_cast<Four*>(to) = __builtin_shufflevector(a, d, 0, 1, 4, 5);
      *reinterpret_cast<Four*>(to + width) = __builtin_shufflevector(b, e, 0, 1, 4, 5);
      *reinterpret_cast<Four*>(to + 2 * width) = __builtin_shufflevector(a, d, 2, 3, 6, 7);
      *reinterpret_cast<Four*>(to + 3 * width) = __builtin_shufflevector(b, e, 2, 3, 6, 7);
    }
  }
}

template <bool kAhead>
[[gnu::always_inline]] inline void scatter(const uint32_t* cells, const double* rows, size_t width,
                                           size_t n, double* table, const char* ahead) {
  if (width == 4) {
    for (size_t i = 0; i < n; ++i) {
      auto* cell = reinterpret_cast<Four*>(table + size_t{cells[i]} * 4);
      *cell += *reinterpret_cast<const Four*>(rows + i * 4);
      if (kAhead) __builtin_prefetch(ahead + i * kLine, 0, 2);
    }
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    double* cell = table + size_t{cells[i]} * width;
    const double* row = rows + i * width;
    for (size_t c = 0; c < width; c += 4) {
      *reinterpret_cast<Four*>(cell + c) += *reinterpret_cast<const Four*>(row + c);
    }
    if (kAhead) __builtin_prefetch(ahead + i * kLine, 0, 2);
  }
}

[[gnu::always_inline]] inline void scatter_all(const uint32_t* cells, const double* rows,
                                               size_t width, size_t n, double* table,
                                               std::span<const std::span<const char>> ahead) {
  size_t done = 0;
  for (const std::span<const char>& bytes : ahead) {
    const size_t lines = (bytes.size() + kLine - 1) / kLine;
    const size_t count = lines < n - done ? lines : n - done;
    scatter<true>(cells + done, rows + done * width, width, count, table, bytes.data());
    done += count;
  }
  scatter<false>(cells + done, rows + done * width, width, n - done, table, nullptr);
}

[[gnu::always_inline]] inline void margin(const MarginRun& run, const double* from, double* to) {
  if (run.to_width == 1) {
    for (uint64_t c = 0; c < run.cells; ++c) to[c * run.to_stride] += from[c * run.from_width];
    return;
  }
  const size_t width = run.from_width;
  for (uint64_t c = 0; c < run.cells; ++c) {
    double* cell = to + c * run.to_stride * width;
    for (size_t v = 0; v < width; v += 4) {
      *reinterpret_cast<Four*>(cell + v) += *reinterpret_cast<const Four*>(from + c * width + v);
    }
  }
}

#if defined(__x86_64__)
#define INSITU_AVX2 __attribute__((target("avx2")))
INSITU_AVX2 void indices_avx2(const uint32_t* const* codes, const uint32_t* strides, size_t factors,
                              size_t n, uint32_t* cells) {
  indices(codes, strides, factors, n, cells);
}
INSITU_AVX2 void interleave_avx2(const double* const* columns, size_t width, size_t n,
                                 double* rows) {
  interleave_columns(columns, width, n, rows);
}
INSITU_AVX2 void scatter_avx2(const uint32_t* cells, const double* rows, size_t width, size_t n,
                              double* table, std::span<const std::span<const char>> ahead) {
  scatter_all(cells, rows, width, n, table, ahead);
}
INSITU_AVX2 void margin_avx2(const MarginRun& run, const double* from, double* to) {
  margin(run, from, to);
}
#undef INSITU_AVX2
#endif

void add_precise(double& hi, double& lo, double x, double x_low) {
  const DoubleDouble sum = DoubleDouble(hi, lo) + DoubleDouble(x, x_low);
  hi = sum.hi;
  lo = sum.lo;
}

}  // namespace

void cell_indices(const uint32_t* const* codes, const uint32_t* strides, size_t factors, size_t n,
                  uint32_t* cells) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) return indices_avx2(codes, strides, factors, n, cells);
#endif
  indices(codes, strides, factors, n, cells);
}

void interleave(const double* const* columns, size_t width, size_t n, double* rows) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) return interleave_avx2(columns, width, n, rows);
#endif
  interleave_columns(columns, width, n, rows);
}

void scatter_rows(const uint32_t* cells, const double* rows, size_t width, size_t n, double* table,
                  std::span<const std::span<const char>> ahead) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) {
    return scatter_avx2(cells, rows, width, n, table, ahead);
  }
#endif
  scatter_all(cells, rows, width, n, table, ahead);
}

void add_margin(const MarginRun& run, const double* from, double* to) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) return margin_avx2(run, from, to);
#endif
  margin(run, from, to);
}

void add_margin_precise(const MarginRun& run, const double* from, const double* from_low,
                        double* to, double* low) {
  for (uint64_t c = 0; c < run.cells; ++c) {
    for (size_t v = 0; v < run.to_width; ++v) {
      const size_t at = c * run.to_stride * run.to_width + v;
      add_precise(to[at], low[at], from[c * run.from_width + v], from_low[c * run.from_width + v]);
    }
  }
}

void scatter_weights(const uint32_t* cells, const double* weight, size_t n, double* table) {
  if (weight == nullptr) {
    for (size_t i = 0; i < n; ++i) table[cells[i]] += 1.0;
  } else {
    for (size_t i = 0; i < n; ++i) table[cells[i]] += weight[i];
  }
}

void scatter_rows_precise(const uint32_t* cells, const double* rows, const double* low,
                          size_t width, size_t n, double* hi, double* lo) {
  for (size_t i = 0; i < n; ++i) {
    const size_t cell = size_t{cells[i]} * width;
    for (size_t c = 0; c < width; ++c) {
      add_precise(hi[cell + c], lo[cell + c], rows[i * width + c], low[i * width + c]);
    }
  }
}

void scatter_weights_precise(const uint32_t* cells, const double* weight, size_t n, double* hi,
                             double* lo) {
  for (size_t i = 0; i < n; ++i) {
    add_precise(hi[cells[i]], lo[cells[i]], weight == nullptr ? 1.0 : weight[i], 0.0);
  }
}

}  // namespace insitu
