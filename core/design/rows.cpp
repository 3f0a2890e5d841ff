#include "design/rows.hpp"

#include <algorithm>
#include <cmath>

#include "base/errors.hpp"
#include "base/json.hpp"

namespace insitu {

std::string row_name(const Chunk& chunk, uint64_t row) {
  const uint64_t first = chunk.first_row().value_or(0);
  return (chunk.first_row().has_value() ? "row " : "row (of its batch) ") +
         std::to_string(first + row + 1);
}

std::string number_text(double value) {
  constexpr double kWhole = 1e15;
  if (std::abs(value) < kWhole && value == std::trunc(value))
    return std::to_string(static_cast<int64_t>(value));
  if (!std::isfinite(value)) return std::isnan(value) ? "NaN" : value > 0.0 ? "inf" : "-inf";
  return dump_json(Json(value));
}

void visit_rows(const Design& design, const Chunk& chunk, const RowVisit& visit) {
  std::vector<LevelTable> tables = make_level_tables(design);
  RowNeeds needs;
  needs.complete_rows = false;
  needs.subtract_offsets = false;
  RowReader reader(design, needs, tables);
  reader.bind(chunk);
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kTileRows) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(kTileRows, chunk.rows() - begin));
    const Tile& tile = reader.read(begin, n);
    for (size_t i = 0; i < n; ++i) {
      if (tile.weight == nullptr || tile.weight[i] > 0.0) visit(tile, i, begin + i);
    }
  }
}

void require_rows(const RowCounts& counts, const std::string& purpose) {
  if (counts.rows == 0)
    throw DataError("there are no rows " + purpose + ": the data, after row_selection, is empty");
  if (counts.used > 0) return;
  throw DataError("no complete row is left " + purpose + ": of " + std::to_string(counts.rows) +
                  " rows " + std::to_string(counts.missing) +
                  " have a missing value in a used column and " +
                  std::to_string(counts.zero_weight) + " have weight zero");
}

}  // namespace insitu
