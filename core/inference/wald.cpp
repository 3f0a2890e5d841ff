#include "inference/wald.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/json.hpp"
#include "linalg/distributions.hpp"
#include "linalg/symmetric.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Sides of lines that say the same agree to this, relative to what they are made of.
constexpr double kSame = 1e-10;
// A variance that is less of the sum of its terms' sizes has lost too many digits.
constexpr double kLeastVariance = 1e-10;

struct Hypothesis {
  std::vector<double> estimates;
  SymmetricMatrix covariance;
  std::vector<std::vector<double>> lines;
  std::vector<double> values;
  double df = kNaN;  // NaN: normal
};

SymmetricMatrix unpacked(const std::vector<double>& packed, size_t size) {
  SymmetricMatrix matrix(size);
  if (packed.size() != packed_size(size)) {
    throw SpecError("a covariance of " + std::to_string(packed.size()) + " numbers does not fit " +
                    std::to_string(size) + " estimates");
  }
  matrix.hi = packed;
  return matrix;
}

void require_finite(const std::vector<double>& values, const char* what) {
  if (!std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); }))
    throw SpecError(std::string("the ") + what + " of a hypothesis must be finite numbers");
}

Hypothesis read_hypothesis(const Json& spec) {
  SpecReader reader(spec, "wald_test");
  Hypothesis h;
  h.estimates = numbers_from_json(reader.list("estimates"), "estimates");
  const size_t p = h.estimates.size();
  const std::vector<double> packed = numbers_from_json(reader.list("covariance"), "covariance");
  h.covariance = unpacked(packed, p);
  for (const Json& line : reader.list("matrix")) {
    h.lines.push_back(numbers_from_json(line, "line of the matrix"));
    if (h.lines.back().size() != p) {
      throw SpecError("a line of the matrix has " + std::to_string(h.lines.back().size()) +
                      " numbers, expected " + std::to_string(p));
    }
    require_finite(h.lines.back(), "weights");
  }
  h.values = numbers_from_json(reader.list("values"), "values");
  h.df = reader.number("df", kNaN);
  reader.finish();
  if (h.lines.empty()) throw SpecError("a hypothesis needs at least one line");
  if (h.values.size() != h.lines.size()) {
    throw SpecError("a hypothesis of " + std::to_string(h.lines.size()) +
                    " lines needs as many "
                    "values, and has " +
                    std::to_string(h.values.size()));
  }
  require_finite(h.values, "values");
  require_finite(h.estimates, "estimates");
  require_finite(packed, "covariances");
  return h;
}

DoubleDouble dot(const std::vector<double>& a, const std::vector<double>& b) {
  DoubleDouble sum;
  for (size_t i = 0; i < a.size(); ++i) sum += two_product(a[i], b[i]);
  return sum;
}

// L L' of the lines listed.
SymmetricMatrix products(const Hypothesis& h, const std::vector<size_t>& lines) {
  SymmetricMatrix matrix(lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t j = i; j < lines.size(); ++j)
      matrix.set(i, j, dot(h.lines[lines[i]], h.lines[lines[j]]));
  }
  return matrix;
}

FactorRequest request_of(size_t columns, bool response) {
  FactorRequest request;
  request.order.resize(columns);
  std::iota(request.order.begin(), request.order.end(), size_t{0});
  if (response) request.responses = {columns};
  return request;
}

// SpecError unless the value of a line that follows from others follows from theirs.
void require_same(const Hypothesis& h, const std::vector<size_t>& kept, size_t line) {
  std::vector<size_t> all = kept;
  all.push_back(line);
  const Factorisation factorisation(products(h, all), request_of(kept.size(), true));
  const std::vector<DoubleDouble> parts = factorisation.solution(0);
  DoubleDouble rest = h.values[line];
  double size = std::abs(h.values[line]);
  for (size_t i = 0; i < parts.size(); ++i) {
    const DoubleDouble part = parts[i] * h.values[kept[factorisation.kept()[i]]];
    rest -= part;
    size += std::abs(part.hi);
  }
  if (std::abs(rest.hi) <= kSame * size) return;
  throw SpecError("line " + std::to_string(line + 1) +
                  " of the hypothesis contradicts the lines before it");
}

