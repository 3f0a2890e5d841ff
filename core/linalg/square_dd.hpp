// Working storage of the factorisation. Internal to linalg.
#pragma once

#include <cstddef>

#include "base/double_double.hpp"
#include "linalg/kernels.hpp"

namespace insitu {

// Rows of double-doubles with padded, aligned storage.
struct SquareDD {
  size_t stride = 0;
  AlignedDoubles hi;
  AlignedDoubles lo;

  SquareDD() = default;
  SquareDD(size_t rows, size_t columns)
      : stride(round_up_8(columns)), hi(rows * stride), lo(rows * stride) {}
  DoubleDouble at(size_t i, size_t j) const { return {hi[i * stride + j], lo[i * stride + j]}; }
  void set(size_t i, size_t j, DoubleDouble value) {
    hi[i * stride + j] = value.hi;
    lo[i * stride + j] = value.lo;
  }
};

}  // namespace insitu
