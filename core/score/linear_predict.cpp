#include "score/linear_predict.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "score/linear_scorer.hpp"
#include "solve/model_tables.hpp"

namespace insitu {
namespace {

ResidualType residual_of(const std::string& name) {
  if (name == "working") return ResidualType::kWorking;
  if (name == "pearson") return ResidualType::kPearson;
  return name == "deviance" ? ResidualType::kDeviance : ResidualType::kResponse;
}

// Weights that stand for repeated rows say nothing of one of them.
bool counts_weights(const Design& design, ResidualType residual) {
  if (residual != ResidualType::kPearson && residual != ResidualType::kDeviance) return false;
  return design.weighted() && (design.weight.empty() || !design.find_column(design.weight)->whole);
}

}  // namespace

LinearPredict::LinearPredict(const Json& spec) {
  SpecReader reader(spec, "linear_predict");
  model_ = reader.required("model");
  std_errors_ = reader.flag("std_errors", false);
  interval_ = reader.one_of("interval", {"none", "confidence", "prediction"}, "none");
  confidence_level_ = reader.number("confidence_level", 0.95);
  residuals_ = reader.flag("residuals", false);
  type_ = reader.one_of("type", {"response", "link"}, "response");
  residual_type_ =
      reader.one_of("residual_type", {"response", "working", "pearson", "deviance"}, "response");
  reader.finish();
  require_interval_level(confidence_level_);
  scoring_ = LinearScoring::from_model(model_);
  const ResidualType residual = residual_of(residual_type_);
  outcome_ = LinearOutcome(scoring_.family, type_ == "link", residual,
                           residuals_ && counts_weights(scoring_.design, residual));
  if (std_errors_ || interval_ != "none")
    errors_.emplace(model_, scoring_, confidence_level_, interval_ == "prediction");
  name_columns();
}

void LinearPredict::add_column(const std::string& name) {
  if (std::find(columns_.begin(), columns_.end(), name) == columns_.end()) columns_.push_back(name);
}

void LinearPredict::name_columns() {
  const Design& design = scoring_.design;
  columns_ = design.predictor_columns();
  if (residuals_) {
    for (const NumericProgram::Input& input : design.response->program.inputs())
      add_column(input.column);
    if (outcome_.weighted() && !design.weight.empty()) add_column(design.weight);
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
          {"residuals", residuals_},
          {"type", type_},
          {"residual_type", residual_type_}};
}

std::unique_ptr<RowScorer> LinearPredict::scorer() const {
  return std::make_unique<LinearScorer>(*this);
}

void LinearPredict::finish(const Tile& tile, std::span<double* const> out, uint64_t begin,
                           Scratch& scratch) const {
  size_t next = 0;
  const auto output = [&](bool wanted) { return wanted ? out[next++] + begin : nullptr; };
  LinearOutcome::Rows rows{};
  rows.fitted = output(true);
  rows.residual = output(residuals_);
  rows.std_error = output(std_errors_);
  rows.lower = output(interval_ != "none");
  rows.upper = output(interval_ != "none");
  outcome_.begin(tile, rows, scratch.outcome);
  if (errors_.has_value())
    errors_->write(tile, rows.fitted, rows.std_error, rows.lower, rows.upper, scratch.active);
  outcome_.end(tile, rows, scratch.outcome);
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
  RowReader reader(design, needs(), tables);
  reader.bind(chunk);
  std::vector<uint64_t> empty_cells(design.terms.size(), 0);
  Scratch scratch{LinearOutcome::Scratch(outcome_.plain() ? 0 : kTileRows), {}};
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kTileRows) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(kTileRows, chunk.rows() - begin));
    const Tile& tile = reader.read(begin, n);
    scoring_.predictor.evaluate(tile, out[0] + begin, &empty_cells);
    finish(tile, out, begin, scratch);
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
