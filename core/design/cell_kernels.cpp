#include "design/cell_kernels.hpp"

#include "base/double_double.hpp"
#include "linalg/kernels.hpp"

namespace insitu {
namespace {

using Four = double __attribute__((vector_size(32), aligned(8), may_alias));

// One source for both instruction sets: inlined into functions compiled for each.
// By sign bits, which any vector unit has.
[[gnu::always_inline]] inline bool compare_all(const uint32_t* codes, size_t n, uint32_t size) {
  uint32_t bits = 0;
  for (size_t i = 0; i < n; ++i) bits |= codes[i] | (size - 1 - codes[i]);
  return bits < 0x80000000u;
}

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

// Four rows of four columns at a time, turned in registers.
template <bool kAhead>
[[gnu::always_inline]] inline void scatter(const uint32_t* cells, const double* const* columns,
                                           size_t width, size_t n, double* table,
                                           const char* ahead) {
  for (size_t i = 0; i < n; i += 4) {
    Four x[4];
    for (size_t k = 0; k < 4; ++k) {
      x[k] = columns[k] == nullptr ? Four{} : *reinterpret_cast<const Four*>(columns[k] + i);
    }
    const Four a = __builtin_shufflevector(x[0], x[1], 0, 4, 2, 6);
    const Four b = __builtin_shufflevector(x[0], x[1], 1, 5, 3, 7);
    const Four c = __builtin_shufflevector(x[2], x[3], 0, 4, 2, 6);
    const Four d = __builtin_shufflevector(x[2], x[3], 1, 5, 3, 7);
    const Four rows[4] = {
        __builtin_shufflevector(a, c, 0, 1, 4, 5), __builtin_shufflevector(b, d, 0, 1, 4, 5),
        __builtin_shufflevector(a, c, 2, 3, 6, 7), __builtin_shufflevector(b, d, 2, 3, 6, 7)};
    const size_t count = n - i < 4 ? n - i : 4;
    for (size_t k = 0; k < count; ++k) {
      *reinterpret_cast<Four*>(table + cells[i + k] * width) += rows[k];
    }
    if (kAhead) __builtin_prefetch(ahead + i / 4 * kLine, 0, 2);
  }
}

[[gnu::always_inline]] inline void scatter_all(const uint32_t* cells, const double* const* columns,
                                               size_t width, size_t n, double* table,
                                               ReadAhead& ahead) {
  for (size_t c = 0; c < width; c += 4) {
    const double* four[4] = {columns[c], columns[c + 1], columns[c + 2], columns[c + 3]};
    auto step = [&](size_t count) {
      cells += count;
      for (const double*& column : four) column += column == nullptr ? 0 : count;
    };
    size_t done = 0;
    while (n - done >= 4) {
      const std::span<const char> bytes = ahead.take((n - done) / 4);
      if (bytes.empty()) break;
      const size_t count = (bytes.size() + kLine - 1) / kLine * 4;
      scatter<true>(cells, four, width, count, table + c, bytes.data());
      step(count);
      done += count;
    }
    scatter<false>(cells, four, width, n - done, table + c, nullptr);
    cells -= done;
  }
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
INSITU_AVX2 bool compare_all_avx2(const uint32_t* codes, size_t n, uint32_t size) {
  return compare_all(codes, n, size);
}
INSITU_AVX2 void indices_avx2(const uint32_t* const* codes, const uint32_t* strides, size_t factors,
                              size_t n, uint32_t* cells) {
  indices(codes, strides, factors, n, cells);
}
INSITU_AVX2 void scatter_avx2(const uint32_t* cells, const double* const* columns, size_t width,
                              size_t n, double* table, ReadAhead& ahead) {
  scatter_all(cells, columns, width, n, table, ahead);
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

bool all_below(const uint32_t* codes, size_t n, uint32_t size) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) return compare_all_avx2(codes, n, size);
#endif
  return compare_all(codes, n, size);
}

void cell_indices(const uint32_t* const* codes, const uint32_t* strides, size_t factors, size_t n,
                  uint32_t* cells) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) return indices_avx2(codes, strides, factors, n, cells);
#endif
  indices(codes, strides, factors, n, cells);
}

void scatter_columns(const uint32_t* cells, const double* const* columns, size_t width, size_t n,
                     double* table, ReadAhead& ahead) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kBaseline) {
    return scatter_avx2(cells, columns, width, n, table, ahead);
  }
#endif
  scatter_all(cells, columns, width, n, table, ahead);
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

void count_rows(const uint32_t* cells, size_t n, uint32_t* table, ReadAhead& ahead) {
  size_t done = 0;
  for (std::span<const char> bytes; n - done >= 4; done += bytes.size() / kLine * 4) {
    bytes = ahead.take((n - done) / 4);
    if (bytes.size() < kLine) break;
    for (size_t i = 0; i < bytes.size() / kLine; ++i) {
      for (size_t k = 0; k < 4; ++k) ++table[cells[done + 4 * i + k]];
      __builtin_prefetch(bytes.data() + i * kLine, 0, 2);
    }
  }
  for (; done < n; ++done) ++table[cells[done]];
}

void scatter_weights(const uint32_t* cells, const double* weight, size_t n, double* table) {
  for (size_t i = 0; i < n; ++i) table[cells[i]] += weight[i];
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
    add_precise(hi[cells[i]], lo[cells[i]], weight[i], 0.0);
  }
}

}  // namespace insitu
