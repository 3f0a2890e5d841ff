#include "family/link.hpp"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/erf.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/errors.hpp"
#include "base/names.hpp"
#include "linalg/distributions.hpp"
#include "linalg/math.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct NamedLink {
  std::string_view name;
  LinkKind kind;
};
constexpr std::array<NamedLink, 9> kLinks = {{{"identity", LinkKind::kIdentity},
                                              {"log", LinkKind::kLog},
                                              {"inverse", LinkKind::kInverse},
                                              {"1/mu^2", LinkKind::kInverseSquare},
                                              {"sqrt", LinkKind::kSqrt},
                                              {"logit", LinkKind::kLogit},
                                              {"probit", LinkKind::kProbit},
                                              {"cauchit", LinkKind::kCauchit},
                                              {"cloglog", LinkKind::kCloglog}}};

constexpr std::string_view kPowerPrefix = "mu^";

// x^p by our own exp and log; exact for the powers that links have names for. Only 1 / x knows a
// negative x.
double link_power(double x, double p) {
  if (p == -1.0 && x < 0.0) return 1.0 / x;
  if (!(x > 0.0)) return kNaN;
  if (p == 1.0) return x;
  if (p == -1.0) return 1.0 / x;
  if (p == 2.0) return x * x;
  if (p == 0.5) return std::sqrt(x);
  if (p == -2.0) return 1.0 / (x * x);
  if (p == -0.5) return 1.0 / std::sqrt(x);
  double value = x;
  log_array(&value, 1, &value);
  value *= p;
  exp_array(&value, 1, &value);
  return value;
}

void logit_means(const double* eta, size_t n, Means out, double* e) {
  for (size_t i = 0; i < n; ++i) e[i] = -std::abs(eta[i]);
  exp_array(e, n, e);
  for (size_t i = 0; i < n; ++i) {
    const double scale = 1.0 / (1.0 + e[i]);
    const double small = e[i] * scale;
    out.mean[i] = eta[i] >= 0.0 ? scale : small;
    out.rest[i] = eta[i] >= 0.0 ? small : scale;
    out.slope[i] = small * scale;
  }
}

// The standard normal distribution: its lower tail by erfc, which keeps relative digits there.
double normal_tail(double x) {
  if (std::isinf(x)) return x > 0.0 ? 1.0 : 0.0;
  return 0.5 * boost::math::erfc(-x / std::numbers::sqrt2);
}

void probit_means(const double* eta, size_t n, Means out, double* e) {
  constexpr double kDensity = 0.39894228040143267794;  // 1 / sqrt(2 pi)
  for (size_t i = 0; i < n; ++i) e[i] = -0.5 * eta[i] * eta[i];
  exp_array(e, n, e);
  for (size_t i = 0; i < n; ++i) {
    const bool known = !std::isnan(eta[i]);
    out.mean[i] = known ? normal_tail(eta[i]) : kNaN;
    out.rest[i] = known ? normal_tail(-eta[i]) : kNaN;
    out.slope[i] = kDensity * e[i];
  }
}

// The lower tail of the Cauchy distribution; atan2 keeps relative digits where it is small.
double cauchy_tail(double x) { return std::atan2(1.0, -x) / std::numbers::pi; }

void cauchit_means(const double* eta, size_t n, Means out) {
  for (size_t i = 0; i < n; ++i) {
    out.mean[i] = cauchy_tail(eta[i]);
    out.rest[i] = cauchy_tail(-eta[i]);
    out.slope[i] = 1.0 / (std::numbers::pi * (1.0 + eta[i] * eta[i]));
  }
}

void cloglog_means(const double* eta, size_t n, Means out, double* e) {
  exp_array(eta, n, e);
  for (size_t i = 0; i < n; ++i) out.rest[i] = -e[i];
  exp_array(out.rest, n, out.rest);
  log_array(out.rest, n, out.slope);
  for (size_t i = 0; i < n; ++i) {
    // 1 - exp(-e), by Kahan's correction of what the rounding of exp(-e) lost.
    const double u = out.rest[i];
    const double mean = u == 1.0              ? e[i]
                        : out.slope[i] == 0.0 ? 1.0 - u
                                              : (u - 1.0) * e[i] / out.slope[i];
    out.mean[i] = u < 0x1p-54 ? 1.0 : mean;  // of smaller ones log(u) has lost its digits
    out.slope[i] = e[i] * u;
  }
}

void power_means(double power, const double* eta, size_t n, Means out) {
  const double inverse = 1.0 / power;
  for (size_t i = 0; i < n; ++i) {
    out.mean[i] = link_power(eta[i], inverse);
    out.slope[i] = out.mean[i] / (power * eta[i]);
  }
}

}  // namespace

