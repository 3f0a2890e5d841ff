// Nanoseconds per row of scoring a linear model row by row through the border, by design.
//   scorer_bench [million rows, default 2]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/json.hpp"
#include "base/levels.hpp"
#include "capi/registry.hpp"
#include "insitu/c_api.h"
#include "testing/tables.hpp"

namespace {

using namespace insitu;

constexpr size_t kRows = 4096;  // other cells in each, small enough for the caches
constexpr size_t kNumbers = 10;
constexpr size_t kFactors = 2;
constexpr size_t kLevels = 20;

// Columns x0 … x9, f0, f1 and y.
laws::Table random_rows(std::vector<std::string>& labels) {
  laws::Rng rng(1);
  laws::Table table(kRows);
  const auto normals = [&] {
    std::vector<double> values(kRows);
    for (double& value : values) value = rng.normal();
    return values;
  };
  for (size_t k = 0; k < kNumbers; ++k) table.doubles("x" + std::to_string(k), normals());
  for (size_t level = 0; level < kLevels; ++level)
    labels.push_back((level % 2 == 0 ? "carrier " : "c") + std::to_string(level));
  for (size_t k = 0; k < kFactors; ++k) {
    std::vector<std::optional<std::string>> texts;
    for (size_t i = 0; i < kRows; ++i) texts.emplace_back(labels[rng.below(kLevels)]);
    table.text("f" + std::to_string(k), texts);
  }
  table.doubles("y", normals());
  return table;
}

Json fit(const std::string& formula, const laws::Table& table) {
  Json columns = Json::array();
  const Chunk chunk = table.all();
  for (const Column& column : chunk.columns()) {
    const bool factor = column.kind() == ColumnKind::kFactor;
    columns.push_back({{"name", column.name()}, {"kind", factor ? "factor" : "numeric"}});
  }
  const FitPtr made =
      make_fit("linear", {{"formula", formula}, {"columns", columns}, {"cov_coef", true}});
  while (const AnalysisPtr pass = made->next()) {
    const auto state = pass->empty();
    pass->update(*state, chunk);
    made->accept(*state);
  }
  return made->result();
}

// The cells of all rows, row by row, in the order of the function's columns.
std::vector<insitu_value> cells_of(const RowFunction& function, const laws::Table& table,
                                   const std::vector<std::string>& labels) {
  const Chunk chunk = table.all();
  const size_t width = function.columns().size();
  std::vector<insitu_value> cells(kRows * width);
  for (size_t c = 0; c < width; ++c) {
    const Column& column = chunk.column(static_cast<size_t>(chunk.find(function.columns()[c])));
    LevelTable levels(labels);
    std::vector<uint32_t> codes(kRows);
    if (column.kind() == ColumnKind::kFactor)
      LevelEncoder(levels, false).encode(column, 0, kRows, codes.data());
    for (size_t i = 0; i < kRows; ++i) {
      insitu_value& cell = cells[i * width + c];
      if (column.kind() == ColumnKind::kFactor) {
        const std::string& label = labels[codes[i]];
        cell = {0, INSITU_VALUE_TEXT, 0.0, label.data(), label.size()};
      } else {
        column.read_doubles(i, 1, &cell.number);
      }
    }
  }
  return cells;
}

void report(const std::string& formula, size_t rows, const Json& options = Json::object()) {
  std::vector<std::string> labels;
  const laws::Table table = random_rows(labels);
  Json spec = options;
  spec["model"] = fit(formula, table);
  const std::string text = dump_json(spec);
  insitu_row_function* function = nullptr;
  insitu_scorer* scorer = nullptr;
  insitu_error error;
  if (insitu_row_function_make("linear_predict", text.data(), text.size(), &function, &error) !=
          INSITU_OK ||
      insitu_scorer_make(function, &scorer, &error) != INSITU_OK) {
    std::printf("%s: %s\n", formula.c_str(), error.message);
    return;
  }
  const RowFunctionPtr described = make_row_function("linear_predict", spec);
  const auto cells = cells_of(*described, table, labels);
  const size_t width = described->columns().size();
  double best = 1e9;
  double sum = 0.0;
  for (int turn = 0; turn < 5; ++turn) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t row = 0; row < rows; ++row) {
      double out[4];
      insitu_scorer_apply(scorer, &cells[row % kRows * width], out, &error);
      sum += out[0];
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  std::printf("%-72s %7.1f ns/row%s\n", (formula + " " + options.dump()).c_str(),
              best * 1e9 / static_cast<double>(rows), sum == 0.0 ? " (all zero)" : "");
  insitu_scorer_free(scorer);
  insitu_row_function_free(function);
}

}  // namespace

int main(int argc, char** argv) {
  const size_t rows = static_cast<size_t>(argc > 1 ? std::atoi(argv[1]) : 2) * 1000000;
  std::string numbers = "y ~ x0";
  report(numbers, rows);
  for (size_t k = 1; k < kNumbers; ++k) numbers += " + x" + std::to_string(k);
  report(numbers, rows);
  report(numbers + " + f0", rows);
  report(numbers + " + f0 + f1", rows);
  report(numbers + " + f0:f1 + x0:f1", rows);
  report(numbers + " + x0:x1", rows);
  report(numbers + " + log(x0^2)", rows);
  report(numbers, rows, {{"residuals", true}});
  report(numbers, rows, {{"std_errors", true}});
}
