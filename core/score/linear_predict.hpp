// Predictions of a linear model, row by row: fitted value, residual, standard error, interval.
//
// Columns are taken about the model's centers, so that large offsets cost no digits. A
// missing predictor, a level that the model never saw or a cell that had no rows gives missing
// outputs; so does a missing response where residuals are asked for. Standard errors cost m^2 for m
// active columns (1 + terms); memory is the model and one tile.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "design/row_reader.hpp"

namespace insitu {

class LinearPredict final : public RowFunction {
 public:
  // The spec of row function "linear_predict" in docs/architecture.md. SpecError for a model that
  // does not fit together.
  explicit LinearPredict(const Json& spec);

  std::string_view name() const override { return "linear_predict"; }
  Json spec() const override;
  const std::vector<std::string>& columns() const override { return columns_; }
  const std::vector<std::string>& outputs() const override { return outputs_; }
  // Notes: {"unseen_levels": {column: rows}}.
  void apply(const Chunk& chunk, std::span<double* const> out, Json& notes) const override;

 private:
  struct TermCoefficients {
    size_t first = 0;             // of its cells in the coefficient list
    std::vector<size_t> strides;  // per factor
  };
  void read_model(const Json& model);
  void read_scoring(const Json& model);
  void read_centers(const Json& scoring);
  void read_covariance(const Json& model, const Json& scoring);
  void add_terms(const Tile& tile, double* fitted, std::vector<uint64_t>& empty_cells) const;
  void write_errors(const Tile& tile, const double* fitted, std::span<double* const> out,
                    uint64_t begin) const;
  double variance_of(const Tile& tile, size_t row, std::vector<size_t>& where,
                     std::vector<double>& values) const;
  size_t coefficient_of(const DesignTerm& term, const TermCoefficients& at, const Tile& tile,
                        size_t row) const;
  uint64_t unseen_codes(const Chunk& chunk, const std::string& column) const;

  Json model_;
  Design design_;
  bool std_errors_ = false;
  bool residuals_ = false;
  std::string interval_;
  double confidence_level_ = 0.95;
  std::vector<std::string> columns_;
  std::vector<std::string> outputs_;
  std::vector<std::string> only_codes_;  // columns read by N() and not as a factor

  std::vector<TermCoefficients> terms_;
  std::vector<double> coefficients_;  // 0 where dropped, NaN where the cell had no rows
  std::vector<double> centers_;       // per term
  double intercept_ = 0.0;
  double residual_variance_ = 0.0;
  double df_ = 0.0;
  std::vector<int64_t> kept_position_;  // per coefficient, -1: dropped
  size_t kept_ = 0;
  std::vector<double> covariance_;  // full, kept x kept
};

}  // namespace insitu
