#include "linalg/symmetric.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/cancel.hpp"
#include "base/errors.hpp"
#include "linalg/kernel_table.hpp"

namespace insitu {
namespace {

constexpr size_t kPanel = 4;           // rows per step of dd_block_subtract
constexpr size_t kBlock = 64;          // columns per step, where the operand is triangular
constexpr double kDoubtful = 0x1p-75;  // far above what double-doubles round, far below doubles
constexpr double kAliasUnit = 64.0 * 0x1p-104;  // (8 x 2^-52)^2
constexpr double kSuspicious = 1e-14;           // (1e-7)^2

// Power of two that brings a column of this squared norm near 1; 1 for a zero column.
double scale_of(DoubleDouble square) {
  if (!(square.hi > 0.0)) return 1.0;
  return std::ldexp(1.0, -std::ilogb(square.hi) / 2);
}

DoubleDouble scaled(DoubleDouble x, double a, double b) { return {x.hi * a * b, x.lo * a * b}; }

// c[0..3][from .. stride) -= a b over rows [first, first + depth) of b.
void subtract_rows(const AlignedDoubles& a_hi, const AlignedDoubles& a_lo, const SquareDD& b,
                   size_t first, size_t depth, SquareDD& c, size_t c_row, size_t from, size_t to) {
  const size_t at_b = first * b.stride + from;
  const size_t at_c = c_row * c.stride + from;
  dd_block_subtract({a_hi.data(), a_lo.data(), b.hi.data() + at_b, b.lo.data() + at_b,
                     c.hi.data() + at_c, c.lo.data() + at_c},
                    depth, to - from, b.stride);
}

void set_pair(AlignedDoubles& hi, AlignedDoubles& lo, size_t i, DoubleDouble x) {
  hi[i] = x.hi;
  lo[i] = x.lo;
}

size_t round_down_8(size_t n) { return n & ~size_t{7}; }

}  // namespace

SymmetricMatrix SymmetricMatrix::block(std::span<const size_t> columns) const {
  SymmetricMatrix out(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    for (size_t j = i; j < columns.size(); ++j) out.set(i, j, at(columns[i], columns[j]));
  }
  return out;
}

Factorisation::Factorisation(const SymmetricMatrix& matrix, const FactorRequest& request)
    : n_order_(request.order.size()) {
  for (const auto* columns : {&request.order, &request.responses}) {
    for (const size_t column : *columns) {
      const DoubleDouble square = matrix.at(column, column);
      if (!std::isfinite(square.hi)) {
        throw NumericError(
            "The sum of squares of column " + std::to_string(column) +
            " is not finite; rescale the variable so that its squares stay below 1e308.");
      }
      scale_.push_back(scale_of(square));
      raw_squares_.push_back(request.raw_squares.empty() ? square : request.raw_squares[column]);
    }
  }
  eliminate(matrix, request);
}

DoubleDouble Factorisation::upper(size_t row, size_t column) const {
  return upper_.at(row, column);
}

// Rows of the order come in panels of four: first the kept rows before the panel are subtracted
// (all of the arithmetic), then the panel's rows are settled one by one.
void Factorisation::eliminate(const SymmetricMatrix& matrix, const FactorRequest& request) {
  std::vector<size_t> columns = request.order;
  columns.insert(columns.end(), request.responses.begin(), request.responses.end());
  const size_t width = columns.size();
  upper_ = SquareDD(n_order_, width);
  SquareDD panel(kPanel, width);
  AlignedDoubles a_hi(kPanel * n_order_);
  AlignedDoubles a_lo(kPanel * n_order_);

  for (size_t i0 = 0; i0 < n_order_; i0 += kPanel) {
    check_cancelled();
    const size_t rows = std::min(kPanel, n_order_ - i0);
    for (size_t r = 0; r < kPanel; ++r) {
      for (size_t j = round_down_8(i0); j < width; ++j) {
        const bool used = r < rows && j >= i0;
        panel.set(r, j,
                  used ? scaled(matrix.at(columns[i0 + r], columns[j]), scale_[i0 + r], scale_[j])
                       : DoubleDouble());
      }
    }
    const size_t depth = kept_.size();
    for (size_t c = 0; c < depth; ++c) {
      for (size_t r = 0; r < kPanel; ++r) {
        set_pair(a_hi, a_lo, kPanel * c + r,
                 r < rows ? upper(c, i0 + r) * inverse_pivots_[c] : DoubleDouble());
      }
    }
    subtract_rows(a_hi, a_lo, upper_, 0, depth, panel, 0, round_down_8(i0), panel.stride);
    for (size_t r = 0; r < rows; ++r) settle_row(request, panel, r, i0, rows);
  }
  for (size_t y = 0; y < request.responses.size(); ++y) {
    const size_t column = n_order_ + y;
    DoubleDouble residual =
        scaled(matrix.at(columns[column], columns[column]), scale_[column], scale_[column]);
    const DoubleDouble total = residual;
    for (size_t c = 0; c < kept_.size(); ++c) {
      const DoubleDouble z = upper(c, column);
      residual -= z * z * inverse_pivots_[c];
    }
    const double noise = kAliasUnit * static_cast<double>(kept_.size() + request.kept_before);
    if (!(residual > total * noise)) residual = 0.0;
    const double back = 1.0 / scale_[column];
    residual_squares_.push_back(scaled(residual, back, back));
  }
}

// Decides on column i0 + r, whose row of the panel is final, and eliminates it from the rows below
// in the panel.
void Factorisation::settle_row(const FactorRequest& request, SquareDD& panel, size_t r, size_t i0,
                               size_t rows) {
  const size_t i = i0 + r;
  const size_t column = request.order[i];
  const DoubleDouble pivot = panel.at(r, i);
  const double back = 1.0 / scale_[i];
  const DoubleDouble unscaled = scaled(pivot, back, back);
  const DoubleDouble raw = scaled(raw_squares_[i], scale_[i], scale_[i]);
  const double kept = static_cast<double>(kept_.size() + request.kept_before);
  const bool known = !request.dependent.empty() && request.dependent[column];
  if (known || !(pivot > raw * (kAliasUnit * kept))) {
    aliased_.push_back(column);
    if (known) return;
    doubtful_ = doubtful_ || -pivot > raw * kDoubtful;
    return;
  }
  if (!(pivot > raw * kSuspicious)) suspicious_.push_back(column);

  const size_t c = kept_.size();
  kept_.push_back(column);
  position_.push_back(i);
  pivots_.push_back(unscaled);
  inverse_pivots_.push_back(DoubleDouble(1.0) / pivot);
  const size_t from = round_down_8(i0);
  std::copy_n(panel.hi.begin() + static_cast<std::ptrdiff_t>(r * panel.stride + from),
              panel.stride - from,
              upper_.hi.begin() + static_cast<std::ptrdiff_t>(c * upper_.stride + from));
  std::copy_n(panel.lo.begin() + static_cast<std::ptrdiff_t>(r * panel.stride + from),
              panel.stride - from,
              upper_.lo.begin() + static_cast<std::ptrdiff_t>(c * upper_.stride + from));
  for (size_t below = r + 1; below < rows; ++below) {
    const DoubleDouble factor = -(panel.at(r, i0 + below) * inverse_pivots_[c]);
    const size_t row = r * panel.stride + i;
    const size_t target = below * panel.stride + i;
    dd_axpy(factor, &panel.hi[row], &panel.lo[row], panel.stride - i, &panel.hi[target],
            &panel.lo[target]);
  }
}

std::vector<DoubleDouble> Factorisation::solution(size_t r) const {
  const size_t y = n_order_ + r;
  const size_t p = kept_.size();
  std::vector<DoubleDouble> b(p);
  for (size_t c = p; c-- > 0;) {
    DoubleDouble value = upper(c, y);
    for (size_t j = c + 1; j < p; ++j) value -= upper(c, position_[j]) * b[j];
    b[c] = value * inverse_pivots_[c];
  }
  for (size_t c = 0; c < p; ++c) b[c] = scaled(b[c], scale_[position_[c]], 1.0 / scale_[y]);
  return b;
}

DoubleDouble Factorisation::residual_squares(size_t r) const { return residual_squares_.at(r); }

// V = U^-1 of the unit upper factor among kept columns, from the last panel up: V_i = e_i - sum
// over c > i of U_ic V_c.
SquareDD Factorisation::inverse_upper() const {
  const size_t p = kept_.size();
  const size_t panels = (p + kPanel - 1) / kPanel;
  SquareDD v(panels * kPanel, p);
  AlignedDoubles a_hi(kPanel * p);
  AlignedDoubles a_lo(kPanel * p);
  for (size_t panel = panels; panel-- > 0;) {
    check_cancelled();
    const size_t i0 = panel * kPanel;
    const size_t rows = std::min(kPanel, p - i0);
    const size_t below = i0 + rows;
    for (size_t c = below; c < p; ++c) {
      for (size_t r = 0; r < kPanel; ++r) {
        set_pair(a_hi, a_lo, kPanel * (c - below) + r,
                 r < rows ? upper(i0 + r, position_[c]) * inverse_pivots_[i0 + r] : DoubleDouble());
      }
    }
    // Row c of V starts at column c: rows beyond the end of a block of columns add nothing to it.
    for (size_t j0 = round_down_8(below); j0 < v.stride; j0 += kBlock) {
      const size_t j1 = std::min(j0 + kBlock, v.stride);
      const size_t depth = std::min(j1, p) > below ? std::min(j1, p) - below : 0;
      subtract_rows(a_hi, a_lo, v, below, depth, v, i0, j0, j1);
    }
    for (size_t r = rows; r-- > 0;) {
      v.set(i0 + r, i0 + r, 1.0);
      for (size_t s = r + 1; s < rows; ++s) {
        const DoubleDouble u = upper(i0 + r, position_[i0 + s]) * inverse_pivots_[i0 + r];
        const size_t from = (i0 + s) * v.stride + i0 + s;
        const size_t to = (i0 + r) * v.stride + i0 + s;
        dd_axpy(-u, &v.hi[from], &v.lo[from], v.stride - i0 - s, &v.hi[to], &v.lo[to]);
      }
    }
  }
  return v;
}

// W = V D^-1 V': row panels of V times the scaled transpose of V.
SymmetricMatrix Factorisation::inverse() const {
  const size_t p = kept_.size();
  SymmetricMatrix out(p);
  if (p == 0) return out;
  const SquareDD v = inverse_upper();
  SquareDD t(p, p);
  for (size_t c = 0; c < p; ++c) {
    for (size_t j = 0; j <= c; ++j) t.set(c, j, v.at(j, c) * inverse_pivots_[c]);
  }
  AlignedDoubles a_hi(kPanel * p);
  AlignedDoubles a_lo(kPanel * p);
  for (size_t i0 = 0; i0 < p; i0 += kPanel) {
    check_cancelled();
    const size_t rows = std::min(kPanel, p - i0);
    for (size_t c = i0; c < p; ++c) {
      for (size_t r = 0; r < kPanel; ++r) set_pair(a_hi, a_lo, kPanel * c + r, -v.at(i0 + r, c));
    }
    SquareDD panel(kPanel, p);
    for (size_t j0 = round_down_8(i0); j0 < p; j0 += kBlock) {
      const size_t j1 = std::min(j0 + kBlock, panel.stride);
      // Row c of the transpose ends at column c.
      const size_t first = std::max(i0, j0);
      const size_t at_t = first * t.stride + j0;
      dd_block_subtract({&a_hi[kPanel * first], &a_lo[kPanel * first], &t.hi[at_t], &t.lo[at_t],
                         &panel.hi[j0], &panel.lo[j0]},
                        p - first, j1 - j0, t.stride);
    }
    for (size_t r = 0; r < rows; ++r) {
      const double left = scale_[position_[i0 + r]];
      for (size_t j = i0 + r; j < p; ++j) {
        out.set(i0 + r, j, scaled(panel.at(r, j), left, scale_[position_[j]]));
      }
    }
  }
  return out;
}

}  // namespace insitu
