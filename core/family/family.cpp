#include "family/family.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/json.hpp"
#include "base/names.hpp"
#include "linalg/math.hpp"

namespace insitu {
namespace {

using K = LinkKind;

constexpr std::string_view kQuasi = "quasi";

struct NamedFamily {
  std::string_view name;
  FamilyKind kind;
  bool quasi;
  std::array<LinkKind, 5> links;  // the first is the default; the rest repeat it
};
constexpr std::array<NamedFamily, 10> kFamilies = {{
    {"gaussian",
     FamilyKind::kGaussian,
     false,
     {K::kIdentity, K::kLog, K::kInverse, K::kIdentity, K::kIdentity}},
    {"binomial",
     FamilyKind::kBinomial,
     false,
     {K::kLogit, K::kProbit, K::kCauchit, K::kLog, K::kCloglog}},
    {"poisson", FamilyKind::kPoisson, false, {K::kLog, K::kIdentity, K::kSqrt, K::kLog, K::kLog}},
    {"Gamma",
     FamilyKind::kGamma,
     false,
     {K::kInverse, K::kIdentity, K::kLog, K::kInverse, K::kInverse}},
    {"inverse.gaussian",
     FamilyKind::kInverseGaussian,
     false,
     {K::kInverseSquare, K::kInverse, K::kIdentity, K::kLog, K::kInverseSquare}},
    {"quasibinomial",
     FamilyKind::kBinomial,
     true,
     {K::kLogit, K::kProbit, K::kCauchit, K::kLog, K::kCloglog}},
    {"quasipoisson",
     FamilyKind::kPoisson,
     true,
     {K::kLog, K::kIdentity, K::kSqrt, K::kLog, K::kLog}},
    {kQuasi,
     FamilyKind::kGaussian,
     true,
     {K::kIdentity, K::kIdentity, K::kIdentity, K::kIdentity, K::kIdentity}},
    {"negative.binomial",
     FamilyKind::kNegativeBinomial,
     false,
     {K::kLog, K::kIdentity, K::kSqrt, K::kLog, K::kLog}},
    {"Tweedie",
     FamilyKind::kTweedie,
     false,
     {K::kPower, K::kLog, K::kIdentity, K::kInverse, K::kInverseSquare}},
}};

struct NamedVariance {
  std::string_view name;
  FamilyKind kind;
};
constexpr std::array<NamedVariance, 5> kVariances = {{{"constant", FamilyKind::kGaussian},
                                                      {"mu(1-mu)", FamilyKind::kBinomial},
                                                      {"mu", FamilyKind::kPoisson},
                                                      {"mu^2", FamilyKind::kGamma},
                                                      {"mu^3", FamilyKind::kInverseGaussian}}};

FamilyKind find_variance(const std::string& name) {
  std::string listed;
  for (const NamedVariance& variance : kVariances) {
    if (variance.name == name) return variance.kind;
    listed += (listed.empty() ? "" : ", ") + std::string(variance.name);
  }
  throw SpecError("the family quasi has no variance '" + name + "'; it has " + listed);
}

const NamedFamily& find_family(const std::string& name) {
  std::vector<std::string> names;
  std::string listed;
  for (const NamedFamily& family : kFamilies) {
    if (family.name == name) return family;
    names.emplace_back(family.name);
    listed += (listed.empty() ? "" : ", ") + std::string(family.name);
  }
  throw SpecError("there is no family '" + name + "': there are " + listed +
                  did_you_mean(name, names));
}

Link find_link(const NamedFamily& family, const std::string& name) {
  const Link link = Link::from_name(name);
  if (family.kind == FamilyKind::kTweedie && !link.onto_unit()) return link;
  if (family.name == kQuasi) return link;
  std::string listed;
  for (size_t k = 0; k < family.links.size(); ++k) {
    if (family.links[k] == link.kind) return link;
    if (k == 0 || family.links[k] != family.links[0])
      listed += (k == 0 ? "" : ", ") + Link{family.links[k], 1.0}.name();
  }
  throw SpecError("the family " + std::string(family.name) + " has no link '" + name +
                  "'; it has " + listed);
}

}  // namespace

Family Family::from_json(const Json& json) {
  SpecReader reader(json, "family");
  const NamedFamily& found = find_family(reader.text("name"));
  const std::optional<std::string> link = reader.text_or_none("link");
  Family family{found.kind, found.quasi, 0.0, {found.links[0], 1.0}};
  if (family.kind == FamilyKind::kNegativeBinomial) {
    if (const Json* theta = reader.optional("theta"); theta != nullptr && !theta->is_null())
      family.parameter = number_from_json(*theta, "theta");
    if (!(family.parameter > 0.0))
      throw SpecError("theta of the negative binomial must be above 0");
  }
  if (family.kind == FamilyKind::kTweedie) {
    const double power = reader.number("power", 0.0);
    if (!std::isfinite(power) || (power > 0.0 && power < 1.0))
      throw SpecError("there is no Tweedie distribution whose variance power lies between 0 and 1");
    family.parameter = power;
    family.link = power == 0.0   ? Link{K::kIdentity, 1.0}
                  : power == 1.0 ? Link{K::kLog, 1.0}
                                 : Link{K::kPower, 1.0 - power};
  }
  if (found.name == kQuasi) {
    family.by_variance = true;
    family.kind = find_variance(reader.text_or_none("variance").value_or("constant"));
  }
  reader.finish();
  if (link.has_value()) family.link = find_link(found, *link);
  return family;
}

Json Family::to_json() const {
  Json json = {{"name", name()}, {"link", link.name()}};
  if (kind == FamilyKind::kNegativeBinomial) json["theta"] = number_to_json(parameter);
  if (kind == FamilyKind::kTweedie) json["power"] = parameter;
  for (const NamedVariance& variance : kVariances) {
    if (by_variance && variance.kind == kind) json["variance"] = variance.name;
  }
  return json;
}

std::string Family::name() const {
  if (by_variance) return std::string(kQuasi);
  for (const NamedFamily& family : kFamilies) {
    if (family.kind == kind && family.quasi == quasi) return std::string(family.name);
  }
  throw InternalError("a family without a name");
}

bool Family::dispersion_is_one() const {
  return !quasi && (kind == FamilyKind::kBinomial || kind == FamilyKind::kPoisson ||
                    kind == FamilyKind::kNegativeBinomial);
}

bool Family::is_canonical() const {
  switch (kind) {
    case FamilyKind::kGaussian:
      return link.kind == LinkKind::kIdentity;
    case FamilyKind::kBinomial:
      return link.kind == LinkKind::kLogit;
    case FamilyKind::kPoisson:
      return link.kind == LinkKind::kLog;
    case FamilyKind::kGamma:
      return link.kind == LinkKind::kInverse;
    case FamilyKind::kInverseGaussian:
      return link.kind == LinkKind::kInverseSquare;
    case FamilyKind::kNegativeBinomial:
      return false;
    case FamilyKind::kTweedie: {
      const double power = 1.0 - parameter;
      if (power == 0.0) return link.kind == LinkKind::kLog;
      if (power == 1.0) return link.kind == LinkKind::kIdentity;
      return link.kind == LinkKind::kPower && link.power == power;
    }
  }
  return false;
}

Family::Range Family::range() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kAboveZero = std::numeric_limits<double>::denorm_min();
  switch (kind) {
    case FamilyKind::kGaussian:
      break;
    case FamilyKind::kBinomial:
      return {0.0, 1.0};
    case FamilyKind::kPoisson:
    case FamilyKind::kNegativeBinomial:
      return {0.0, kInfinity};
    case FamilyKind::kGamma:
    case FamilyKind::kInverseGaussian:
      return {kAboveZero, kInfinity};
    case FamilyKind::kTweedie:
      if (parameter > 0.0) return {parameter < 2.0 ? 0.0 : kAboveZero, kInfinity};
  }
  return {-kInfinity, kInfinity};
}

