// Logistic regression of one instruction set (logistic.hpp).
#pragma once

#include "linalg/logistic.hpp"
#include "linalg/variant_math.hpp"

namespace insitu::INSITU_VARIANT {

// Below it log(1 + e) is the beginning of its series.
constexpr double kSmallExponential = 0x1p-17;

// Lanes of the deviance: `sum`, and the logarithm of `product`.
struct DevianceLanes {
  V product;
  V sum;
};

// Adds log(1 + e) for 0 <= e <= 1, and `more`.
template <bool kWeighted>
INSITU_INLINE void add_softplus(DevianceLanes& lanes, V e, V more, V w) {
  const V series = e * (1.0 - e * (0.5 - e * (1.0 / 3.0)));
  const auto small = e < splat(kSmallExponential);
  const V u = 1.0 + e;
  if constexpr (kWeighted) {
    const V logarithm = log_vector(u) + (e - (u - 1.0)) / u;
    lanes.sum = fma(w, more + (small ? series : logarithm), lanes.sum);
  } else {
    lanes.product *= small ? splat(1.0) : u;
    lanes.sum += more + (small ? series : V{});
  }
}

INSITU_INLINE double total(const DevianceLanes* lanes) {
  alignas(64) double lane[8];
  for (size_t p = 0; p < kParts; ++p)
    store(lane + p * kWidth, lanes[p].sum + log_vector(lanes[p].product));
  return 2.0 * reduce(lane);
}

// s, and exp(-|s|).
struct Margin {
  V s;
  V e;
};
INSITU_INLINE Margin margin_of(V eta, V event) {
  const V s = event > splat(0.5) ? eta : -eta;
  return {s, exp_vector(s < V{} ? s : -s)};
}
INSITU_INLINE V shortfall(V s) { return s < V{} ? -s : V{}; }

// The 8 rows at a time of a loop, and those left over behind rows that add nothing.
struct EightRows {
  alignas(64) double event[8];
  alignas(64) double weight[8];
  alignas(64) double eta[8];
  alignas(64) double linear[8];
  alignas(64) double working_weight[8];
  alignas(64) double working_response[8];
};

INSITU_INLINE void fill(EightRows& last, const LogisticRows& rows, const double* eta,
                        const double* linear, size_t begin) {
  for (size_t l = 0; l < 8; ++l) {
    const bool there = begin + l < rows.rows;
    last.event[l] = there ? rows.event[begin + l] : 1.0;
    last.weight[l] = there && rows.weight != nullptr ? rows.weight[begin + l] : 1.0;
    last.eta[l] = there ? eta[begin + l] : 800.0;  // exp(-800) is 0
    last.linear[l] = there && linear != nullptr ? linear[begin + l] : 0.0;
  }
}

template <bool kWeighted>
INSITU_INLINE void deviance_of_eight(DevianceLanes* lanes, const double* event, const double* eta,
                                     const double* weight) {
  for (size_t p = 0; p < kParts; ++p) {
    const size_t at = p * kWidth;
    const Margin m = margin_of(load(eta + at), load(event + at));
    add_softplus<kWeighted>(lanes[p], m.e, shortfall(m.s), kWeighted ? load(weight + at) : V{});
  }
}

template <bool kWeighted>
INSITU_INLINE double deviance(const LogisticRows& rows, const double* eta) {
  DevianceLanes lanes[kParts];
  for (size_t p = 0; p < kParts; ++p) lanes[p] = {splat(1.0), V{}};
  size_t i = 0;
  for (; i + 8 <= rows.rows; i += 8)
    deviance_of_eight<kWeighted>(lanes, rows.event + i, eta + i,
                                 kWeighted ? rows.weight + i : nullptr);
  if (i < rows.rows) {
    EightRows last;
    fill(last, rows, eta, nullptr, i);
    deviance_of_eight<kWeighted>(lanes, last.event, last.eta, last.weight);
  }
  return total(lanes);
}

// With r = exp(-s): (y - mu)^2 / (mu (1 - mu)) = r, and |y - mu| / (mu (1 - mu)) = 1 + r.
template <bool kWeighted>
INSITU_INLINE void working_of_eight(DevianceLanes* lanes, V* pearson, const double* event,
                                    const double* eta, const double* linear, const double* weight,
                                    double* working_weight, double* working_response) {
  for (size_t p = 0; p < kParts; ++p) {
    const size_t at = p * kWidth;
    const V y = load(event + at);
    const Margin m = margin_of(load(eta + at), y);
    const V w = kWeighted ? load(weight + at) : splat(1.0);
    add_softplus<kWeighted>(lanes[p], m.e, shortfall(m.s), w);
    const V scale = 1.0 / (1.0 + m.e);
    V working = m.e * scale * scale;
    if constexpr (kWeighted) working *= w;
    const V r = m.s < V{} ? 1.0 / m.e : m.e;
    const V z = load(linear + at) + (y > splat(0.5) ? 1.0 + r : -1.0 - r);
    const V whole = r < splat(kInfinity) ? working : V{};
    const auto counts = whole > V{};
    store(working_weight + at, counts ? whole : V{});
    store(working_response + at, counts ? z : V{});
    pearson[p] = fma(w, counts ? r : V{}, pearson[p]);
  }
}

template <bool kWeighted>
INSITU_INLINE LogisticSums working(const LogisticRows& rows, const double* eta,
                                   const double* linear, double* working_weight,
                                   double* working_response) {
  DevianceLanes lanes[kParts];
  V pearson[kParts] = {};
  for (size_t p = 0; p < kParts; ++p) lanes[p] = {splat(1.0), V{}};
  size_t i = 0;
  for (; i + 8 <= rows.rows; i += 8) {
    working_of_eight<kWeighted>(lanes, pearson, rows.event + i, eta + i, linear + i,
                                kWeighted ? rows.weight + i : nullptr, working_weight + i,
                                working_response + i);
  }
  if (i < rows.rows) {
    EightRows last;
    fill(last, rows, eta, linear, i);
    working_of_eight<kWeighted>(lanes, pearson, last.event, last.eta, last.linear, last.weight,
                                last.working_weight, last.working_response);
    for (size_t l = 0; l < 8; ++l) {
      const bool there = i + l < rows.rows;
      working_weight[i + l] = there ? last.working_weight[l] : 0.0;
      working_response[i + l] = there ? last.working_response[l] : 0.0;
    }
  }
  alignas(64) double lane[8];
  for (size_t p = 0; p < kParts; ++p) store(lane + p * kWidth, pearson[p]);
  LogisticSums sums;
  sums.deviance = total(lanes);
  sums.pearson = reduce(lane);
  return sums;
}

INSITU_KERNEL double logistic_deviance(const LogisticRows& rows, const double* eta) {
  return rows.weight == nullptr ? deviance<false>(rows, eta) : deviance<true>(rows, eta);
}

INSITU_KERNEL LogisticSums logistic_working(const LogisticRows& rows, const double* eta,
                                            const double* linear, double* working_weight,
                                            double* working_response) {
  return rows.weight == nullptr
             ? working<false>(rows, eta, linear, working_weight, working_response)
             : working<true>(rows, eta, linear, working_weight, working_response);
}

}  // namespace insitu::INSITU_VARIANT
