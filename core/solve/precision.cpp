#include "solve/precision.hpp"

#include <algorithm>

namespace insitu {
namespace {

constexpr double kFreeOperations = 4e7;  // rows x columns^2
constexpr double kWantedDigits = 1e-9;
// Relative error of products summed in double: chains of at most a few hundred additions in a tile,
// a few thousand in a cell, whose rounding averages out over tiles; a few units in the last place.
constexpr double kPlainEps = 0x1p-50;
constexpr double kPreciseEps = 0x1p-100;
constexpr double kUnknownLevels = 100.0;
constexpr double kCostOfCell = 0.1;  // of a column: coded columns are not squared

double columns_of(const Design& design) {
  double columns = 1.0;
  for (const DesignTerm& term : design.terms) {
    double cells = 1.0;
    for (const size_t factor : term.factors) {
      const auto& levels = design.factors[factor].levels;
      cells *= levels.has_value() ? static_cast<double>(levels->size()) : kUnknownLevels;
    }
    columns += term.factors.empty() ? 1.0 : kCostOfCell * cells;
  }
  return columns;
}

}  // namespace

double relative_rounding(const CrossProducts& products, bool precise) {
  return std::max(precise ? kPreciseEps : kPlainEps, products.rounding);
}

bool precision_is_free(const Design& design, uint64_t rows) {
  const double columns = columns_of(design);
  return static_cast<double>(rows) * columns * columns <= kFreeOperations;
}

bool lacks_digits(const LinearSolution& solution) {
  return solution.doubtful || !solution.suspicious.empty() ||
         !(solution.error_bound <= kWantedDigits);
}

}  // namespace insitu