bool Family::allows(const double* y, size_t n) const {
  const auto [low, high] = range();
  uint64_t outside = 0;  // added up, so that the loop is one of vectors
  for (size_t i = 0; i < n; ++i)
    outside += static_cast<uint64_t>(!(y[i] >= low)) + static_cast<uint64_t>(!(y[i] <= high));
  return outside == 0;
}

std::string Family::allowed() const {
  if (kind == FamilyKind::kBinomial) return "from 0 to 1";
  return allows(0.0) ? "at least 0" : "above 0";
}

bool Family::allows_mean(double mean, double rest) const {
  if (!std::isfinite(mean)) return false;
  if (kind == FamilyKind::kGaussian || (kind == FamilyKind::kTweedie && parameter == 0.0))
    return true;
  // A bound that a link only approaches is a rounded mean.
  const bool above = mean > 0.0 || (mean == 0.0 && link.approaches_zero());
  if (kind != FamilyKind::kBinomial) return above;
  return above && (mean < 1.0 || (mean == 1.0 && (rest > 0.0 || link.onto_unit())));
}

std::optional<double> Family::variance_power() const {
  switch (kind) {
    case FamilyKind::kPoisson:
      return 1.0;
    case FamilyKind::kGamma:
      return 2.0;
    case FamilyKind::kInverseGaussian:
      return 3.0;
    case FamilyKind::kTweedie:
      if (parameter >= 1.0) return parameter;
      [[fallthrough]];
    default:
      return std::nullopt;
  }
}

