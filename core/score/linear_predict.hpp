// Predictions of a model with a linear predictor, row by row: fitted value, residual, standard
// error, interval; of a generalised linear model on the scale of the response, or of the link.
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
#include "score/linear_outcome.hpp"
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
  // True if a row needs nothing but its linear predictor and offsets.
  bool bare() const { return outcome_.plain() && outputs_.size() == 1; }
  RowNeeds needs() const { return outcome_.needs(residuals_); }
  // Kept from tile to tile.
  struct Scratch {
    LinearOutcome::Scratch outcome;
    RowForm::Active active;
  };
  // Turns the linear predictors that out[0] holds from `begin` on into all outputs.
  void finish(const Tile& tile, std::span<double* const> out, uint64_t begin,
              Scratch& scratch) const;

 private:
  void name_columns();
  void add_column(const std::string& name);
  uint64_t unseen_codes(const Chunk& chunk, const std::string& column) const;

  Json model_;
  bool std_errors_ = false;
  bool residuals_ = false;
  std::string type_;
  std::string residual_type_;
  std::string interval_;
  double confidence_level_ = 0.95;
  std::vector<std::string> columns_;
  std::vector<std::string> outputs_;
  std::vector<std::string> only_codes_;  // columns read by N() and not as a factor

  LinearScoring scoring_;
  LinearOutcome outcome_;
  std::optional<LinearErrors> errors_;
};

}  // namespace insitu
