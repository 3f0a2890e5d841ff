#include "design/cross_products.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.hpp"
#include "linalg/kernels.hpp"

namespace insitu {
namespace {

CenteredMoments moments(CrossProducts& products) {
  return {products.weight, products.mean_hi.data(), products.mean_lo.data(),
          products.cross_hi.data(), products.cross_lo.data()};
}

CenteredMomentsView view(const CrossProducts& products) {
  return {products.weight,
          products.mean_hi.data(),
          products.mean_lo.data(),
          products.cross_hi.data(),
          products.cross_lo.data(),
          nullptr,
          nullptr};
}

// Per value, what moving cell sums from one origin to another subtracts.
std::vector<DoubleDouble> origin_shift(const CrossProducts& from, const CrossProducts& to) {
  std::vector<DoubleDouble> shift{0.0};
  for (size_t v = 0; v < from.origin.size(); ++v)
    shift.push_back(two_sum(to.origin[v], -from.origin[v]));
  return shift;
}

// Grows the tables of `products` to new level counts; codes keep their meaning.
void grow(CrossProducts& products, const std::vector<uint32_t>& old_counts) {
  const std::vector<uint32_t> counts = level_counts(products.levels);
  if (counts == old_counts) return;
  CodeMaps same(old_counts.size());
  for (size_t f = 0; f < same.size(); ++f) {
    for (uint32_t code = 0; code < old_counts[f]; ++code) same[f].push_back(code);
  }
  for (CellTable& table : products.tables) {
    CellTable larger{table.factors, table.a, table.b, {}, {}};
    const std::vector<size_t> factors(table.factors.begin(), table.factors.end());
    larger.hi.assign(count_cells(factors, counts) * table.products(), 0.0);
    larger.lo.assign(larger.hi.size(), 0.0);
    add_cells(larger, counts, table, old_counts, same);
    table = std::move(larger);
  }
}

double scale_of(const CrossProducts& products, size_t value, double weight) {
  if (value == 0) return std::sqrt(weight);
  const size_t k = products.values();
  const double away = products.mean_hi[value - 1] - products.origin[value - 1];
  return std::sqrt(products.cross_hi[packed_index(value - 1, value - 1, k)] + weight * away * away);
}

double mean_of(const CrossProducts& products, size_t value) {
  return value == 0 ? 1.0 : products.mean_hi[value - 1];
}

double in_units(DoubleDouble difference, double scale, double floor) {
  const double size = std::fabs(static_cast<double>(difference));
  if (size == 0.0) return 0.0;
  return size / (0x1p-53 * scale + floor);
}

// Means and centred cross-products. Floors, here and below, forgive what double-double itself
// rounds: of a constant column nothing else is left.
double dense_distance(const CrossProducts& x, const CrossProducts& y) {
  const size_t k = x.values();
  const double weight = x.weight.hi;
  double worst = 0.0;
  for (size_t i = 0; i < k; ++i) {
    const double scale = std::sqrt(std::fabs(x.cross_hi[packed_index(i, i, k)]) / weight);
    const DoubleDouble d =
        DoubleDouble(x.mean_hi[i], x.mean_lo[i]) - DoubleDouble(y.mean_hi[i], y.mean_lo[i]);
    worst = std::max(worst, in_units(d, scale, 0x1p-98 * std::fabs(x.mean_hi[i])));
  }
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = i; j < k; ++j) {
      const size_t at = packed_index(i, j, k);
      const double scale = std::sqrt(
          std::fabs(x.cross_hi[packed_index(i, i, k)] * x.cross_hi[packed_index(j, j, k)]));
      const double floor = 0x1p-98 * weight * std::fabs(x.mean_hi[i] * x.mean_hi[j]);
      const DoubleDouble d = DoubleDouble(x.cross_hi[at], x.cross_lo[at]) -
                             DoubleDouble(y.cross_hi[at], y.cross_lo[at]);
      worst = std::max(worst, in_units(d, scale, floor));
    }
  }
  return worst;
}

double table_distance(const CrossProducts& x, const CellTable& mine, const CellTable& theirs) {
  double worst = 0.0;
  for (size_t p = 0; p < mine.products(); ++p) {
    const double scale = scale_of(x, mine.a[p], x.weight.hi) * scale_of(x, mine.b[p], x.weight.hi);
    const double floor =
        0x1p-98 * x.weight.hi * std::fabs(mean_of(x, mine.a[p]) * mean_of(x, mine.b[p]));
    for (uint64_t cell = 0; cell < mine.cells(); ++cell) {
      worst = std::max(worst, in_units(mine.at(cell, p) - theirs.at(cell, p), scale, floor));
    }
  }
  return worst;
}

}  // namespace

CrossProducts empty_cross_products(const Design& design, const CellPlan& plan) {
  CrossProducts products;
  const size_t k = plan.n_values - 1;
  products.mean_hi.assign(k, 0.0);
  products.mean_lo.assign(k, 0.0);
  products.cross_hi.assign(packed_size(k), 0.0);
  products.cross_lo.assign(packed_size(k), 0.0);
  for (const DesignFactor& factor : design.factors) {
    products.levels.push_back(factor.levels.value_or(std::vector<std::string>{}));
  }
  const std::vector<uint32_t> counts = level_counts(products.levels);
  for (const CellTablePlan& planned : plan.tables) {
    CellTable table;
    table.factors.assign(planned.factors.begin(), planned.factors.end());
    for (const size_t product : planned.products) {
      table.a.push_back(static_cast<uint32_t>(plan.products[product][0]));
      table.b.push_back(static_cast<uint32_t>(plan.products[product][1]));
    }
    table.hi.assign(count_cells(planned.factors, counts) * table.products(), 0.0);
    table.lo.assign(table.hi.size(), 0.0);
    products.tables.push_back(std::move(table));
  }
  return products;
}

