#include "solve/reduced_solution.hpp"

#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"

namespace insitu {
namespace {

std::vector<double> times(const Rows& matrix, const std::vector<double>& x) {
  std::vector<double> result;
  result.reserve(matrix.size());
  for (const std::vector<double>& row : matrix) result.push_back(dot(row, x));
  return result;
}

void add_multiple(std::vector<double>& into, double factor, const std::vector<double>& from) {
  for (size_t i = 0; i < into.size(); ++i) into[i] += factor * from[i];
}

}  // namespace

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sums[4] = {};  // chains that run side by side
  size_t i = 0;
  for (; i + 4 <= a.size(); i += 4) {
    for (size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
  }
  for (; i < a.size(); ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

ReducedSolution::ReducedSolution(const LinearSystem& system, size_t term, std::vector<size_t> rest,
                                 std::vector<DoubleDouble> values, Rows inverse, Rows eliminated)
    : system_(system),
      term_(term),
      rest_(std::move(rest)),
      values_(std::move(values)),
      inverse_(std::move(inverse)),
      eliminated_(std::move(eliminated)) {
  for (size_t i = 0; i < rest_.size(); ++i) {
    position_[rest_[i]] = i;
    scales_.push_back(std::sqrt(system.entry(rest_[i], rest_[i]).hi));
  }
}

bool ReducedSolution::is_cell(size_t column) const {
  return system_.columns()[column].term == static_cast<int>(term_) && !system_.empty_cell(column);
}

ReducedSolution::Cell ReducedSolution::solve(size_t column) const {
  const DoubleDouble square = system_.entry(column, column);
  Cell cell{column, system_.response_entry(column), 1.0 / square.hi, {}, {}};
  for (size_t i = 0; i < rest_.size(); ++i) {
    const DoubleDouble a = system_.entry(rest_[i], column);
    cell.value -= a * values_[i];
    cell.g.push_back((a / square).hi);
  }
  cell.value = cell.value / square;
  cell.solved = times(inverse_, cell.g);
  return cell;
}

const ReducedSolution::Cell& ReducedSolution::visit(size_t column) {
  visited_ = solve(column);
  return visited_;
}

const ReducedSolution::Cell& ReducedSolution::cell(size_t column) {
  if (visited_.column == column && visited_.inverse_square > 0.0) return visited_;
  const auto known = others_.find(column);
  return known != others_.end() ? known->second
                                : others_.emplace(column, solve(column)).first->second;
}

ReducedSolution::Combination ReducedSolution::combine(const RawBasis::Row& row) {
  const size_t r = rest_.size();
  Combination sum{row.constant, {}, std::vector<double>(r), std::vector<double>(r)};
  for (const auto& [column, weight] : row.weights) {
    if (is_cell(column)) {
      const Cell& part = cell(column);
      sum.value += weight * part.value;
      add_multiple(sum.left, -weight.hi, part.g);
      add_multiple(sum.right, -weight.hi, part.solved);
      const auto same = std::find_if(sum.cells.begin(), sum.cells.end(),
                                     [&](const auto& known) { return known.first == part.column; });
      if (same == sum.cells.end()) {
        sum.cells.emplace_back(part.column, weight.hi);
      } else {
        same->second += weight.hi;
      }
    } else if (const auto at = position_.find(column); at != position_.end()) {
      sum.value += weight * values_[at->second];
      sum.left[at->second] += weight.hi;
      add_multiple(sum.right, weight.hi, inverse_[at->second]);
    }
  }
  return sum;
}

double ReducedSolution::covariance(const Combination& a, const Combination& b) const {
  double sum = dot(a.left, b.right);
  for (const auto& [column, weight] : a.cells) {
    for (const auto& [other, other_weight] : b.cells) {
      if (column == other) sum += weight * other_weight / system_.entry(column, column).hi;
    }
  }
  return sum;
}

SymmetricMatrix ReducedSolution::inverse(const RawBasis& basis,
                                         const std::vector<size_t>& columns) {
  std::vector<Combination> rows;
  for (const size_t column : columns) rows.push_back(combine(basis.row(column)));
  SymmetricMatrix inverse(columns.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    check_cancelled();
    for (size_t j = i; j < rows.size(); ++j) inverse.set(i, j, covariance(rows[i], rows[j]));
  }
  return inverse;
}

double ReducedSolution::scaled_square(std::vector<double> row) const {
  for (size_t i = 0; i < row.size(); ++i) row[i] *= scales_[i];
  return dot(row, row);
}

// x' (B' D^-1 B) x: the cells' part of a row of the inverse.
double ReducedSolution::square_of_cells(const std::vector<double>& x) const {
  return std::max(dot(x, times(eliminated_, x)), 0.0);
}

double ReducedSolution::square_of_cell(const Cell& cell) const {
  return cell.inverse_square + square_of_cells(cell.solved) + scaled_square(cell.solved);
}

double ReducedSolution::square_of_rest(size_t i) const {
  return scaled_square(inverse_[i]) + square_of_cells(inverse_[i]);
}

double ReducedSolution::size_of_rest() const {
  std::vector<double> values;
  for (const DoubleDouble value : values_) values.push_back(value.hi);
  return scaled_square(std::move(values));
}

}  // namespace insitu
