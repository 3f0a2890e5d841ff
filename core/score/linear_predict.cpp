#include "score/linear_predict.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.hpp"
#include "score/linear_scorer.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

LinearPredict::LinearPredict(const Json& spec) {
  SpecReader reader(spec, "linear_predict");
  model_ = reader.required("model");
  std_errors_ = reader.flag("std_errors", false);
  interval_ = reader.one_of("interval", {"none", "confidence", "prediction"}, "none");
  confidence_level_ = reader.number("confidence_level", 0.95);
  residuals_ = reader.flag("residuals", false);
  reader.finish();
  if (!(confidence_level_ > 0.0 && confidence_level_ < 1.0)) {
    throw SpecError("confidence_level is " + std::to_string(confidence_level_) +
                    "; it must lie between 0 and 1");
  }
  scoring_ = LinearScoring::from_model(model_);
  if (std_errors_ || interval_ != "none")
    errors_.emplace(model_, scoring_, confidence_level_, interval_ == "prediction");
  name_columns();
}

void LinearPredict::name_columns() {
  const Design& design = scoring_.design;
  columns_ = design.predictor_columns();
  if (residuals_) {
    for (const NumericProgram::Input& input : design.response->program.inputs()) {
      if (std::find(columns_.begin(), columns_.end(), input.column) == columns_.end()) {
        columns_.push_back(input.column);
      }
    }
  }
  for (const std::string& name : design.code_columns()) {
    const bool factor =
        std::any_of(design.factors.begin(), design.factors.end(),
                    [&](const DesignFactor& known) { return known.column == name; });
    const bool read = std::find(columns_.begin(), columns_.end(), name) != columns_.end();
    if (read && !factor) only_codes_.push_back(name);
  }
  outputs_ = {"pred"};
  if (residuals_) outputs_.push_back("resid");
  if (std_errors_) outputs_.push_back("std_err");
  if (interval_ != "none") outputs_.insert(outputs_.end(), {"lower", "upper"});
}

Json LinearPredict::spec() const {
  return {{"model", model_},
          {"std_errors", std_errors_},
          {"interval", interval_},
          {"confidence_level", confidence_level_},
          {"residuals", residuals_}};
}

std::unique_ptr<RowScorer> LinearPredict::scorer() const {
  return std::make_unique<LinearScorer>(*this);
}

void LinearPredict::write_errors(const Tile& tile, const double* fitted,
                                 std::span<double* const> out, uint64_t begin,
                                 LinearErrors::Active& active) const {
  if (!errors_.has_value()) return;
  size_t next = residuals_ ? 2 : 1;
  double* std_error = std_errors_ ? out[next++] + begin : nullptr;
  double* lower = interval_ != "none" ? out[next++] + begin : nullptr;
  double* upper = interval_ != "none" ? out[next++] + begin : nullptr;
  errors_->write(tile, fitted, std_error, lower, upper, active);
}

// Rows with a label that N() of the column does not know.
uint64_t LinearPredict::unseen_codes(const Chunk& chunk, const std::string& column) const {
  LevelTable table(*scoring_.design.find_column(column)->levels);
  LevelEncoder encoder(table, false);
  std::vector<uint32_t> codes(kTileRows);
  uint64_t unseen = 0;
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kTileRows) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(kTileRows, chunk.rows() - begin));
    encoder.encode(chunk.column(static_cast<size_t>(chunk.find(column))), begin, n, codes.data());
    unseen += static_cast<uint64_t>(
        std::count(codes.begin(), codes.begin() + static_cast<int64_t>(n), kUnseenCode));
  }
  return unseen;
}

void LinearPredict::apply(const Chunk& chunk, std::span<double* const> out, Json& notes) const {
  const Design& design = scoring_.design;
  std::vector<LevelTable> tables = make_level_tables(design);
  RowReader reader(
      design, {.response = residuals_, .weight = false, .low_parts = false, .complete_rows = false},
      tables);
  reader.bind(chunk);
  std::vector<uint64_t> empty_cells(design.terms.size(), 0);
  LinearErrors::Active active;
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kTileRows) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(kTileRows, chunk.rows() - begin));
    const Tile& tile = reader.read(begin, n);
    double* fitted = out[0] + begin;
    scoring_.predictor.evaluate(tile, fitted, &empty_cells);
    if (residuals_) {
      const double* y = tile.values.back();
      for (size_t i = 0; i < n; ++i) {
        out[1][begin + i] = y[i] - fitted[i];
        if (std::isnan(y[i])) fitted[i] = kNaN;  // without a response the whole row is missing
      }
    }
    if (tile.offset != nullptr) {
      for (size_t i = 0; i < n; ++i) fitted[i] += tile.offset[i];
    }
    write_errors(tile, fitted, out, begin, active);
  }
  Json& unseen = notes["unseen_levels"];
  if (unseen.is_null()) unseen = Json::object();
  auto count = [&](const std::string& column, uint64_t rows) {
    if (rows > 0) unseen[column] = unseen.value(column, uint64_t{0}) + rows;
  };
  for (size_t f = 0; f < design.factors.size(); ++f)
    count(design.factors[f].column, reader.unseen()[f]);
  for (const std::string& column : only_codes_) count(column, unseen_codes(chunk, column));
  for (size_t t = 0; t < design.terms.size(); ++t) count(design.terms[t].label, empty_cells[t]);
}

}  // namespace insitu
