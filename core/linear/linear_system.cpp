#include "linear/linear_system.hpp"

#include <algorithm>

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
                           const CrossProducts& products, bool intercept)
    : design_(design),
      plan_(plan),
      products_(products),
      intercept_(intercept),
      response_(plan.n_values - 1) {
  if (intercept) columns_.push_back({-1, 0});
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

LinearSystem::PairMap LinearSystem::map_pair(size_t t, size_t u) const {
  const std::vector<size_t>& mine = design_.terms[t].factors;
  const std::vector<size_t>& theirs = design_.terms[u].factors;
  std::vector<size_t> all = mine;
  for (const size_t factor : theirs) {
    if (std::find(all.begin(), all.end(), factor) == all.end()) all.push_back(factor);
  }
  std::sort(all.begin(), all.end());
  auto levels = [&](size_t factor) {
    return static_cast<uint64_t>(products_.levels[factor].size());
  };
  auto stride = [&](const std::vector<size_t>& list, size_t wanted) {
    uint64_t result = 1;
    for (const size_t factor : list) {
      if (factor == wanted) return result;
      result *= levels(factor);
    }
    return uint64_t{0};  // not in the list
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

size_t LinearSystem::multiplier(size_t term) const {
  const auto& feature = design_.terms[term].feature;
  return feature.has_value() ? 1 + *feature : 0;
}

DoubleDouble LinearSystem::mean(size_t value) const {
  return value == 0 ? DoubleDouble(1.0)
                    : DoubleDouble(products_.mean_hi[value - 1], products_.mean_lo[value - 1]);
}

DoubleDouble LinearSystem::center(size_t value) const {
  return intercept_ && value != 0 ? mean(value) : DoubleDouble(0.0);
}

// Sum of w a b of two values, each about its center.
DoubleDouble LinearSystem::numeric_entry(size_t a, size_t b) const {
  if (a == 0 && b == 0) return weight();
  if (a == 0 || b == 0) return intercept_ ? DoubleDouble(0.0) : weight() * mean(a) * mean(b);
  const size_t k = products_.values();
  const size_t at = packed_index(std::min(a, b) - 1, std::max(a, b) - 1, k);
  const DoubleDouble centred(products_.cross_hi[at], products_.cross_lo[at]);
  return intercept_ ? centred : centred + weight() * mean(a) * mean(b);
}

DoubleDouble LinearSystem::cell_entry(size_t table, uint64_t cell, size_t a, size_t b,
                                      DoubleDouble center_b) const {
  const CellTable& sums = products_.tables[table];
  auto sum = [&](size_t x, size_t y) { return sums.at(cell, sums.find(x, y)); };
  const DoubleDouble shift_a = a == 0 ? DoubleDouble(0.0) : DoubleDouble(products_.origin[a - 1]);
  const DoubleDouble shift_b =
      b == 0 ? DoubleDouble(0.0) : DoubleDouble(products_.origin[b - 1]) - center_b;
  DoubleDouble total = sum(a, b);
  if (a != 0) total += shift_a * sum(0, b);
  if (b != 0) total += shift_b * sum(0, a);
  if (a != 0 && b != 0) total += shift_a * shift_b * sum(0, 0);
  return total;
}

// Sum of w (column) (value about its center).
DoubleDouble LinearSystem::value_entry(size_t column, size_t value) const {
  const SystemColumn& c = columns_[column];
  if (c.term < 0) return numeric_entry(0, value);
  const auto t = static_cast<size_t>(c.term);
  if (design_.terms[t].factors.empty()) return numeric_entry(multiplier(t), value);
  const PairMap& map = pair(t, t);
  return cell_entry(map.table, map.first[c.cell], multiplier(t), value, center(value));
}

DoubleDouble LinearSystem::entry(size_t i, size_t j) const {
  const SystemColumn& a = columns_[i];
  const SystemColumn& b = columns_[j];
  if (b.term < 0) return value_entry(i, 0);
  const auto u = static_cast<size_t>(b.term);
  if (design_.terms[u].factors.empty()) return value_entry(i, multiplier(u));
  if (a.term < 0) return value_entry(j, 0);
  const auto t = static_cast<size_t>(a.term);
  if (design_.terms[t].factors.empty()) return value_entry(j, multiplier(t));
  if (t == u && a.cell != b.cell) return 0.0;
  const PairMap& map = pair(t, u);
  for (const auto& [stride_a, levels_a, stride_b, levels_b] : map.shared) {
    if (a.cell / stride_a % levels_a != b.cell / stride_b % levels_b) return 0.0;
  }
  return cell_entry(map.table, map.first[a.cell] + map.second[b.cell], multiplier(t), multiplier(u),
                    0.0);
}

DoubleDouble LinearSystem::response_entry(size_t i) const { return value_entry(i, response_); }

DoubleDouble LinearSystem::response_square() const { return numeric_entry(response_, response_); }

DoubleDouble LinearSystem::raw_response_square() const {
  const DoubleDouble square = response_square();
  return intercept_ ? square + weight() * mean(response_) * mean(response_) : square;
}

DoubleDouble LinearSystem::raw_square(size_t i) const {
  const DoubleDouble square = entry(i, i);
  const SystemColumn& c = columns_[i];
  if (!intercept_ || c.term < 0) return square;
  const auto t = static_cast<size_t>(c.term);
  if (!design_.terms[t].factors.empty()) return square;
  return square + weight() * mean(multiplier(t)) * mean(multiplier(t));
}

bool LinearSystem::empty_cell(size_t column) const {
  const SystemColumn& c = columns_[column];
  if (c.term < 0 || design_.terms[static_cast<size_t>(c.term)].factors.empty()) return false;
  const PairMap& map = pair(static_cast<size_t>(c.term), static_cast<size_t>(c.term));
  return !(products_.tables[map.table].at(map.first[c.cell], 0).hi > 0.0);
}

SymmetricMatrix swept_block(const LinearSystem& system, const std::vector<size_t>& columns) {
  const size_t p = columns.size();
  std::vector<DoubleDouble> sums(p);
  for (size_t i = 0; i < p && system.intercept(); ++i) sums[i] = system.entry(columns[i], 0);
  SymmetricMatrix block(p);
  for (size_t i = 0; i < p; ++i) {
    const DoubleDouble mean = sums[i] / system.weight();
    for (size_t j = i; j < p; ++j) {
      block.set(i, j, system.entry(columns[i], columns[j]) - mean * sums[j]);
    }
  }
  return block;
}

}  // namespace insitu
