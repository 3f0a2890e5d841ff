// The way back from columns about their centers to those of the formula.
//
// With c_j the center of column j and m that of the response, the fit is
//     m + sum b_j (x_j - c_j) = sum b_j x_j + (m - sum c_j b_j),
// and what is in brackets goes to the columns that take up centers (centring.hpp): to the
// intercept, or to every cell of a plain factor term. If one of those cells is dropped, the
// reference, its share goes to the constant and is taken off the term's other cells.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "solve/linear_system.hpp"

namespace insitu {

class RawBasis {
 public:
  // A coefficient of the formula: constant + sum of weight x coefficient as solved, per column. A
  // column may come twice.
  struct Row {
    DoubleDouble constant;
    std::vector<std::pair<size_t, DoubleDouble>> weights;
  };

  RawBasis(const LinearSystem& system, const std::vector<bool>& aliased);

  // False where a center has no columns left to take it up.
  bool exists() const { return exists_; }
  Row row(size_t column) const;

 private:
  void add(Row& row, size_t column, double sign) const;

  const LinearSystem& system_;
  std::vector<std::optional<size_t>> references_;       // per term: the column of its dropped cell
  std::vector<std::vector<size_t>> slopes_;             // per term: those whose centers it takes up
  std::vector<std::vector<std::vector<size_t>>> into_;  // as slopes_: their column, per cell
  std::vector<size_t> numeric_;                         // terms whose centers the constant takes up
  bool exists_ = true;
};

// T V T' for the inverse V of the columns as solved, `kept` in order: (X'WX)^-1 of the columns of
// the formula.
SymmetricMatrix raw_inverse(const RawBasis& basis, const std::vector<size_t>& kept,
                            const SymmetricMatrix& inverse);

}  // namespace insitu
