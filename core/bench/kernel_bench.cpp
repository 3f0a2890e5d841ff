// Speed of the kernels on one core, for every instruction set of the machine: cross-products in
// million rows per second (packing included), exact ones as a multiple of plain ones, exp and log
// in values, the factorisation in seconds.
//   kernel_bench [seconds per measurement, default 0.2]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "linalg/kernels.hpp"
#include "linalg/math.hpp"
#include "linalg/symmetric.hpp"

namespace {

using namespace insitu;

double budget = 0.2;

// Least seconds per call.
double seconds_of(const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  double spent = 0.0;
  while (spent < budget) {
    const auto start = Clock::now();
    work();
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    best = took < best ? took : best;
    spent += took;
  }
  return best;
}

double value(size_t i) {
  return static_cast<double>((i * 0x9e3779b97f4a7c15U) >> 11) * 0x1p-52 - 1.0;
}

AlignedDoubles values(size_t n) {
  AlignedDoubles x(n);
  for (size_t i = 0; i < n; ++i) x[i] = value(i + 1);
  return x;
}

// One tile: means, shift and pack, cross-products, as a pass over k columns does.
void bench_gram(size_t rows, size_t k) {
  constexpr size_t kTiles = 32;
  const AlignedDoubles x = values(rows * k * kTiles);
  const size_t stride = tile_stride(rows);
  AlignedDoubles hi(stride * k), lo(stride * k), out(packed_size(k)), out_lo(packed_size(k));
  AlignedDoubles mean(k), mean_lo(k), cross(packed_size(k)), cross_lo(packed_size(k));
  const auto pack = [&](size_t t) {
    for (size_t j = 0; j < k; ++j) {
      const double* column = &x[(j * kTiles + t) * rows];
      mean[j] = column_sum(column, rows) / static_cast<double>(rows);
      subtract(column, mean[j], rows, &hi[j * stride]);
    }
  };
  const auto pass = [&](const std::function<void(size_t)>& tile) {
    return seconds_of([&] {
             for (size_t t = 0; t < kTiles; ++t) tile(t);
           }) /
           static_cast<double>(rows * kTiles);
  };
  CenteredMoments total{0.0, mean.data(), mean_lo.data(), cross.data(), cross_lo.data()};
  const double plain = pass([&](size_t) { gram(hi.data(), rows, stride, k, out.data()); });
  const double packed = pass([&](size_t t) {
    pack(t);
    gram(hi.data(), rows, stride, k, out.data());
  });
  const double exact = pass(
      [&](size_t) { gram_dd({hi.data(), nullptr}, rows, stride, k, out.data(), out_lo.data()); });
  const double full = pass(
      [&](size_t) { gram_dd({hi.data(), lo.data()}, rows, stride, k, out.data(), out_lo.data()); });
  const double merge = pass([&](size_t) {
    total.weight = 1.0;
    merge_centered(k, total,
                   {1.0, mean.data(), nullptr, out.data(), out_lo.data(), nullptr, nullptr});
  });
  std::printf("  %4zu x %3zu  %8.1f %8.1f Mrows/s   dd %.2fx  with lo %.2fx  merge %.2fx\n", rows,
              k, 1e-6 / plain, 1e-6 / packed, exact / plain, full / plain, merge / plain);
}

void bench_math() {
  const AlignedDoubles x = values(4096);
  AlignedDoubles y(4096), z(4096);
  const double e = seconds_of([&] { exp_array(x.data(), x.size(), y.data()); });
  const double l = seconds_of([&] { log_array(y.data(), y.size(), z.data()); });
  std::printf("  exp %.2f ns, log %.2f ns\n", e / 4096e-9, l / 4096e-9);
}

void bench_factor(size_t p) {
  SymmetricMatrix m(p + 1);
  for (size_t i = 0; i <= p; ++i) {
    for (size_t j = i; j <= p; ++j) {
      m.set(i, j, value(i * 4001 + j) + (i == j ? static_cast<double>(p) : 0.0));
    }
  }
  FactorRequest request;
  for (size_t i = 0; i < p; ++i) request.order.push_back(i);
  request.responses = {p};
  double inverse = 0.0;
  const double factor = seconds_of([&] { const Factorisation f(m, request); });
  const Factorisation f(m, request);
  inverse = seconds_of([&] { f.inverse(); });
  std::printf("  p = %zu: factor %.4f s, inverse %.4f s\n", p, factor, inverse);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) budget = std::atof(argv[1]);
  const char* names[] = {"baseline", "avx2", "avx512"};
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (!set_isa_for_testing(isa)) continue;
    std::printf(
        "%s: cross-products alone, with means and packing; the rest relative to cross-products\n",
        names[static_cast<int>(isa)]);
    for (const size_t k : {5, 24, 100}) bench_gram(512, k);
    bench_gram(2048, 24);
    bench_math();
    for (const size_t p : {100, 300, 1000}) bench_factor(p);
  }
  return 0;
}