Link Link::from_name(std::string_view name) {
  for (const NamedLink& link : kLinks) {
    if (link.name == name) return {link.kind, 1.0};
  }
  if (name.substr(0, kPowerPrefix.size()) == kPowerPrefix) {
    double power = 0.0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + kPowerPrefix.size(), end, power);
    if (error == std::errc() && stop == end && std::isfinite(power)) {
      if (power == 0.0) return {LinkKind::kLog, 1.0};
      if (power == 1.0) return {LinkKind::kIdentity, 1.0};
      return {LinkKind::kPower, power};
    }
  }
  std::vector<std::string> names;
  std::string listed;
  for (const NamedLink& link : kLinks) {
    names.emplace_back(link.name);
    listed += std::string(link.name) + ", ";
  }
  throw SpecError("there is no link '" + std::string(name) + "': there are " + listed +
                  "and powers of the mean, as in mu^-0.5" + did_you_mean(std::string(name), names));
}

std::string Link::name() const {
  for (const NamedLink& link : kLinks) {
    if (link.kind == kind) return std::string(link.name);
  }
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), power);
  return std::string(kPowerPrefix) + std::string(digits.data(), end);
}

double Link::as_power() const {
  switch (kind) {
    case LinkKind::kInverse:
      return -1.0;
    case LinkKind::kInverseSquare:
      return -2.0;
    case LinkKind::kSqrt:
      return 0.5;
    case LinkKind::kPower:
      return power;
    default:
      return 1.0;
  }
}

bool Link::onto_unit() const {
  return kind == LinkKind::kLogit || kind == LinkKind::kProbit || kind == LinkKind::kCauchit ||
         kind == LinkKind::kCloglog;
}

bool Link::approaches_zero() const { return kind == LinkKind::kLog || onto_unit(); }

void Link::eta(const double* mean, size_t n, double* eta) const {
  switch (kind) {
    case LinkKind::kIdentity:
      for (size_t i = 0; i < n; ++i) eta[i] = mean[i];
      return;
    case LinkKind::kLog:
      log_array(mean, n, eta);
      return;
    case LinkKind::kLogit:
      for (size_t i = 0; i < n; ++i) eta[i] = mean[i] / (1.0 - mean[i]);
      log_array(eta, n, eta);
      return;
    case LinkKind::kProbit:
      for (size_t i = 0; i < n; ++i)
        eta[i] = mean[i] > 0.0 && mean[i] < 1.0
                     ? -std::numbers::sqrt2 * boost::math::erfc_inv(2.0 * mean[i])
                     : kNaN;
      return;
    case LinkKind::kCauchit:
      for (size_t i = 0; i < n; ++i) eta[i] = -1.0 / std::tan(std::numbers::pi * mean[i]);
      return;
    case LinkKind::kCloglog:
      for (size_t i = 0; i < n; ++i) eta[i] = 1.0 - mean[i];
      log_array(eta, n, eta);
      for (size_t i = 0; i < n; ++i) eta[i] = -eta[i];
      log_array(eta, n, eta);
      return;
    default:
      for (size_t i = 0; i < n; ++i) eta[i] = link_power(mean[i], as_power());
  }
}

void Link::curvatures(const double* eta, const Means& m, size_t n, double* out) const {
  switch (kind) {
    case LinkKind::kIdentity:
      std::fill(out, out + n, 0.0);
      return;
    case LinkKind::kLog:
      std::copy(m.mean, m.mean + n, out);
      return;
    case LinkKind::kLogit:
      for (size_t i = 0; i < n; ++i) out[i] = m.slope[i] * (m.rest[i] - m.mean[i]);
      return;
    case LinkKind::kProbit:
      for (size_t i = 0; i < n; ++i) out[i] = -eta[i] * m.slope[i];
      return;
    case LinkKind::kCauchit:
      for (size_t i = 0; i < n; ++i) out[i] = -2.0 * eta[i] * m.slope[i] / (1.0 + eta[i] * eta[i]);
      return;
    case LinkKind::kCloglog:
      exp_array(eta, n, out);
      for (size_t i = 0; i < n; ++i) out[i] = m.slope[i] * (1.0 - out[i]);
      return;
    default: {
      const double power_less_one = 1.0 / as_power() - 1.0;
      for (size_t i = 0; i < n; ++i) out[i] = m.slope[i] * power_less_one / eta[i];
    }
  }
}

void Link::means(const double* eta, size_t n, Means out, double* scratch) const {
  switch (kind) {
    case LinkKind::kIdentity:
      for (size_t i = 0; i < n; ++i) {
        out.mean[i] = eta[i];
        out.slope[i] = 1.0;
      }
      break;
    case LinkKind::kLog:
      exp_array(eta, n, out.mean);
      for (size_t i = 0; i < n; ++i) out.slope[i] = out.mean[i];
      break;
    case LinkKind::kLogit:
      logit_means(eta, n, out, scratch);
      return;
    case LinkKind::kProbit:
      probit_means(eta, n, out, scratch);
      return;
    case LinkKind::kCauchit:
      cauchit_means(eta, n, out);
      return;
    case LinkKind::kCloglog:
      cloglog_means(eta, n, out, scratch);
      return;
    default:
      power_means(as_power(), eta, n, out);
  }
  for (size_t i = 0; i < n; ++i) out.rest[i] = 1.0 - out.mean[i];
}

}  // namespace insitu
