#include "linalg/kernels.hpp"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "linalg/kernel_table.hpp"
#include "linalg/math.hpp"

namespace insitu {
namespace {

const KernelTable* table_of(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return &kAvx512Kernels;
  if (isa == Isa::kAvx2) return &kAvx2Kernels;
#endif
  return isa == Isa::kBaseline ? &kBaselineKernels : nullptr;
}

Isa choose_isa() {
  Isa limit = Isa::kAvx512;
  if (const char* wish = std::getenv("INSITU_ISA")) {
    if (std::string_view(wish) == "baseline") limit = Isa::kBaseline;
    if (std::string_view(wish) == "avx2") limit = Isa::kAvx2;
  }
  for (const Isa isa : {Isa::kAvx512, Isa::kAvx2}) {
    if (isa <= limit && isa_available(isa)) return isa;
  }
  return Isa::kBaseline;
}

std::atomic<Isa>& current_isa() {
  static std::atomic<Isa> isa = choose_isa();
  return isa;
}

AlignedDoubles lane_norms(const double* tile, size_t rows, size_t stride, size_t k) {
  AlignedDoubles norms(k);
  kernels().lane_norms(tile, rows, stride, k, norms.data());
  return norms;
}

// Scratch vectors of double-doubles, padded as RankStep requires.
class Scratch {
 public:
  Scratch(size_t k, size_t count) : stride_(round_up_8(k) + 8), data_(2 * count * stride_, 0.0) {}
  double* hi(size_t v) { return data_.data() + 2 * v * stride_; }
  double* lo(size_t v) { return hi(v) + stride_; }
  void set(size_t v, size_t i, DoubleDouble x) {
    hi(v)[i] = x.hi;
    lo(v)[i] = x.lo;
  }