void merge(CrossProducts& into, const CrossProducts& from) {
  const std::vector<uint32_t> old_counts = level_counts(into.levels);
  CodeMaps maps;
  for (size_t f = 0; f < into.levels.size(); ++f)
    maps.push_back(unite_levels(into.levels[f], from.levels[f]));
  grow(into, old_counts);
  into.rounding = std::max(into.rounding, from.rounding);
  if (from.origin.empty()) return;
  if (into.origin.empty()) into.origin = from.origin;

  CenteredMoments target = moments(into);
  merge_centered(into.values(), target, view(from));
  into.weight = target.weight;

  const std::vector<uint32_t> counts = level_counts(into.levels);
  const std::vector<uint32_t> from_counts = level_counts(from.levels);
  const bool same_origin = into.origin == from.origin;
  const std::vector<DoubleDouble> shift = origin_shift(from, into);
  for (size_t t = 0; t < into.tables.size(); ++t) {
    if (same_origin) {
      add_cells(into.tables[t], counts, from.tables[t], from_counts, maps);
    } else {
      CellTable moved = from.tables[t];
      moved.move_origin(shift);
      add_cells(into.tables[t], counts, moved, from_counts, maps);
    }
  }
}

double CrossProducts::distance(const CrossProducts& other) const {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  if (values() != other.values() || tables.size() != other.tables.size() ||
      levels.size() != other.levels.size() || origin.empty() != other.origin.empty()) {
    return kFar;
  }
  for (size_t f = 0; f < levels.size(); ++f) {
    std::vector<std::string> mine = levels[f];
    if (levels[f].size() != other.levels[f].size()) return kFar;
    unite_levels(mine, other.levels[f]);
    if (mine.size() != levels[f].size()) return kFar;
  }
  const DoubleDouble d = weight - other.weight;
  double worst = in_units(d, std::fabs(weight.hi), 0.0);
  if (origin.empty()) return worst;
  // The other state under my labels and about my origin: merged into an empty one of my shape.
  CrossProducts aligned = *this;
  aligned.weight = 0.0;
  for (auto* list : {&aligned.mean_hi, &aligned.mean_lo, &aligned.cross_hi, &aligned.cross_lo}) {
    std::fill(list->begin(), list->end(), 0.0);
  }
  for (CellTable& table : aligned.tables) {
    std::fill(table.hi.begin(), table.hi.end(), 0.0);
    std::fill(table.lo.begin(), table.lo.end(), 0.0);
  }
  merge(aligned, other);
  worst = std::max(worst, dense_distance(*this, aligned));
  for (size_t t = 0; t < tables.size(); ++t) {
    worst = std::max(worst, table_distance(*this, tables[t], aligned.tables[t]));
  }
  return worst;
}

void validate(const Design& design, const CellPlan& plan, const CrossProducts& products) {
  design.validate_levels(products.levels);
  const CrossProducts shape = empty_cross_products(design, plan);
  auto refuse = [](const std::string& what) {
    throw StateError("the state's " + what + " do not fit its spec");
  };
  if (!(products.rounding >= 0.0 && products.rounding <= 1.0)) refuse("roundings");
  const size_t k = plan.n_values - 1;
  if (products.mean_hi.size() != k || products.mean_lo.size() != k ||
      products.cross_hi.size() != packed_size(k) || products.cross_lo.size() != packed_size(k)) {
    refuse("numeric columns");
  }
  if (!products.origin.empty() && products.origin.size() != k) refuse("origins");
  if (products.tables.size() != shape.tables.size()) refuse("tables");
  const std::vector<uint32_t> counts = level_counts(products.levels);
  for (size_t t = 0; t < shape.tables.size(); ++t) {
    const CellTable& table = products.tables[t];
    const CellTable& expected = shape.tables[t];
    if (table.factors != expected.factors || table.a != expected.a || table.b != expected.b)
      refuse("tables");
    const uint64_t size = count_cells(plan.tables[t].factors, counts) * expected.products();
    if (table.hi.size() != size || table.lo.size() != size) refuse("cells");
  }
}

uint64_t smallest_cell(const Design& design, const CrossProducts& products) {
  const std::vector<uint32_t> counts = level_counts(products.levels);
  double least = std::numeric_limits<double>::infinity();
  std::vector<std::vector<bool>> counted;
  for (const uint32_t count : counts) counted.emplace_back(count, false);
  for (const CellTable& table : products.tables) {
    for (uint64_t cell = 0; cell < table.cells(); ++cell) {
      const double rows = table.at(cell, 0).hi;
      if (!(rows > 0.0)) continue;
      least = std::min(least, rows);
      uint64_t rest = cell;
      for (const uint32_t factor : table.factors) {
        counted[factor][rest % counts[factor]] = true;
        rest /= counts[factor];
      }
    }
  }
  for (size_t f = 0; f < counted.size(); ++f) {
    const bool all = std::find(counted[f].begin(), counted[f].end(), false) == counted[f].end();
    if (!all && !design.factors[f].levels.has_value()) return 0;
  }
  return std::isinf(least) ? kNoCell : static_cast<uint64_t>(least);
}

uint64_t cross_products_bytes(const Design& design, const CellPlan& plan) {
  uint64_t doubles = 2 * packed_size(plan.n_values - 1) + 4 * plan.n_values;
  std::vector<uint32_t> counts;
  for (const DesignFactor& factor : design.factors) {
    counts.push_back(factor.levels.has_value() ? static_cast<uint32_t>(factor.levels->size()) : 1);
  }
  for (const CellTablePlan& table : plan.tables) {
    doubles += 2 * count_cells(table.factors, counts) * table.products.size();
  }
  return doubles * sizeof(double);
}

}  // namespace insitu
