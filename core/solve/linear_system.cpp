#include "solve/linear_system.hpp"

#include <algorithm>
#include <utility>

#include "base/cancel.hpp"
#include "base/levels.hpp"

namespace insitu {

CrossProducts align_levels(const Design& frozen, const CellPlan& plan,
                           const CrossProducts& products) {
  CrossProducts aligned = empty_cross_products(frozen, plan);
  merge(aligned, products);
  return aligned;
}

Design freeze_levels(const Design& design, const CrossProducts& products) {
  std::vector<std::vector<std::string>> sorted;
  for (const std::vector<std::string>& labels : products.levels) {
    sorted.emplace_back();
    for (const uint32_t code : sorted_order(labels)) sorted.back().push_back(labels[code]);
  }
  return design.freeze(sorted);
}

LinearSystem::LinearSystem(const Design& design, const CellPlan& plan,
                           const CrossProducts& products, Centring centring)
    : design_(design),
      plan_(plan),
      products_(products),
      centring_(std::move(centring)),
      response_(plan.n_values - 1),
      solved_(basis(centring_.constant.has_value())),
      plain_(basis(design.intercept)),
      raw_(basis(false)) {
  for (size_t t = 0; t < design.terms.size(); ++t) {
    // Any center will do within cells; a double is what predictions can repeat.
    if (centring_.cells[t].has_value()) solved_.centers[t] = mean(1 + *design.terms[t].feature).hi;
  }
  if (design.intercept) columns_.push_back({-1, 0});
  for (size_t t = 0; t < design.terms.size(); ++t) {
    first_.push_back(columns_.size());
    for (uint64_t cell = 0; cell < design.cells(design.terms[t]); ++cell) {
      columns_.push_back({static_cast<int>(t), cell});
    }
  }
  for (size_t t = 0; t < design.terms.size(); ++t) {
    for (size_t u = 0; u < design.terms.size(); ++u) {
      const bool both = !design.terms[t].factors.empty() && !design.terms[u].factors.empty();
      pairs_.push_back(both ? map_pair(t, u) : PairMap{});
    }
  }
}

LinearSystem LinearSystem::of(const CrossProducts& products) const {
  LinearSystem other(design_, plan_, products, centring_);
  other.solved_ = solved_;
  return other;
}

LinearSystem::Basis LinearSystem::basis(bool about_means) const {
  Basis basis{std::vector<DoubleDouble>(plan_.n_values),
              std::vector<DoubleDouble>(design_.terms.size())};
  for (size_t value = 1; value < plan_.n_values && about_means; ++value)
    basis.values[value] = mean(value);
  return basis;
}

LinearSystem::PairMap LinearSystem::map_pair(size_t t, size_t u) const {
  const std::vector<size_t>& mine = design_.terms[t].factors;
  const std::vector<size_t>& theirs = design_.terms[u].factors;
  std::vector<size_t> all = mine;
  for (const size_t factor : theirs) {
    if (std::find(all.begin(), all.end(), factor) == all.end()) all.push_back(factor);
  }
  std::sort(all.begin(), all.end());
  auto levels = [&](size_t factor) {  // at least 1, so that strides are none of zero
    return std::max<uint64_t>(1, products_.levels[factor].size());
  };
  auto stride = [&](const std::vector<size_t>& list, size_t wanted) {  // which is in the list
    uint64_t result = 1;
    for (auto factor = list.begin(); *factor != wanted; ++factor) result *= levels(*factor);
    return result;
  };
  auto offsets = [&](const DesignTerm& term, const std::vector<size_t>& counted) {
    std::vector<uint64_t> result(design_.cells(term), 0);
    for (const size_t factor : counted) {
      const uint64_t from = stride(term.factors, factor);
      const uint64_t to = stride(all, factor);
      for (uint64_t cell = 0; cell < result.size(); ++cell)
        result[cell] += cell / from % levels(factor) * to;
    }
    return result;
  };
  PairMap map;
  map.table = plan_.table(all);
  std::vector<size_t> own;
  for (const size_t factor : theirs) {
    if (std::find(mine.begin(), mine.end(), factor) == mine.end()) {
      own.push_back(factor);
    } else {
      map.shared.push_back(
          {stride(mine, factor), levels(factor), stride(theirs, factor), levels(factor)});
    }
  }
  map.first = offsets(design_.terms[t], mine);
  map.second = offsets(design_.terms[u], own);
  return map;
}

std::string LinearSystem::name(size_t column) const {
  const SystemColumn& c = columns_[column];
  return c.term < 0 ? "(Intercept)"
                    : design_.coefficient_name(design_.terms[static_cast<size_t>(c.term)], c.cell);
}

DoubleDouble LinearSystem::mean(size_t value) const {
  return value == 0 ? DoubleDouble(1.0)
                    : DoubleDouble(products_.mean_hi[value - 1], products_.mean_lo[value - 1]);
}

DoubleDouble LinearSystem::response_center() const { return solved_.values[response_]; }

DoubleDouble LinearSystem::term_center(size_t term) const {
  return multiplier(term, solved_).center;
}

LinearSystem::Centred LinearSystem::multiplier(size_t term, const Basis& basis) const {
  const DesignTerm& t = design_.terms[term];
  if (!t.feature.has_value()) return {};
  const size_t value = 1 + *t.feature;
  if (!t.factors.empty()) return {value, basis.centers[term]};
  return {value, basis.values[value]};
}

// Sum of w a b of two values of numeric columns.
DoubleDouble LinearSystem::numeric_entry(size_t a, size_t b, const Basis& basis) const {
  const DoubleDouble about = weight() * (mean(a) - basis.values[a]) * (mean(b) - basis.values[b]);
  if (a == 0 || b == 0) return about;
  const size_t k = products_.values();
  const size_t at = packed_index(std::min(a, b) - 1, std::max(a, b) - 1, k);
  return DoubleDouble(products_.cross_hi[at], products_.cross_lo[at]) + about;
}

// Sum of w a b over a cell.
DoubleDouble LinearSystem::cell_entry(size_t table, uint64_t cell, const Centred& a,
                                      const Centred& b) const {
  const CellTable& sums = products_.tables[table];
  auto sum = [&](size_t x, size_t y) { return sums.at(cell, sums.find(x, y)); };
  auto shift = [&](const Centred& x) {
    return x.value == 0 ? DoubleDouble() : DoubleDouble(products_.origin[x.value - 1]) - x.center;
  };
  DoubleDouble total = sum(a.value, b.value);
  if (a.value != 0) total += shift(a) * sum(0, b.value);
  if (b.value != 0) total += shift(b) * sum(0, a.value);
  if (a.value != 0 && b.value != 0) total += shift(a) * shift(b) * sum(0, 0);
  return total;
}

// Sum of w (column) (value, as a numeric column).
DoubleDouble LinearSystem::value_entry(size_t column, size_t value, const Basis& basis) const {
  const SystemColumn& c = columns_[column];
  if (c.term < 0) return numeric_entry(0, value, basis);
  const auto t = static_cast<size_t>(c.term);
  const Centred own = multiplier(t, basis);
  if (design_.terms[t].factors.empty()) return numeric_entry(own.value, value, basis);
  const PairMap& map = pair(t, t);
  return cell_entry(map.table, map.first[c.cell], own, {value, basis.values[value]});
}

DoubleDouble LinearSystem::column_entry(size_t i, size_t j, const Basis& basis) const {
  const SystemColumn& a = columns_[i];
  const SystemColumn& b = columns_[j];
  if (b.term < 0) return value_entry(i, 0, basis);
  const auto u = static_cast<size_t>(b.term);
  const Centred in_b = multiplier(u, basis);
  if (design_.terms[u].factors.empty()) return value_entry(i, in_b.value, basis);
  if (a.term < 0) return value_entry(j, 0, basis);
  const auto t = static_cast<size_t>(a.term);
  const Centred in_a = multiplier(t, basis);
  if (design_.terms[t].factors.empty()) return value_entry(j, in_a.value, basis);
  if (t == u && a.cell != b.cell) return 0.0;
  const PairMap& map = pair(t, u);
  for (const auto& [stride_a, levels_a, stride_b, levels_b] : map.shared) {
    if (a.cell / stride_a % levels_a != b.cell / stride_b % levels_b) return 0.0;
  }
  return cell_entry(map.table, map.first[a.cell] + map.second[b.cell], in_a, in_b);
}

DoubleDouble LinearSystem::entry(size_t i, size_t j) const { return column_entry(i, j, solved_); }

DoubleDouble LinearSystem::plain_entry(size_t i, size_t j) const {
  return column_entry(i, j, plain_);
}

DoubleDouble LinearSystem::response_entry(size_t i) const {
  return value_entry(i, response_, solved_);
}

DoubleDouble LinearSystem::response_square() const {
  return numeric_entry(response_, response_, solved_);
}

DoubleDouble LinearSystem::raw_response_square() const {
  return numeric_entry(response_, response_, raw_);
}

DoubleDouble LinearSystem::raw_square(size_t i) const { return column_entry(i, i, raw_); }

bool LinearSystem::empty_cell(size_t column) const {
  const SystemColumn& c = columns_[column];
  if (c.term < 0 || design_.terms[static_cast<size_t>(c.term)].factors.empty()) return false;
  const PairMap& map = pair(static_cast<size_t>(c.term), static_cast<size_t>(c.term));
  return !(products_.tables[map.table].at(map.first[c.cell], 0).hi > 0.0);
}

SymmetricMatrix swept_block(const LinearSystem& system, const std::vector<size_t>& columns) {
  const size_t p = columns.size();
  std::vector<DoubleDouble> sums(p);
  for (size_t i = 0; i < p && system.intercept(); ++i) sums[i] = system.plain_entry(columns[i], 0);
  SymmetricMatrix block(p);
  for (size_t i = 0; i < p; ++i) {
    check_cancelled();
    const DoubleDouble mean = sums[i] / system.weight();
    for (size_t j = i; j < p; ++j) {
      block.set(i, j, system.plain_entry(columns[i], columns[j]) - mean * sums[j]);
    }
  }
  return block;
}

SymmetricMatrix block_within_cells(const LinearSystem& system, const std::vector<size_t>& columns,
                                   size_t term) {
  const size_t p = columns.size();
  SymmetricMatrix block(p);
  for (size_t i = 0; i < p; ++i) {
    for (size_t j = i; j < p; ++j) block.set(i, j, system.entry(columns[i], columns[j]));
  }
  const size_t first = system.first_column(term);
  std::vector<DoubleDouble> sums(p);
  for (size_t cell = 0; cell < system.design().cells(system.design().terms[term]); ++cell) {
    check_cancelled();
    if (system.empty_cell(first + cell)) continue;
    const DoubleDouble weight = system.entry(first + cell, first + cell);
    for (size_t i = 0; i < p; ++i) sums[i] = system.entry(columns[i], first + cell);
    for (size_t i = 0; i < p; ++i) {
      if (sums[i] == DoubleDouble()) continue;
      const DoubleDouble mean = sums[i] / weight;
      for (size_t j = i; j < p; ++j) block.set(i, j, block.at(i, j) - mean * sums[j]);
    }
  }
  return block;
}

}  // namespace insitu