 private:
  size_t stride_;
  AlignedDoubles data_;
};

DoubleDouble at(const double* hi, const double* lo, size_t i) {
  return hi == nullptr ? DoubleDouble() : DoubleDouble(hi[i], lo == nullptr ? 0.0 : lo[i]);
}

}  // namespace

bool isa_available(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
  }
  if (isa == Isa::kAvx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return isa == Isa::kBaseline;
}

Isa active_isa() { return current_isa().load(std::memory_order_relaxed); }

bool set_isa_for_testing(Isa isa) {
  if (!isa_available(isa)) return false;
  current_isa().store(isa, std::memory_order_relaxed);
  return true;
}

const KernelTable& kernels() { return *table_of(active_isa()); }

double column_sum(const double* x, size_t n) { return kernels().column_sum(x, n); }
double weighted_sum(const double* w, const double* x, size_t n) {
  return kernels().weighted_sum(w, x, n);
}
DoubleDouble column_sum_dd(const double* hi, const double* lo, size_t n) {
  return kernels().weighted_sum_dd(nullptr, hi, lo, n);
}
DoubleDouble weighted_sum_dd(const double* w, const double* hi, const double* lo, size_t n) {
  return kernels().weighted_sum_dd(w, hi, lo, n);
}

bool subtract(const double* x, double shift, size_t n, double* out) {
  return kernels().subtract(x, shift, n, out);
}
void multiply(const double* x, const double* w, size_t n, double* out) {
  kernels().multiply(x, w, n, out);
}
bool subtract_dd(const double* x, const double* x_lo, DoubleDouble shift, size_t n, double* hi,
                 double* lo) {
  return kernels().subtract_dd(x, x_lo, shift, n, hi, lo);
}
bool multiply_dd(const double* x, const double* x_lo, const double* w, size_t n, double* hi,
                 double* lo) {
  return kernels().product_dd(x, x_lo, w, nullptr, n, hi, lo);
}
bool product_dd(const double* a, const double* a_lo, const double* b, const double* b_lo, size_t n,
                double* hi, double* lo) {
  return kernels().product_dd(a, a_lo, b, b_lo, n, hi, lo);
}

void gram(const double* tile, size_t rows, size_t stride, size_t k, double* packed,
          ReadAhead* ahead) {
  gram_weighted(tile, tile, rows, stride, k, packed, ahead);
}
void gram_weighted(const double* wtile, const double* tile, size_t rows, size_t stride, size_t k,
                   double* packed, ReadAhead* ahead) {
  constexpr size_t kMostAhead = 64;
  const char* lines[kMostAhead];
  size_t n = 0;
  for (; ahead != nullptr && n < kMostAhead; ++n) {
    const std::span<const char> bytes = ahead->take(rows / 8);
    if (bytes.empty()) break;
    lines[n] = bytes.data();
  }
  kernels().gram({wtile, tile, rows, stride, k, packed, lines, n});
}

void gram_dd(TileDD tile, size_t rows, size_t stride, size_t k, double* hi, double* lo) {
  const AlignedDoubles norms = lane_norms(tile.hi, rows, stride, k);
  kernels().gram_dd({tile, tile, rows, stride, k, norms.data(), norms.data(), hi, lo});
}
void gram_weighted_dd(TileDD wtile, TileDD tile, size_t rows, size_t stride, size_t k, double* hi,
                      double* lo) {
  const AlignedDoubles left = lane_norms(wtile.hi, rows, stride, k);
  const AlignedDoubles right = lane_norms(tile.hi, rows, stride, k);
  kernels().gram_dd({wtile, tile, rows, stride, k, left.data(), right.data(), hi, lo});
}

void dd_add(double* hi, double* lo, const double* add_hi, const double* add_lo, size_t n) {
  kernels().dd_add(hi, lo, add_hi, add_lo, n);
}
void dd_axpy(DoubleDouble factor, const double* x_hi, const double* x_lo, size_t n, double* y_hi,
             double* y_lo) {
  kernels().dd_axpy(factor, x_hi, x_lo, n, y_hi, y_lo);
}

void dd_rank_one(size_t k, DoubleDouble factor, const double* d_hi, const double* d_lo,
                 double* cross_hi, double* cross_lo) {
  Scratch scratch(k, 2);
  for (size_t i = 0; i < k; ++i) {
    const DoubleDouble d = at(d_hi, d_lo, i);
    scratch.set(0, i, d);
    scratch.set(1, i, d * factor);
  }
  RankStep step{.k = k, .cross_hi = cross_hi, .cross_lo = cross_lo};
  step.d_hi = scratch.hi(0);
  step.d_lo = scratch.lo(0);
  step.scaled_hi = scratch.hi(1);
  step.scaled_lo = scratch.lo(1);
  kernels().rank_one(step);
}

void merge_centered(size_t k, CenteredMoments& into, const CenteredMomentsView& from) {
  if (from.weight.hi == 0.0) return;
  const bool fresh = into.weight.hi == 0.0;
  const DoubleDouble weight = fresh ? from.weight : into.weight + from.weight;
  const DoubleDouble share = fresh ? DoubleDouble(1.0) : from.weight / weight;
  const DoubleDouble factor = fresh ? DoubleDouble(0.0) : into.weight * share;
  const bool residual = from.residual_hi != nullptr;
  Scratch scratch(k, 4);
  for (size_t i = 0; i < k; ++i) {
    DoubleDouble mean = at(from.mean_hi, from.mean_lo, i);
    if (residual) {
      const DoubleDouble r = at(from.residual_hi, from.residual_lo, i);
      const DoubleDouble excess = r / from.weight;
      scratch.set(2, i, r);
      scratch.set(3, i, excess);
      mean += excess;
    }
    const DoubleDouble old = at(into.mean_hi, into.mean_lo, i);
    const DoubleDouble d = mean - old;
    scratch.set(0, i, d);
    scratch.set(1, i, d * factor);
    const DoubleDouble merged = fresh ? mean : old + d * share;
    into.mean_hi[i] = merged.hi;
    into.mean_lo[i] = merged.lo;
  }
  RankStep step{.k = k, .from_hi = from.cross_hi, .from_lo = from.cross_lo};
  step.d_hi = scratch.hi(0);
  step.d_lo = scratch.lo(0);
  step.scaled_hi = scratch.hi(1);
  step.scaled_lo = scratch.lo(1);
  if (residual) {
    step.r_hi = scratch.hi(2);
    step.r_lo = scratch.lo(2);
    step.scaled_r_hi = scratch.hi(3);
    step.scaled_r_lo = scratch.lo(3);
  }
  step.cross_hi = into.cross_hi;
  step.cross_lo = into.cross_lo;
  kernels().rank_one(step);
  into.weight = weight;
}

void dd_block_subtract(const BlockDD& block, size_t depth, size_t n, size_t stride) {
  kernels().block_subtract(block, depth, n, stride);
}

void add_scaled(double slope, const double* x, double center, size_t n, double* out) {
  kernels().add_scaled(slope, x, center, n, out);
}
void add_products(const double* slopes, const double* x, double center, size_t n, double* out) {
  kernels().add_products(slopes, x, center, n, out);
}

void exp_array(const double* x, size_t n, double* out) { kernels().exp(x, n, out); }
void log_array(const double* x, size_t n, double* out) { kernels().log(x, n, out); }

double logistic_deviance(const LogisticRows& rows, const double* eta) {
  return kernels().logistic_deviance(rows, eta);
}
LogisticSums logistic_working(const LogisticRows& rows, const double* eta, const double* linear,
                              double* working_weight, double* working_response) {
  return kernels().logistic_working(rows, eta, linear, working_weight, working_response);
}

// f'' = q^-p, so the coefficients are those of (1 + s)^-p, integrated twice.
PowerVariance::PowerVariance(double of_mean) : power(of_mean) {
  double binomial = 1.0;
  for (size_t k = 0; k < kTerms; ++k) {
    const auto degree = static_cast<double>(k);
    near[k] = binomial / ((degree + 1.0) * (degree + 2.0));
    binomial *= -(power + degree) / (degree + 1.0);
  }
}
double log_link_deviance(const LogLinkRows& rows, const PowerVariance& variance,
                         const double* eta) {
  return kernels().log_link_deviance(rows, variance, eta);
}
LogLinkSums log_link_working(const LogLinkRows& rows, const PowerVariance& variance,
                             double least_observed, const double* eta, const double* linear,
                             double* working_weight, double* working_response) {
  return kernels().log_link_working(rows, variance, least_observed, eta, linear, working_weight,
                                    working_response);
}

bool pow_int_array(const double* x, const double* x_lo, unsigned power, size_t n, double* hi,
                   double* lo) {
  return kernels().pow_int(x, x_lo, power, n, hi, lo);
}

}  // namespace insitu
