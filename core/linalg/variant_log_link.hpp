// The log link of one instruction set (log_link.hpp).
#pragma once

#include "linalg/log_link.hpp"
#include "linalg/variant_math.hpp"

namespace insitu::INSITU_VARIANT {

enum class Power { kOne, kTwo, kOther };

// Of one row: its mean, y / mu, y / mu - 1 without cancellation, and mu^(2-p).
struct MeanLanes {
  V mean;
  V ratio;
  V step;
  V scale;
};

template <Power kPower>
INSITU_INLINE MeanLanes mean_lanes(V eta, V y, double power) {
  MeanLanes m;
  m.mean = exp_vector(eta);
  const V inverse = 1.0 / m.mean;
  m.ratio = y * inverse;
  m.step = (y - m.mean) * inverse;
  if constexpr (kPower == Power::kOne) m.scale = m.mean;
  if constexpr (kPower == Power::kTwo) m.scale = splat(1.0);
  if constexpr (kPower == Power::kOther) m.scale = exp_vector((2.0 - power) * eta);
  return m;
}

// atanh(v) / v - 1 = v^2 / 3 + v^4 / 5 + … for |v| < 0.1.
INSITU_INLINE V atanh_tail(V v) {
  const V s = v * v;
  V tail = splat(1.0 / 17.0);
  for (const double odd : {15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0})
    tail = fma(s, tail, splat(1.0 / odd));
  return s * tail;
}
INSITU_INLINE V size_of(V v) { return v < V{} ? -v : v; }

// f(q), half the unit deviance over mu^(2-p).
template <Power kPower>
INSITU_INLINE V half_deviance(const MeanLanes& m, const PowerVariance& variance) {
  const V logarithm = log_vector(m.ratio);
  if constexpr (kPower == Power::kOther) {
    const double p = variance.power;
    V power = exp_vector((2.0 - p) * logarithm);
    power = m.ratio > V{} ? power : V{};
    // q as 1 + s, so that a mean that is not finite shows.
    const V far = power * (1.0 / ((1.0 - p) * (2.0 - p))) - (1.0 + m.step) * (1.0 / (1.0 - p)) +
                  1.0 / (2.0 - p);
    const V near = m.step * m.step * polynomial(variance.near, m.step);
    return size_of(m.step) < splat(0x1p-6) ? near : far;
  } else {
    // log(q) = 2 atanh(v) with v = s / (2 + s).
    const V v = m.step / (2.0 + m.step);
    const V tail = 2.0 * (v * atanh_tail(v));
    if constexpr (kPower == Power::kOne) {  // q log q - s
      const V product = m.ratio > V{} ? m.ratio * logarithm : V{};
      return size_of(v) < splat(0.1) ? fma(m.step, v, m.ratio * tail) : product - m.step;
    }
    return size_of(v) < splat(0.1) ? fma(m.step, v, -tail) : m.step - logarithm;  // s - log q
  }
}

// The rows left over of a loop over 8 at a time, behind rows that add nothing.
struct LastRows {
  alignas(64) double y[8];
  alignas(64) double weight[8];
  alignas(64) double eta[8];
  alignas(64) double linear[8];
  alignas(64) double working_weight[8];
  alignas(64) double working_response[8];
};

INSITU_INLINE void fill(LastRows& last, const LogLinkRows& rows, const double* eta,
                        const double* linear, size_t begin) {
  for (size_t l = 0; l < 8; ++l) {
    const bool there = begin + l < rows.rows;
    last.y[l] = there ? rows.y[begin + l] : 1.0;
    last.weight[l] = there && rows.weight != nullptr ? rows.weight[begin + l] : 1.0;
    last.eta[l] = there ? eta[begin + l] : 0.0;
    last.linear[l] = there && linear != nullptr ? linear[begin + l] : 0.0;
  }
}

template <Power kPower, bool kWeighted>
INSITU_INLINE void deviance_of_eight(V* sums, const PowerVariance& variance, const double* y,
                                     const double* eta, const double* weight) {
  for (size_t p = 0; p < kParts; ++p) {
    const size_t at = p * kWidth;
    const MeanLanes m = mean_lanes<kPower>(load(eta + at), load(y + at), variance.power);
    const V scale = kWeighted ? m.scale * load(weight + at) : m.scale;
    sums[p] = fma(scale, half_deviance<kPower>(m, variance), sums[p]);
  }
}

INSITU_INLINE double total(const V* sums) {
  alignas(64) double lane[8];
  for (size_t p = 0; p < kParts; ++p) store(lane + p * kWidth, sums[p]);
  return reduce(lane);
}

template <Power kPower, bool kWeighted>
INSITU_INLINE double deviance(const LogLinkRows& rows, const PowerVariance& variance,
                              const double* eta) {
  V sums[kParts] = {};
  size_t i = 0;
  for (; i + 8 <= rows.rows; i += 8)
    deviance_of_eight<kPower, kWeighted>(sums, variance, rows.y + i, eta + i,
                                         kWeighted ? rows.weight + i : nullptr);
  if (i < rows.rows) {
    LastRows last;
    fill(last, rows, eta, nullptr, i);
    deviance_of_eight<kPower, kWeighted>(sums, variance, last.y, last.eta, last.weight);
  }
  return 2.0 * total(sums);
}

struct WorkingLanes {
  V deviance[kParts] = {};
  V pearson[kParts] = {};
};

template <Power kPower, bool kWeighted>
INSITU_INLINE void working_of_eight(WorkingLanes& lanes, const PowerVariance& variance,
                                    double least_observed, const double* y, const double* eta,
                                    const double* linear, const double* weight,
                                    double* working_weight, double* working_response) {
  for (size_t p = 0; p < kParts; ++p) {
    const size_t at = p * kWidth;
    const MeanLanes m = mean_lanes<kPower>(load(eta + at), load(y + at), variance.power);
    const V expected = kWeighted ? m.scale * load(weight + at) : m.scale;
    lanes.deviance[p] = fma(expected, half_deviance<kPower>(m, variance), lanes.deviance[p]);
    lanes.pearson[p] = fma(expected, m.step * m.step, lanes.pearson[p]);
    V part = splat(1.0);
    if (least_observed > 0.0) {
      const V observed = fma(splat(variance.power - 1.0), m.step, splat(1.0));
      part = observed > splat(least_observed) ? observed : splat(least_observed);
    }
    store(working_weight + at, expected * part);
    store(working_response + at, load(linear + at) + m.step / part);
  }
}

template <Power kPower, bool kWeighted>
INSITU_INLINE LogLinkSums working(const LogLinkRows& rows, const PowerVariance& variance,
                                  double least_observed, const double* eta, const double* linear,
                                  double* working_weight, double* working_response) {
  WorkingLanes lanes;
  size_t i = 0;
  for (; i + 8 <= rows.rows; i += 8) {
    working_of_eight<kPower, kWeighted>(lanes, variance, least_observed, rows.y + i, eta + i,
                                        linear + i, kWeighted ? rows.weight + i : nullptr,
                                        working_weight + i, working_response + i);
  }
  if (i < rows.rows) {
    LastRows last;
    fill(last, rows, eta, linear, i);
    working_of_eight<kPower, kWeighted>(lanes, variance, least_observed, last.y, last.eta,
                                        last.linear, last.weight, last.working_weight,
                                        last.working_response);
    for (size_t l = 0; l < 8; ++l) {
      const bool there = i + l < rows.rows;
      working_weight[i + l] = there ? last.working_weight[l] : 0.0;
      working_response[i + l] = there ? last.working_response[l] : 0.0;
    }
  }
  LogLinkSums sums;
  sums.deviance = 2.0 * total(lanes.deviance);
  sums.pearson = total(lanes.pearson);
  return sums;
}

template <Power kPower>
INSITU_INLINE double deviance_of(const LogLinkRows& rows, const PowerVariance& variance,
                                 const double* eta) {
  return rows.weight == nullptr ? deviance<kPower, false>(rows, variance, eta)
                                : deviance<kPower, true>(rows, variance, eta);
}

INSITU_KERNEL double log_link_deviance(const LogLinkRows& rows, const PowerVariance& variance,
                                       const double* eta) {
  if (variance.power == 1.0) return deviance_of<Power::kOne>(rows, variance, eta);
  if (variance.power == 2.0) return deviance_of<Power::kTwo>(rows, variance, eta);
  return deviance_of<Power::kOther>(rows, variance, eta);
}

template <Power kPower>
INSITU_INLINE LogLinkSums working_of(const LogLinkRows& rows, const PowerVariance& variance,
                                     double least_observed, const double* eta, const double* linear,
                                     double* working_weight, double* working_response) {
  return rows.weight == nullptr ? working<kPower, false>(rows, variance, least_observed, eta,
                                                         linear, working_weight, working_response)
                                : working<kPower, true>(rows, variance, least_observed, eta, linear,
                                                        working_weight, working_response);
}

INSITU_KERNEL LogLinkSums log_link_working(const LogLinkRows& rows, const PowerVariance& variance,
                                           double least_observed, const double* eta,
                                           const double* linear, double* working_weight,
                                           double* working_response) {
  if (variance.power == 1.0) {
    return working_of<Power::kOne>(rows, variance, least_observed, eta, linear, working_weight,
                                   working_response);
  }
  if (variance.power == 2.0) {
    return working_of<Power::kTwo>(rows, variance, least_observed, eta, linear, working_weight,
                                   working_response);
  }
  return working_of<Power::kOther>(rows, variance, least_observed, eta, linear, working_weight,
                                   working_response);
}

}  // namespace insitu::INSITU_VARIANT
