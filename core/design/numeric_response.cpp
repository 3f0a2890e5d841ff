#include "design/numeric_response.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "formula/ast.hpp"

namespace insitu {
namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\n");
  const size_t last = text.find_last_not_of(" \t\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

}  // namespace

std::string response_text(const std::string& formula) {
  return trimmed(formula.substr(0, formula.find('~')));
}

std::string with_numeric_response(const std::string& formula,
                                  const std::vector<DesignColumn>& columns) {
  const size_t tilde = formula.find('~');
  if (tilde == std::string::npos) return formula;
  const std::string response = response_text(formula);
  for (const DesignColumn& column : columns) {
    const bool named = response == column.name || response == back_quoted(column.name);
    if (named && column.kind == ColumnKind::kFactor)
      return "N(" + response + ") " + formula.substr(tilde);
  }
  return formula;
}

void require_two_levels(const Design& design, const std::string& what) {
  for (const NumericProgram::Input& input : design.response->program.inputs()) {
    const DesignColumn* column = design.find_column(input.column);
    if (!input.codes || !column->levels.has_value() || column->levels->size() <= 2) continue;
    std::string named;
    for (size_t k = 0; k < std::min<size_t>(3, column->levels->size()); ++k)
      named += (k == 0 ? "\"" : ", \"") + (*column->levels)[k] + "\"";
    throw DataError("the " + what + " \"" + column->name + "\" has " +
                    std::to_string(column->levels->size()) + " levels (" + named +
                    (column->levels->size() > 3 ? ", …" : "") +
                    "), and two are needed, the second of which is the event: select rows, or "
                    "make it a logical");
  }
}

}  // namespace insitu