void Family::start(const double* y, const double* weight, size_t n, double* mean) const {
  if (by_variance) {
    start_within_link(y, n, mean);
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    switch (kind) {
      case FamilyKind::kGaussian:
        mean[i] = y[i];
        break;
      case FamilyKind::kBinomial: {
        const double w = weight == nullptr ? 1.0 : weight[i];
        mean[i] = (w * y[i] + 0.5) / (w + 1.0);
        break;
      }
      case FamilyKind::kPoisson:
        mean[i] = y[i] + 0.1;
        break;
      case FamilyKind::kNegativeBinomial:
        mean[i] = y[i] > 0.0 ? y[i] : 1.0 / 6.0;
        break;
      default:
        mean[i] = y[i] > 0.0 || parameter == 0.0 ? y[i] : 0.1;
    }
  }
}

// The responses, moved to where both the variance and the link have a mean.
void Family::start_within_link(const double* y, size_t n, double* mean) const {
  constexpr double kInside = 1e-3;
  const bool anywhere = kind == FamilyKind::kGaussian && link.kind == LinkKind::kIdentity;
  const bool unit = kind == FamilyKind::kBinomial || link.onto_unit();
  for (size_t i = 0; i < n; ++i) {
    mean[i] = y[i];
    if (unit) {
      mean[i] = std::clamp(y[i], kInside, 1.0 - kInside);
    } else if (!anywhere && !(y[i] > 0.0)) {
      mean[i] = 0.1;
    }
  }
}

void Family::variances(const double* mean, const double* rest, size_t n, double* out) const {
  switch (kind) {
    case FamilyKind::kGaussian:
      std::fill(out, out + n, 1.0);
      return;
    case FamilyKind::kBinomial:
      for (size_t i = 0; i < n; ++i) out[i] = mean[i] * rest[i];
      return;
    case FamilyKind::kPoisson:
      std::copy(mean, mean + n, out);
      return;
    case FamilyKind::kGamma:
      for (size_t i = 0; i < n; ++i) out[i] = mean[i] * mean[i];
      return;
    case FamilyKind::kInverseGaussian:
      for (size_t i = 0; i < n; ++i) out[i] = mean[i] * mean[i] * mean[i];
      return;
    case FamilyKind::kNegativeBinomial:
      for (size_t i = 0; i < n; ++i) out[i] = mean[i] + mean[i] * mean[i] / parameter;
      return;
    case FamilyKind::kTweedie:
      if (parameter == 0.0) {
        std::fill(out, out + n, 1.0);
      } else {
        power_array(mean, n, parameter, out);
      }
  }
}

void Family::variance_slopes(const double* mean, const double* rest, const double* variance,
                             size_t n, double* out) const {
  switch (kind) {
    case FamilyKind::kGaussian:
      std::fill(out, out + n, 0.0);
      return;
    case FamilyKind::kBinomial:
      for (size_t i = 0; i < n; ++i) out[i] = rest[i] - mean[i];
      return;
    case FamilyKind::kPoisson:
      std::fill(out, out + n, 1.0);
      return;
    case FamilyKind::kGamma:
      for (size_t i = 0; i < n; ++i) out[i] = 2.0 * mean[i];
      return;
    case FamilyKind::kInverseGaussian:
      for (size_t i = 0; i < n; ++i) out[i] = 3.0 * mean[i] * mean[i];
      return;
    case FamilyKind::kNegativeBinomial:
      for (size_t i = 0; i < n; ++i) out[i] = 1.0 + 2.0 * mean[i] / parameter;
      return;
    case FamilyKind::kTweedie:
      for (size_t i = 0; i < n; ++i)
        out[i] = parameter == 0.0 ? 0.0 : parameter * variance[i] / mean[i];
  }
}

}  // namespace insitu
