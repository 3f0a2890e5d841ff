// The inner loops over coded rows. Plain additions in row order: the same bits on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace insitu {

// cells[i] = sum of strides[f] * codes[f][i]
void cell_indices(const uint32_t* const* codes, const uint32_t* strides, size_t factors, size_t n,
                  uint32_t* cells);
// table[cells[i] * width + c] += rows[i * width + c]; width is a multiple of 4.
void scatter_rows(const uint32_t* cells, const double* rows, size_t width, size_t n, double* table);
// table[cells[i]] += weight[i], or 1 where weight is null.
void scatter_weights(const uint32_t* cells, const double* weight, size_t n, double* table);
// The same in double-double.
void scatter_rows_precise(const uint32_t* cells, const double* rows, const double* low, size_t width,
                          size_t n, double* hi, double* lo);
void scatter_weights_precise(const uint32_t* cells, const double* weight, size_t n, double* hi, double* lo);

}  // namespace insitu
