#include "design/columns.hpp"

#include <set>
#include <utility>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "base/levels.hpp"

namespace insitu {
namespace {

TimeUnit read_time(const std::string& unit, const std::string& column) {
  if (unit.empty()) return TimeUnit::kNone;
  if (unit == "days") return TimeUnit::kDays;
  if (unit == "seconds") return TimeUnit::kSeconds;
  throw SpecError("column \"" + column + "\" has time \"" + unit +
                  "\"; units are \"days\" and \"seconds\"");
}

}  // namespace

std::vector<DesignColumn> read_columns(const Json& list) {
  if (!list.is_array()) throw SpecError("\"columns\" must be a list of columns");
  std::vector<DesignColumn> columns;
  std::set<std::string> names;
  for (const Json& item : list) {
    if (!item.is_object() || !item.contains("name") || !item["name"].is_string()) {
      throw SpecError("each entry of \"columns\" needs a \"name\"");
    }
    DesignColumn column;
    column.name = item["name"].get<std::string>();
    const std::string kind = item.value("kind", std::string("numeric"));
    if (kind != "numeric" && kind != "factor") {
      throw SpecError("column \"" + column.name + "\" has kind \"" + kind +
                      "\"; kinds are \"numeric\" and \"factor\"");
    }
    column.kind = kind == "factor" ? ColumnKind::kFactor : ColumnKind::kNumeric;
    column.logical = item.value("logical", false);
    column.time = read_time(item.value("time", std::string()), column.name);
    column.whole = item.value("whole", false);
    column.positive = item.value("positive", false);
    if (item.contains("levels") && item["levels"].is_array() &&
        column.kind == ColumnKind::kFactor) {
      column.levels = item["levels"].get<std::vector<std::string>>();
      LevelTable check(*column.levels);  // refuses a repeated label
      column.open = item.value("open", false);
    }
    if (!names.insert(column.name).second) {
      throw SpecError("column \"" + column.name + "\" is listed twice");
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

Json write_columns(const std::vector<DesignColumn>& columns) {
  Json list = Json::array();
  for (const DesignColumn& column : columns) {
    Json item = {{"name", column.name},
                 {"kind", column.kind == ColumnKind::kFactor ? "factor" : "numeric"}};
    if (column.logical) item["logical"] = true;
    if (column.time != TimeUnit::kNone)
      item["time"] = column.time == TimeUnit::kDays ? "days" : "seconds";
    if (column.whole) item["whole"] = true;
    if (column.positive) item["positive"] = true;
    if (column.levels.has_value()) item["levels"] = *column.levels;
    if (column.open) item["open"] = true;
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace insitu
