// The inner loops over coded rows. Plain additions in row order: the same bits on every instruction
// set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "linalg/read_ahead.hpp"

namespace insitu {

// True if all codes are below size, which is at most 2^31.
bool all_below(const uint32_t* codes, size_t n, uint32_t size);
// cells[i] = sum of strides[f] * codes[f][i]
void cell_indices(const uint32_t* const* codes, const uint32_t* strides, size_t factors, size_t n,
                  uint32_t* cells);
// table[cells[i] * width + c] += columns[c][i], for columns[c] that are not null; width is a
// multiple of 4, as is the room of the columns. Asks for a line of `ahead` every four rows.
void scatter_columns(const uint32_t* cells, const double* const* columns, size_t width, size_t n,
                     double* table, ReadAhead& ahead);
// ++table[cells[i]]. Asks for memory likewise.
void count_rows(const uint32_t* cells, size_t n, uint32_t* table, ReadAhead& ahead);
// table[cells[i]] += weight[i].
void scatter_weights(const uint32_t* cells, const double* weight, size_t n, double* table);
// The same in double-double.
void scatter_rows_precise(const uint32_t* cells, const double* rows, const double* low,
                          size_t width, size_t n, double* hi, double* lo);
void scatter_weights_precise(const uint32_t* cells, const double* weight, size_t n, double* hi,
                             double* lo);

// A run of adjacent cells of `from_width` doubles, summed onto cells of `to_width` (all products,
// or the first alone).
struct MarginRun {
  uint64_t cells = 0;
  size_t from_width = 1;
  size_t to_width = 1;
  uint64_t to_stride = 0;  // in cells: 1, or 0 where the run is summed out
};
void add_margin(const MarginRun& run, const double* from, double* to);
void add_margin_precise(const MarginRun& run, const double* from, const double* from_low,
                        double* to, double* low);

}  // namespace insitu
