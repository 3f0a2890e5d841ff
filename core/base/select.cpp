#include "select.hpp"

#include "errors.hpp"
#include "names.hpp"

namespace insitu {

bool has_columns(const Chunk& chunk, std::span<const std::string> names) {
  if (chunk.columns().size() != names.size()) return false;
  for (size_t i = 0; i < names.size(); ++i) {
    if (chunk.column(i).name() != names[i]) return false;
  }
  return true;
}

Chunk select(const Chunk& chunk, std::span<const std::string> names) {
  std::vector<Column> columns;
  columns.reserve(names.size());
  for (const std::string& name : names) {
    const int index = chunk.find(name);
    if (index < 0) {
      std::vector<std::string> present;
      for (const Column& column : chunk.columns()) present.push_back(column.name());
      throw SpecError("there is no column '" + name + "' among the " +
                      std::to_string(present.size()) + " columns of the data" +
                      did_you_mean(name, present));
    }
    columns.push_back(chunk.column(static_cast<size_t>(index)));
  }
  return Chunk(std::move(columns), chunk.rows(), chunk.first_row());
}

}  // namespace insitu
