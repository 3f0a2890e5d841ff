// x' M x for the rows x of a design, about the centers of a predictor: leverages, and variances of
// predictions. It costs m^2 for m columns that are not zero (1 + terms) a row.
#pragma once

#include <cstdint>
#include <vector>

#include "design/linear_predictor.hpp"

namespace insitu {

class RowForm {
 public:
  // The columns of one row that are not zero; kept from row to row.
  struct Active {
    std::vector<size_t> where;
    std::vector<double> values;
  };

  RowForm() = default;
  // M is of the coefficients listed in `columns`, its upper triangle packed by rows. SpecError
  // unless it fits `predictor`.
  RowForm(const LinearPredictor& predictor, const std::vector<size_t>& columns,
          const std::vector<double>& packed);

  // `intercept`: the coefficient list starts with one. `predictor` is the one it was made with.
  double at(const LinearPredictor& predictor, bool intercept, const Tile& tile, size_t row,
            Active& active) const;

 private:
  std::vector<int64_t> position_;  // per coefficient, -1: not in M
  size_t size_ = 0;
  std::vector<double> matrix_;  // full
};

}  // namespace insitu
