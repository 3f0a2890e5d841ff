#include "solve/raw_basis.hpp"

#include <algorithm>

#include "base/cancel.hpp"

namespace insitu {
namespace {

// The column of `inner` that each cell of `outer` lies in; outer's factors contain inner's.
std::vector<size_t> columns_within(const LinearSystem& system, size_t outer, size_t inner) {
  const Design& design = system.design();
  std::vector<size_t> columns(design.cells(design.terms[outer]), system.first_column(inner));
  for (uint64_t cell = 0; cell < columns.size(); ++cell)
    columns[cell] += design.cell_within(design.terms[outer], cell, design.terms[inner]);
  return columns;
}

}  // namespace

RawBasis::RawBasis(const LinearSystem& system, const std::vector<bool>& aliased) : system_(system) {
  const Design& design = system.design();
  const Centring& centring = system.centring();
  const size_t terms = design.terms.size();
  references_.resize(terms);
  slopes_.resize(terms);
  into_.resize(terms);
  if (!centring.constant.has_value()) return;
  for (size_t t = 0; t < terms; ++t) {
    if (const auto outer = centring.cells[t]) {
      slopes_[*outer].push_back(t);
      into_[*outer].push_back(columns_within(system, *outer, t));
    } else if (design.terms[t].feature.has_value() && design.terms[t].factors.empty()) {
      numeric_.push_back(t);
    }
  }
  for (size_t t = 0; t < terms; ++t) {
    if (design.terms[t].feature.has_value()) continue;
    size_t dropped = 0;
    for (uint64_t cell = 0; cell < design.cells(design.terms[t]); ++cell) {
      const size_t column = system.first_column(t) + cell;
      if (!aliased[column] || system.empty_cell(column)) continue;
      ++dropped;
      references_[t] = column;
    }
    if (dropped > 1) references_[t].reset();
    const bool is_constant = centring.constant == static_cast<int>(t);
    if ((dropped > 1 && !slopes_[t].empty()) || (dropped > 0 && is_constant)) exists_ = false;
  }
}

// Column `column` with the centers of slopes in its cells.
void RawBasis::add(Row& row, size_t column, double sign) const {
  row.weights.emplace_back(column, sign);
  const SystemColumn& c = system_.columns()[column];
  if (c.term < 0) return;
  const auto t = static_cast<size_t>(c.term);
  for (size_t k = 0; k < slopes_[t].size(); ++k) {
    row.weights.emplace_back(into_[t][k][c.cell], system_.term_center(slopes_[t][k]) * -sign);
  }
}

RawBasis::Row RawBasis::row(size_t column) const {
  Row row;
  const int term = system_.columns()[column].term;
  add(row, column, 1.0);
  if (term >= 0) {
    if (const auto reference = references_[static_cast<size_t>(term)]) add(row, *reference, -1.0);
  }
  if (system_.centring().constant != term) return row;
  row.constant = system_.response_center();
  for (const size_t t : numeric_) {
    row.weights.emplace_back(system_.first_column(t), -system_.term_center(t));
  }
  for (const auto& reference : references_) {
    if (reference.has_value()) add(row, *reference, 1.0);
  }
  return row;
}

SymmetricMatrix raw_inverse(const RawBasis& basis, const std::vector<size_t>& kept,
                            const SymmetricMatrix& inverse) {
  const size_t k = kept.size();
  const size_t last = k == 0 ? 0 : *std::max_element(kept.begin(), kept.end());
  std::vector<size_t> position(last + 1, k);
  for (size_t i = 0; i < k; ++i) position[kept[i]] = i;
  std::vector<std::vector<std::pair<size_t, DoubleDouble>>> rows(k);
  for (size_t i = 0; i < k; ++i) {
    for (const auto& [column, weight] : basis.row(kept[i]).weights) {
      if (column <= last && position[column] < k) rows[i].emplace_back(position[column], weight);
    }
  }
  SymmetricMatrix raw(k);
  std::vector<DoubleDouble> product(k);
  for (size_t i = 0; i < k; ++i) {
    check_cancelled();
    std::fill(product.begin(), product.end(), DoubleDouble());
    for (const auto& [at, weight] : rows[i]) {
      for (size_t j = 0; j < k; ++j) product[j] += weight * inverse.at(at, j);
    }
    for (size_t j = i; j < k; ++j) {
      DoubleDouble sum;
      for (const auto& [at, weight] : rows[j]) sum += weight * product[at];
      raw.set(i, j, sum);
    }
  }
  return raw;
}

}  // namespace insitu
