// Link functions: eta = g(mu), and the inverse with its slope, over arrays.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace insitu {

enum class LinkKind {
  kIdentity,
  kLog,
  kInverse,
  kInverseSquare,
  kSqrt,
  kLogit,
  kProbit,
  kCauchit,
  kCloglog,
  kPower
};

// What a row's linear predictor says of its mean.
struct Means {
  double* mean;
  double* rest;   // 1 - mean, without cancellation; for links onto (0, 1) only
  double* slope;  // d mean / d eta
};

struct Link {
  LinkKind kind = LinkKind::kIdentity;
  double power = 1.0;  // of kPower: eta = mu^power

  // "logit", …, "mu^-0.5". SpecError for others, which names those there are.
  static Link from_name(std::string_view name);
  std::string name() const;
  // The power of the mean that eta is, for the links that are one: 1 for the identity.
  double as_power() const;
  // True if means lie between 0 and 1 whatever eta is.
  bool onto_unit() const;
  // True if means only approach 0 as eta falls.
  bool approaches_zero() const;
  // True if means grow without end towards eta = 0, and come back from the other side.
  bool has_pole() const {
    return kind == LinkKind::kInverse || (kind == LinkKind::kPower && power == -1.0);
  }
  // NaN where no eta gives the mean.
  void eta(const double* mean, size_t n, double* eta) const;
  // d2 mean / d eta2, from what means() gave.
  void curvatures(const double* eta, const Means& means, size_t n, double* out) const;
  // NaN where eta has no mean. `scratch` has room for n.
  void means(const double* eta, size_t n, Means out, double* scratch) const;
};

}  // namespace insitu