// Lines that do not follow from those before them.
std::vector<size_t> independent_lines(const Hypothesis& h) {
  std::vector<size_t> all(h.lines.size());
  std::iota(all.begin(), all.end(), size_t{0});
  for (const size_t line : all) {
    if (dot(h.lines[line], h.lines[line]).hi == 0.0) {
      throw SpecError("line " + std::to_string(line + 1) +
                      " of the hypothesis has no coefficient in it");
    }
  }
  const Factorisation factorisation(products(h, all), request_of(all.size(), false));
  const std::vector<size_t>& kept = factorisation.kept();
  for (const size_t line : factorisation.aliased()) require_same(h, kept, line);
  return kept;
}

// NaN where R V R' is singular.
double statistic_of(const Hypothesis& h, const std::vector<size_t>& lines) {
  const size_t p = h.estimates.size();
  const size_t q = lines.size();
  SymmetricMatrix matrix(q + 1);
  std::vector<DoubleDouble> along(p);
  std::vector<DoubleDouble> away(q);
  for (size_t i = 0; i < q; ++i) {
    const std::vector<double>& line = h.lines[lines[i]];
    double size = 0.0;
    for (size_t k = 0; k < p; ++k) {
      along[k] = DoubleDouble();
      for (size_t l = 0; l < p; ++l) {
        if (line[l] == 0.0) continue;
        along[k] += h.covariance.at(k, l) * line[l];
        size += std::abs(line[k] * h.covariance.at(k, l).hi * line[l]);
      }
    }
    for (size_t j = i; j < q; ++j) {
      DoubleDouble sum;
      for (size_t k = 0; k < p; ++k) sum += along[k] * h.lines[lines[j]][k];
      matrix.set(i, j, sum);
    }
    if (!(matrix.at(i, i).hi > kLeastVariance * size)) return kNaN;
    away[i] = dot(h.lines[lines[i]], h.estimates) - h.values[lines[i]];
    matrix.set(i, q, away[i]);
  }
  const Factorisation factorisation(matrix, request_of(q, true));
  if (factorisation.kept().size() < q || !factorisation.suspicious().empty()) return kNaN;
  const std::vector<DoubleDouble> solved = factorisation.solution(0);
  DoubleDouble sum;
  for (size_t i = 0; i < q; ++i) sum += solved[i] * away[factorisation.kept()[i]];
  return static_cast<double>(sum);
}

double tail(double statistic, double df, double df_residual) {
  return std::isnan(df_residual) ? chi_squared_upper_tail(statistic, df)
                                 : f_upper_tail(statistic, df, df_residual);
}

}  // namespace

Json wald_test(const Json& spec) {
  const Hypothesis h = read_hypothesis(spec);
  const std::vector<size_t> lines = independent_lines(h);
  const auto q = static_cast<double>(lines.size());
  double statistic = statistic_of(h, lines);
  if (!std::isnan(h.df)) statistic /= q;
  return {{"statistic", number_to_json(statistic)},
          {"df", lines.size()},
          {"df_residual", number_to_json(h.df)},
          {"p_value", number_to_json(tail(statistic, q, h.df))}};
}

Json tail_areas(const Json& spec) {
  SpecReader reader(spec, "tail_areas");
  const std::vector<double> statistics = numbers_from_json(reader.list("statistics"), "statistics");
  const std::vector<double> df = numbers_from_json(reader.list("df"), "df");
  const std::vector<double> rest = numbers_from_json(reader.list("df_residual"), "df_residual");
  reader.finish();
  if (df.size() != statistics.size() || rest.size() != statistics.size())
    throw SpecError("statistics, df and df_residual must be lists of one length");
  std::vector<double> areas;
  for (size_t i = 0; i < statistics.size(); ++i)
    areas.push_back(tail(statistics[i], df[i], rest[i]));
  return {{"p_values", numbers_to_json(areas)}};
}

}  // namespace insitu
