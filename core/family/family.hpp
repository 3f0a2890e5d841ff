// Families of responses: variance as a function of the mean, deviance, and what a response may be.
//
// McCullagh & Nelder, Generalized Linear Models (1989), 2.2-2.3. Unit deviances are computed as
// Loader (2000) computes the binomial's, so that large counts near their mean keep their digits.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/analysis.hpp"
#include "family/link.hpp"

namespace insitu {

enum class FamilyKind {
  kGaussian,
  kBinomial,
  kPoisson,
  kGamma,
  kInverseGaussian,
  kNegativeBinomial,
  kTweedie
};

struct Family {
  FamilyKind kind = FamilyKind::kGaussian;
  bool quasi = false;      // dispersion estimated, no likelihood
  double parameter = 0.0;  // theta of the negative binomial, variance power of Tweedie
  Link link;
  bool by_variance = false;  // "quasi": named by its variance alone, and with any link

  // {"name": "poisson", "link": "log" | null, "theta" | "power": number, "variance": of "quasi"}.
  // An infinite theta makes the variance Poisson's. SpecError for an unknown family, and for a link
  // that it does not have.
  static Family from_json(const Json& json);
  Json to_json() const;
  std::string name() const;
  // As the original prints it: "Gamma-inverse".
  std::string title() const { return name() + "-" + link.name(); }
  // Whether the dispersion is 1 by definition; tests are then normal.
  bool dispersion_is_one() const;
  // Whether the link is the natural one: Fisher's steps are then Newton's, and shrink in squares.
  bool is_canonical() const;
  struct Range {
    double low;
    double high;
  };
  // Of responses.
  Range range() const;
  bool allows(const double* responses, size_t n) const;
  bool allows(double response) const { return allows(&response, 1); }
  // "at least 0", for errors.
  std::string allowed() const;
  // True if the mean may be so; `rest` as in Means. A mean that rounds to its limit is no fault
  // where the other side is held exactly, or where the link only approaches it.
  bool allows_mean(double mean, double rest) const;

  // The p of a variance that is mu^p with p >= 1; none of others.
  std::optional<double> variance_power() const;

  // A mean to start from, that every link of the family can take.
  void start(const double* y, const double* weight, size_t n, double* mean) const;
  void variances(const double* mean, const double* rest, size_t n, double* out) const;
  // d variance / d mean, from what variances() gave.
  void variance_slopes(const double* mean, const double* rest, const double* variance, size_t n,
                       double* out) const;
  // Unit deviances. `scratch` has room for n; `y_rest` is 1 - y, where y alone does not tell all
  // its digits.
  void deviances(const double* y, const double* mean, const double* rest, size_t n, double* out,
                 double* scratch, const double* y_rest = nullptr) const;

 private:
  void start_within_link(const double* y, size_t n, double* mean) const;
};

}  // namespace insitu
