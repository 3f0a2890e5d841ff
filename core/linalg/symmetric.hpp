// Symmetric matrices of double-doubles, and the factorisation that every linear solver uses.
//
// Factorisation is LDL' in the order given, without pivoting, of the cross-product matrix, columns
// first scaled by powers of two (exactly). The rank rule, the only one in the project: a column is
// aliased when
//     residual norm <= 8 sqrt(k) 2^-52 x raw norm      (k columns kept so far; residual norm = sqrt
//     of its pivot),
// and is skipped; up to 1e-7 x raw norm it is kept and listed as suspicious. All in double-double:
// unit roundoff 2^-104. Columns that are known to depend on others are skipped unseen. It asks
// check_cancelled() (base/cancel.hpp) every four rows.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/double_double.hpp"
#include "linalg/kernels.hpp"
#include "linalg/square_dd.hpp"

namespace insitu {

// Packed upper triangle by rows (packed_index).
struct SymmetricMatrix {
  size_t size = 0;
  std::vector<double> hi;
  std::vector<double> lo;

  SymmetricMatrix() = default;
  explicit SymmetricMatrix(size_t n) : size(n), hi(packed_size(n)), lo(packed_size(n)) {}
  DoubleDouble at(size_t i, size_t j) const {
    const size_t p = i <= j ? packed_index(i, j, size) : packed_index(j, i, size);
    return {hi[p], lo[p]};
  }
  void set(size_t i, size_t j, DoubleDouble value) {
    const size_t p = i <= j ? packed_index(i, j, size) : packed_index(j, i, size);
    hi[p] = value.hi;
    lo[p] = value.lo;
  }
  // The rows and columns listed, in that order.
  SymmetricMatrix block(std::span<const size_t> columns) const;
};

struct FactorRequest {
  std::vector<size_t> order;      // columns of the matrix to eliminate, in this order
  std::vector<size_t> responses;  // columns that are right-hand sides
  std::vector<DoubleDouble>
      raw_squares;  // per column of the matrix: sum of w x^2 before centring; empty: the diagonal
  size_t kept_before = 0;  // columns already eliminated (1 where centring took the intercept out)
  std::vector<bool> dependent;  // per column of the matrix: known to depend on those before it,
                                // whatever the sums round to; empty: nothing is known
};

class Factorisation {
 public:
  Factorisation(const SymmetricMatrix& matrix, const FactorRequest& request);

  // Columns of the matrix, in the order of elimination.
  const std::vector<size_t>& kept() const { return kept_; }
  const std::vector<size_t>& aliased() const { return aliased_; }
  const std::vector<size_t>& suspicious() const { return suspicious_; }
  // True if a column was aliased whose pivot is below zero by more than double-doubles round: the
  // sums hold too few digits to tell.
  bool doubtful() const { return doubtful_; }
  // pivots()[i]: residual sum of squares of kept()[i] on the columns before it.
  const std::vector<DoubleDouble>& pivots() const { return pivots_; }
  // Coefficients of response number r (position in request.responses), in the order of kept().
  std::vector<DoubleDouble> solution(size_t r) const;
  // Residual sum of squares of response r, clamped at 0; exactly 0 where no digit of it is left in
  // double-double.
  DoubleDouble residual_squares(size_t r) const;
  // Inverse of the kept block, in the order of kept().
  SymmetricMatrix inverse() const;

 private:
  void eliminate(const SymmetricMatrix& matrix, const FactorRequest& request);
  // Row c of the upper factor (D U): columns are those of request.order, then the responses.
  DoubleDouble upper(size_t row, size_t column) const;
  void settle_row(const FactorRequest& request, SquareDD& panel, size_t r, size_t i0, size_t rows);
  SquareDD inverse_upper() const;

  std::vector<size_t> kept_;
  std::vector<size_t> aliased_;
  std::vector<size_t> suspicious_;
  bool doubtful_ = false;
  std::vector<DoubleDouble> pivots_;
  std::vector<DoubleDouble> residual_squares_;
  // Of everything below, in scaled columns: column x scale, a power of two.
  size_t n_order_ = 0;
  std::vector<size_t> position_;  // in the order, of kept column c
  std::vector<DoubleDouble>
      raw_squares_;            // of the order's columns, then of the responses; not scaled
  std::vector<double> scale_;  // of the order's columns, then of the responses
  std::vector<DoubleDouble> inverse_pivots_;
  SquareDD upper_;
};

// log |M| of a positive definite matrix, in double.
double log_determinant(const SymmetricMatrix& matrix);

// Largest sum of absolute values over a column.
double norm_1(const SymmetricMatrix& matrix);

// ||R||_1 ||R^-1||_1 of the correlation matrix (unit diagonal) that belongs to `block`, whose
// inverse is given. No columns: 1.
double condition_1norm(const SymmetricMatrix& block, const SymmetricMatrix& inverse);

// What rounding of the cross-products does to the estimates: relative errors that are hardly
// ever exceeded, if sums of products x_j x_k are wrong by eps of the product of the columns' norms,
// taken as three standard deviations. Sums of different products round independently, so that
// their errors add up in squares. A coefficient that is zero, or lost, has an infinite bound.
struct ErrorBoundInput {
  const SymmetricMatrix* inverse = nullptr;  // of the kept block
  std::span<const double>
      scales;  // s_k: 2-norms of the kept columns, as they were summed (centred)
  std::span<const double> coefficients;
  double response_scale = 0.0;  // s_y
  double residual_squares = 0.0;
  double eps = 0.0;  // relative error of the cross-products
};
struct ErrorBounds {
  std::vector<double> coefficients;  // |delta b_j| / |b_j|
  std::vector<double> std_errors;    // of sqrt(inverse_jj residual_squares)
  double residual_squares = 0.0;
  double worst() const;  // the largest of all three
};
ErrorBounds coefficient_error_bound(const ErrorBoundInput& input);

}  // namespace insitu
