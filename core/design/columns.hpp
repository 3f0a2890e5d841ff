// Columns of a source, as specs state them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "base/chunk.hpp"

namespace insitu {

// What numbers a date or timestamp stands for: days, or seconds, since 1970.
enum class TimeUnit { kNone, kDays, kSeconds };

// A column of the source, as the spec's "columns" list states it (docs/architecture.md,
// Interchange).
struct DesignColumn {
  std::string name;
  ColumnKind kind = ColumnKind::kNumeric;
  bool logical = false;
  TimeUnit time = TimeUnit::kNone;  // of the source's own type
  bool whole = false;               // as a weight it counts rows: a fraction is a DataError
  bool positive = false;  // as an exposure: others are a DataError where models are fitted
  std::optional<std::vector<std::string>> levels;  // given or frozen, in order
  bool open = false;  // the levels come first, and those found in the data after them
};

// Reads the "columns" list. SpecError on a missing name, an unknown kind, a repeated column.
std::vector<DesignColumn> read_columns(const Json& list);
Json write_columns(const std::vector<DesignColumn>& columns);

}  // namespace insitu
