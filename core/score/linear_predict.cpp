#include "score/linear_predict.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.hpp"
#include "linalg/distributions.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const Json& member(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (!json.is_object() || found == json.end()) {
    throw SpecError(std::string("the model lacks \"") + key +
                    "\"; it is damaged or of another kind");
  }
  return *found;
}

}  // namespace

LinearPredict::LinearPredict(const Json& spec) {
  SpecReader reader(spec, "linear_predict");
  const Json& model = reader.required("model");
  std_errors_ = reader.flag("std_errors", false);
  interval_ = reader.one_of("interval", {"none", "confidence", "prediction"}, "none");
  confidence_level_ = reader.number("confidence_level", 0.95);
  residuals_ = reader.flag("residuals", false);
  reader.finish();
  if (!(confidence_level_ > 0.0 && confidence_level_ < 1.0)) {
    throw SpecError("confidence_level is " + std::to_string(confidence_level_) +
                    "; it must lie between 0 and 1");
  }
  read_model(model);
  read_scoring(model);
  columns_ = design_.predictor_columns();
  if (residuals_) {
    for (const NumericProgram::Input& input : design_.response->program.inputs()) {
      if (std::find(columns_.begin(), columns_.end(), input.column) == columns_.end()) {
        columns_.push_back(input.column);
      }
    }
  }
  for (const std::string& name : design_.code_columns()) {
    const bool factor =
        std::any_of(design_.factors.begin(), design_.factors.end(),
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

void LinearPredict::read_model(const Json& model) {
  if (member(model, "kind") != "linear_model") throw SpecError("the model is not a linear model");
  design_ = Design::from_json(member(model, "design"));
  if (!design_.frozen()) throw SpecError("the model's design lacks levels; it is damaged");
  if (!design_.response.has_value())
    throw SpecError("the model's design has no response; it is damaged");
  const Json& listed = member(model, "coefficients");
  coefficients_ = numbers_from_json(member(listed, "estimate"), "estimate");
  size_t next = design_.intercept ? 1 : 0;
  for (const DesignTerm& term : design_.terms) {
    TermCoefficients at;
    at.first = next;
    size_t stride = 1;
    for (const size_t factor : term.factors) {
      at.strides.push_back(stride);
      stride *= design_.factors[factor].levels->size();
    }
    next += design_.cells(term);
    terms_.push_back(std::move(at));
  }
  if (coefficients_.size() != next) {
    throw SpecError("the model has " + std::to_string(coefficients_.size()) +
                    " coefficients and its design " + std::to_string(next) + "; it is damaged");
  }
  model_ = model;
}

void LinearPredict::read_scoring(const Json& model) {
  const Json& scoring = member(model, "scoring");
  intercept_ = number_from_json(member(scoring, "intercept"), "intercept");
  read_centers(scoring);
  for (double& value : coefficients_) value = std::isnan(value) ? 0.0 : value;
  const Json& listed = model["coefficients"];
  if (listed.contains("empty")) {
    for (const Json& index : listed["empty"]) {
      if (index.is_number_unsigned() && index.get<size_t>() < coefficients_.size())
        coefficients_[index.get<size_t>()] = kNaN;
    }
  }
  if (std_errors_ || interval_ != "none") read_covariance(model, scoring);
}

// Models whose cells take up no center have neither coefficients about them nor cell_centers.
void LinearPredict::read_centers(const Json& scoring) {
  const std::vector<double> numeric = numbers_from_json(member(scoring, "centers"), "centers");
  centers_.assign(design_.terms.size(), 0.0);
  if (scoring.contains("cell_centers")) {
    const size_t listed = coefficients_.size();
    centers_ = numbers_from_json(scoring["cell_centers"], "cell_centers");
    coefficients_ = numbers_from_json(member(scoring, "coefficients"), "coefficients");
    if (coefficients_.size() != listed)
      throw SpecError("the model's coefficients about its centers do not fit those it lists");
  }
  if (numeric.size() != design_.features.size() || centers_.size() != design_.terms.size())
    throw SpecError("the model's centers do not fit its design");
  for (size_t t = 0; t < design_.terms.size(); ++t) {
    if (design_.terms[t].factors.empty()) centers_[t] = numeric[*design_.terms[t].feature];
  }
}

void LinearPredict::read_covariance(const Json& model, const Json& scoring) {
  if (!scoring.contains("covariance")) {
    throw SpecError(
        "standard errors and intervals need the covariance of the coefficients: fit the model with "
        "cov_coef=True");
  }
  residual_variance_ = number_from_json(member(model, "residual_variance"), "residual_variance");
  df_ = number_from_json(member(model, "f_den_df"), "f_den_df");
  const std::vector<size_t> columns = member(scoring, "columns").get<std::vector<size_t>>();
  const std::vector<double> packed = numbers_from_json(scoring["covariance"], "covariance");
  kept_ = columns.size();
  if (packed.size() != packed_size(kept_))
    throw SpecError("the model's covariance does not fit its coefficients");
  kept_position_.assign(coefficients_.size(), -1);
  for (size_t i = 0; i < kept_; ++i) {
    if (columns[i] >= coefficients_.size())
      throw SpecError("the model's covariance names a coefficient that is not there");
    kept_position_[columns[i]] = static_cast<int64_t>(i);
  }
  covariance_.resize(kept_ * kept_);
  for (size_t i = 0; i < kept_; ++i) {
    for (size_t j = 0; j < kept_; ++j) {
      covariance_[i * kept_ + j] = packed[packed_index(std::min(i, j), std::max(i, j), kept_)];
    }
  }
}

// Position in the coefficient list of the cell that a row falls into; one past its end where a
// level is missing.
size_t LinearPredict::coefficient_of(const DesignTerm& term, const TermCoefficients& at,
                                     const Tile& tile, size_t row) const {
  size_t index = at.first;
  for (size_t f = 0; f < term.factors.size(); ++f) {
    const uint32_t code = tile.codes[term.factors[f]][row];
    if (code >= kUnseenCode) return coefficients_.size();
    index += at.strides[f] * code;
  }
  return index;
}

void LinearPredict::add_terms(const Tile& tile, double* fitted,
                              std::vector<uint64_t>& empty_cells) const {
  std::fill(fitted, fitted + tile.rows, intercept_);
  for (size_t t = 0; t < design_.terms.size(); ++t) {
    const DesignTerm& term = design_.terms[t];
    const double* x = term.feature.has_value() ? tile.values[*term.feature] : nullptr;
    const double center = centers_[t];
    if (term.factors.empty()) {
      const double slope = coefficients_[terms_[t].first];
      for (size_t i = 0; i < tile.rows; ++i) fitted[i] = std::fma(slope, x[i] - center, fitted[i]);
      continue;
    }
    for (size_t i = 0; i < tile.rows; ++i) {
      const size_t index = coefficient_of(term, terms_[t], tile, i);
      const double value = index < coefficients_.size() ? coefficients_[index] : kNaN;
      if (std::isnan(value) && index < coefficients_.size()) ++empty_cells[t];
      fitted[i] = x == nullptr ? fitted[i] + value : std::fma(value, x[i] - center, fitted[i]);
    }
  }
}

double LinearPredict::variance_of(const Tile& tile, size_t row, std::vector<size_t>& where,
                                  std::vector<double>& values) const {
  where.clear();
  values.clear();
  auto add = [&](size_t coefficient, double value) {
    const int64_t position = kept_position_[coefficient];
    if (position < 0) return;
    where.push_back(static_cast<size_t>(position));
    values.push_back(value);
  };
  if (design_.intercept) add(0, 1.0);
  for (size_t t = 0; t < design_.terms.size(); ++t) {
    const DesignTerm& term = design_.terms[t];
    const double x = term.feature.has_value() ? tile.values[*term.feature][row] - centers_[t] : 1.0;
    if (term.factors.empty()) {
      add(terms_[t].first, x);
    } else {
      add(coefficient_of(term, terms_[t], tile, row), x);
    }
  }
  double total = 0.0;
  for (size_t i = 0; i < where.size(); ++i) {
    double sum = 0.0;
    for (size_t j = 0; j < where.size(); ++j)
      sum += covariance_[where[i] * kept_ + where[j]] * values[j];
    total += values[i] * sum;
  }
  return total;
}

void LinearPredict::write_errors(const Tile& tile, const double* fitted,
                                 std::span<double* const> out, uint64_t begin) const {
  size_t next = residuals_ ? 2 : 1;
  double* std_error = std_errors_ ? out[next++] + begin : nullptr;
  double* lower = interval_ != "none" ? out[next++] + begin : nullptr;
  double* upper = interval_ != "none" ? out[next++] + begin : nullptr;
  if (std_error == nullptr && lower == nullptr) return;
  const double t = student_t_quantile(0.5 + 0.5 * confidence_level_, df_);
  const double extra = interval_ == "prediction" ? residual_variance_ : 0.0;
  std::vector<size_t> where;
  std::vector<double> values;
  for (size_t i = 0; i < tile.rows; ++i) {
    // A missing fitted value means a missing predictor: there is no row to take the variance of.
    const double variance = std::isnan(fitted[i]) ? kNaN : variance_of(tile, i, where, values);
    if (std_error != nullptr) std_error[i] = std::sqrt(variance);
    if (lower != nullptr) {
      const double half = t * std::sqrt(variance + extra);
      lower[i] = fitted[i] - half;
      upper[i] = fitted[i] + half;
    }
  }
}

// Rows with a label that N() of the column does not know.
uint64_t LinearPredict::unseen_codes(const Chunk& chunk, const std::string& column) const {
  LevelTable table(*design_.find_column(column)->levels);
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
  std::vector<LevelTable> tables = make_level_tables(design_);
  RowReader reader(
      design_,
      {.response = residuals_, .weight = false, .low_parts = false, .complete_rows = false},
      tables);
  reader.bind(chunk);
  std::vector<uint64_t> empty_cells(design_.terms.size(), 0);
  for (uint64_t begin = 0; begin < chunk.rows(); begin += kTileRows) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(kTileRows, chunk.rows() - begin));
    const Tile& tile = reader.read(begin, n);
    double* fitted = out[0] + begin;
    add_terms(tile, fitted, empty_cells);
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
    write_errors(tile, fitted, out, begin);
  }
  Json& unseen = notes["unseen_levels"];
  if (unseen.is_null()) unseen = Json::object();
  auto count = [&](const std::string& column, uint64_t rows) {
    if (rows > 0) unseen[column] = unseen.value(column, uint64_t{0}) + rows;
  };
  for (size_t f = 0; f < design_.factors.size(); ++f)
    count(design_.factors[f].column, reader.unseen()[f]);
  for (const std::string& column : only_codes_) count(column, unseen_codes(chunk, column));
  for (size_t t = 0; t < design_.terms.size(); ++t) count(design_.terms[t].label, empty_cells[t]);
}

}  // namespace insitu
