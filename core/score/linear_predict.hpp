// Predictions of a linear model, row by row: fitted value, residual, standard error, interval.
//
// Columns are taken about the model's centers, so that large offsets cost no digits. A
// missing predictor, a level that the model never saw or a cell that had no rows gives missing
// outputs; so does a missing response where residuals are asked for. Standard errors cost m^2 for m
// active columns (1 + terms); memory is the model and one tile.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "base/row_scorer.hpp"
#include "design/row_reader.hpp"
#include "score/linear_errors.hpp"
#include "score/linear_scoring.hpp"

namespace insitu {

class LinearPredict final : public RowFunction {
 public:
  // The spec of row function "linear_predict" in docs/architecture.md. SpecError for a model that
  // does not fit together.
  explicit LinearPredict(const Json& spec);
  LinearPredict(const LinearPredict&) = delete;
  LinearPredict& operator=(const LinearPredict&) = delete;

  std::string_view name() const override { return "linear_predict"; }
  Json spec() const override;
  const std::vector<std::string>& columns() const override { return columns_; }
  const std::vector<std::string>& outputs() const override { return outputs_; }
  // Notes: {"unseen_levels": {column: rows}}.
  void apply(const Chunk& chunk, std::span<double* const> out, Json& notes) const override;
  std::unique_ptr<RowScorer> scorer() const override;

  const LinearScoring& scoring() const { return scoring_; }
  bool residuals() const { return residuals_; }
  // What follows prediction and residual; `out` from where they begin.
  void write_errors(const Tile& tile, const double* fitted, std::span<double* const> out,
                    uint64_t begin, LinearErrors::Active& active) const;

 private:
  void name_columns();
  uint64_t unseen_codes(const Chunk& chunk, const std::string& column) const;

  Json model_;
  bool std_errors_ = false;
  bool residuals_ = false;
  std::string interval_;
  double confidence_level_ = 0.95;
  std::vector<std::string> columns_;
  std::vector<std::string> outputs_;
  std::vector<std::string> only_codes_;  // columns read by N() and not as a factor

  LinearScoring scoring_;
  std::optional<LinearErrors> errors_;
};

}  // namespace insitu
