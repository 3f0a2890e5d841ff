// What fits say of rows: which one is wrong, and that there are none.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "design/row_reader.hpp"

namespace insitu {

// "row 7" of the source, or "row (of its batch) 7"; `row` counts the chunk's from 0.
std::string row_name(const Chunk& chunk, uint64_t row);

// A number in a sentence: as short as it reads back the same, so that none looks like another.
std::string number_text(double value);

// Row `i` of the tile, which is row `row` of the chunk.
using RowVisit = std::function<void(const Tile& tile, size_t i, uint64_t row)>;
// Visits the rows of a chunk that weigh something as they lie in it, complete or not, with NaN
// where a value is missing: to say which of them is wrong.
void visit_rows(const Design& design, const Chunk& chunk, const RowVisit& visit);

// DataError where there are no rows, or none of them is used; `purpose`: "to fit".
void require_rows(const RowCounts& counts, const std::string& purpose);

}  // namespace insitu
