// The law of row scorers: whatever a row function gives for a chunk, its scorer gives for each row,
// bit for bit; so does the scorer of those that bring none of their own.
#pragma once

#include <bit>
#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/levels.hpp"
#include "base/row_scorer.hpp"
#include "base/select.hpp"

namespace insitu::laws {

// A row function without a scorer of its own.
class PlainRowFunction final : public RowFunction {
 public:
  explicit PlainRowFunction(const RowFunction& inner) : inner_(inner) {}
  std::string_view name() const override { return inner_.name(); }
  Json spec() const override { return inner_.spec(); }
  const std::vector<std::string>& columns() const override { return inner_.columns(); }
  const std::vector<std::string>& outputs() const override { return inner_.outputs(); }
  void apply(const Chunk& chunk, std::span<double* const> out, Json& notes) const override {
    inner_.apply(chunk, out, notes);
  }

 private:
  const RowFunction& inner_;
};

// The cells of a row: labels as text, all else as numbers.
class RowCells {
 public:
  RowCells(const Chunk& chunk, uint64_t row) {
    for (const Column& column : chunk.columns()) {
      insitu_value value = {column.any_null(row, 1) ? 1 : 0, INSITU_VALUE_NUMBER, 0.0, nullptr, 0};
      if (column.kind() == ColumnKind::kNumeric) {
        column.read_doubles(row, 1, &value.number);
      } else if (value.is_null == 0) {
        LevelTable labels;
        uint32_t code = 0;
        LevelEncoder(labels, true).encode(column, row, 1, &code);
        texts_.emplace_back(labels.label(code));
        value = {0, INSITU_VALUE_TEXT, 0.0, texts_.back().data(), texts_.back().size()};
      }
      values_.push_back(value);
    }
  }
  const insitu_value* data() const { return values_.data(); }

 private:
  std::deque<std::string> texts_;
  std::vector<insitu_value> values_;
};

inline bool same_bits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

// Where a scorer differs from the row function on a chunk, or "".
inline std::string scorer_violation(const RowFunction& function, const Chunk& all) {
  const Chunk chunk = select(all, function.columns());
  const size_t n_out = function.outputs().size();
  std::vector<std::vector<double>> expected(n_out, std::vector<double>(chunk.rows()));
  std::vector<double*> out;
  for (auto& column : expected) out.push_back(column.data());
  Json notes = Json::object();
  function.apply(chunk, out, notes);
  const PlainRowFunction plain(function);
  const auto own = make_scorer(function);
  const auto general = make_scorer(plain);
  for (RowScorer* scorer : {own.get(), general.get()}) {
    for (uint64_t row = 0; row < chunk.rows(); ++row) {
      std::vector<double> found(n_out, -1.0);
      scorer->score(RowCells(chunk, row).data(), found.data());
      for (size_t k = 0; k < n_out; ++k) {
        if (same_bits(found[k], expected[k][row])) continue;
        return std::string(scorer == own.get() ? "own" : "general") + " scorer, row " +
               std::to_string(row) + ", " + function.outputs()[k] + ": " +
               std::to_string(found[k]) + " instead of " + std::to_string(expected[k][row]);
      }
    }
  }
  return "";
}

}  // namespace insitu::laws
