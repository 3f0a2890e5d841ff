#include "design/linear_predictor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "linalg/kernels.hpp"

namespace insitu {
namespace {

// Rows whose cells are looked up at once.
constexpr size_t kBlock = 256;

}  // namespace

LinearPredictor LinearPredictor::zero(const Design& design) {
  LinearPredictor predictor;
  size_t next = design.intercept ? 1 : 0;
  for (const DesignTerm& term : design.terms) {
    Term at;
    at.first = next;
    at.factors = term.factors;
    at.feature = term.feature;
    size_t stride = 1;
    for (const size_t factor : term.factors) {
      at.strides.push_back(stride);
      stride *= design.factors[factor].levels->size();
    }
    next += design.cells(term);
    predictor.terms.push_back(std::move(at));
  }
  predictor.coefficients.assign(next, 0.0);
  return predictor;
}

LinearPredictor LinearPredictor::from_json(const Design& design, const Json& json) {
  LinearPredictor predictor = zero(design);
  SpecReader reader(json, "linear predictor");
  predictor.constant = number_from_json(reader.required("constant"), "constant");
  const std::vector<double> centers = numbers_from_json(reader.list("centers"), "centers");
  std::vector<double> coefficients = numbers_from_json(reader.list("coefficients"), "coefficients");
  reader.finish();
  if (centers.size() != predictor.terms.size() ||
      coefficients.size() != predictor.coefficients.size()) {
    throw SpecError("a linear predictor of " + std::to_string(coefficients.size()) +
                    " coefficients does not fit a design of " +
                    std::to_string(predictor.coefficients.size()) + " columns");
  }
  for (size_t t = 0; t < centers.size(); ++t) predictor.terms[t].center = centers[t];
  predictor.coefficients = std::move(coefficients);
  return predictor;
}

Json LinearPredictor::to_json() const {
  std::vector<double> centers;
  for (const Term& term : terms) centers.push_back(term.center);
  return {{"constant", number_to_json(constant)},
          {"centers", numbers_to_json(centers)},
          {"coefficients", numbers_to_json(coefficients)}};
}

void LinearPredictor::evaluate(const Tile& tile, double* out,
                               std::vector<uint64_t>* nowhere) const {
  std::array<double, kBlock> cells;
  std::fill(out, out + tile.rows, constant);
  for (size_t t = 0; t < terms.size(); ++t) {
    const Term& term = terms[t];
    const double* x = term.feature.has_value() ? tile.values[*term.feature] : nullptr;
    if (term.factors.empty()) {
      add_scaled(coefficients[term.first], x, term.center, tile.rows, out);
      continue;
    }
    for (size_t begin = 0; begin < tile.rows; begin += kBlock) {
      const size_t n = std::min(kBlock, tile.rows - begin);
      cell_values(t, tile, begin, n, cells.data(), nowhere);
      if (x != nullptr) {
        add_products(cells.data(), x + begin, term.center, n, out + begin);
      } else {
        for (size_t i = 0; i < n; ++i) out[begin + i] += cells[i];
      }
    }
  }
}

void LinearPredictor::cell_values(size_t t, const Tile& tile, size_t begin, size_t n, double* out,
                                  std::vector<uint64_t>* nowhere) const {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const Term& term = terms[t];
  if (term.factors.size() == 1 && nowhere == nullptr) {
    const uint32_t* codes = tile.codes[term.factors[0]] + begin;
    const double* cells = coefficients.data() + term.first;
    const size_t end = t + 1 < terms.size() ? terms[t + 1].first : coefficients.size();
    const size_t count = end - term.first;
    for (size_t i = 0; i < n; ++i) out[i] = codes[i] < count ? cells[codes[i]] : kNaN;
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    const size_t index = coefficient_of(t, tile, begin + i);
    const bool known = index < coefficients.size();
    out[i] = known ? coefficients[index] : kNaN;
    if (nowhere != nullptr && known && std::isnan(out[i])) ++(*nowhere)[t];
  }
}

}  // namespace insitu
