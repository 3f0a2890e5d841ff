#include "inference/margins_fit.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/erased.hpp"
#include "base/model_file.hpp"
#include "linalg/distributions.hpp"
#include "linalg/kernels.hpp"
#include "score/linear_scoring.hpp"
#include "solve/model_tables.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string text_of(const ColumnSetting& setting) {
  return setting.number.has_value() ? number_to_json(*setting.number).dump() : setting.level;
}

ColumnSetting setting_of(const DesignColumn& column, const Json& value) {
  return ColumnSetting::from_json({{"column", column.name}, {"value", value}});
}

// A level of F() of a number.
int64_t whole_number(const std::string& level) {
  int64_t value = 0;
  const char* end = level.data() + level.size();
  const auto [stop, error] = std::from_chars(level.data(), end, value);
  if (error == std::errc() && stop == end) return value;
  throw SpecError("the model's level \"" + level + "\" is not a whole number; it is damaged");
}

// What a column's values are compared by where none are given: the levels of its factors.
std::vector<ColumnSetting> levels_of(const Design& design, const DesignColumn& column) {
  std::vector<std::string> levels;
  if (column.levels.has_value()) levels = *column.levels;
  bool first = true;
  for (const DesignFactor& factor : design.factors) {
    if (factor.column != column.name) continue;
    const std::vector<std::string>& known = *factor.levels;
    if (first && factor.from_number) levels = known;
    std::erase_if(levels, [&](const std::string& level) {
      return std::find(known.begin(), known.end(), level) == known.end();
    });
    first = false;
  }
  std::vector<ColumnSetting> settings;
  for (const std::string& level : levels) {
    const bool number = column.kind == ColumnKind::kNumeric;
    settings.push_back(setting_of(column, number ? Json(whole_number(level)) : Json(level)));
  }
  return settings;
}

// Columns of predictors but those of offsets alone, which have no coefficient.
std::vector<std::string> variables_of(const Design& design) {
  Design without = design;
  without.offsets.clear();
  return without.predictor_columns();
}

bool makes_factor(const Design& design, const std::string& column) {
  return std::any_of(design.factors.begin(), design.factors.end(),
                     [&](const DesignFactor& factor) { return factor.column == column; });
}

bool tests_are_normal(const Json& model) {
  return model_part(model, "coefficients").contains("z_value");
}

}  // namespace

double MarginsFit::Covariance::variance(const std::vector<double>& gradient) const {
  const size_t m = columns.size();
  DoubleDouble total;
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = i; j < m; ++j) {
      const DoubleDouble product =
          DoubleDouble(packed[packed_index(i, j, m)]) * gradient[columns[i]] * gradient[columns[j]];
      total += i == j ? product : product * 2.0;
    }
  }
  return static_cast<double>(total);
}

MarginsFit::MarginsFit(const Json& spec) {
  SpecReader reader(spec, "margins");
  const Json& model = reader.required("model");
  const Json* variables = reader.optional("variables");
  if (const Json* at = reader.optional("at")) {
    for (const Json& setting : *at) at_.push_back(ColumnSetting::from_json(setting));
  }
  type_ = reader.one_of("type", {"response", "link"}, "response");
  const bool response = reader.flag("response", false);
  conf_level_ = reader.number("conf_level", 0.95);
  reader.optional("columns");
  reader.count("rows", 0);
  reader.finish();
  require_interval_level(conf_level_);

  LinearScoring scoring = LinearScoring::from_model(model);
  const Json& parts = model_part(model, "scoring");
  if (!parts.contains("covariance")) {
    throw SpecError(
        "errors of marginal effects need the covariance of the coefficients: fit the model with "
        "cov_coef=True");
  }
  covariance_.columns =
      indices_from_json(model_part(parts, "columns"), "a column of the covariance",
                        scoring.predictor.coefficients.size());
  covariance_.packed = numbers_from_json(parts["covariance"], "covariance");
  if (covariance_.packed.size() != packed_size(covariance_.columns.size()))
    throw SpecError("the model's covariance does not fit its coefficients; it is damaged");
  normal_ = tests_are_normal(model);
  df_ = normal_ ? kNaN : test_df(model);

  if (variables == nullptr) {
    for (const std::string& column : variables_of(scoring.design))
      ask(scoring.design, column, nullptr);
  } else {
    for (const Json& variable : *variables) {
      SpecReader asked(variable, "variable");
      const std::string column = asked.text("column");
      const Json* values = asked.optional("values");
      asked.finish();
      ask(scoring.design, column, values);
    }
  }
  if (effects_.empty()) throw SpecError("the model has no variable that could have an effect");
  // On the scale of the link what is predicted is the linear predictor itself.
  const Family family = type_ == "link" || !scoring.generalized
                            ? Family::from_json({{"name", "gaussian"}, {"link", nullptr}})
                            : scoring.family;
  pass_ = erase(MarginsAnalysis(std::move(scoring.design), {family, std::move(scoring.predictor)},
                                quantities_, response));
}

size_t MarginsFit::add(MarginQuantity quantity) {
  quantities_.push_back(std::move(quantity));
  return quantities_.size() - 1;
}

void MarginsFit::ask(const Design& design, const std::string& column, const Json* values) {
  const DesignColumn* found = design.find_column(column);
  if (values != nullptr) {
    if (found == nullptr) throw SpecError("the model does not read a column \"" + column + "\"");
    if (!values->is_array() || values->size() < 2)
      throw SpecError("of \"" + column + "\" two values or more can be compared");
    std::vector<ColumnSetting> settings;
    for (const Json& value : *values) settings.push_back(setting_of(*found, value));
    return ask_levels(column, settings);
  }
  const bool levels =
      found != nullptr && (found->kind == ColumnKind::kFactor || makes_factor(design, column));
  if (!levels) return ask_slope(column);
  const bool both = found->kind == ColumnKind::kNumeric &&
                    std::any_of(design.features.begin(), design.features.end(),
                                [&](const DesignFeature& feature) {
                                  std::vector<std::string> names;
                                  columns_used(*feature.expr, names);
                                  return std::count(names.begin(), names.end(), column) > 0;
                                });
  if (both) {
    throw SpecError("\"" + column +
                    "\" is in the model as a number and by F() as a factor: give the values of it "
                    "to compare");
  }
  ask_levels(column, levels_of(design, *found));
}

void MarginsFit::ask_slope(const std::string& column) {
  effects_.push_back({column, "dy/dx", add({column, at_}), std::nullopt});
}

void MarginsFit::ask_levels(const std::string& column, const std::vector<ColumnSetting>& values) {
  for (const ColumnSetting& setting : at_) {
    if (setting.column == column)
      throw SpecError("\"" + column + "\" cannot be held at a value and compared");
  }
  std::optional<size_t> reference;
  for (const ColumnSetting& value : values) {
    MarginQuantity quantity{"", at_};
    quantity.settings.push_back(value);
    const size_t added = add(std::move(quantity));
    if (reference.has_value()) {
      effects_.push_back(
          {column, text_of(value) + " - " + text_of(values.front()), added, reference});
    } else {
      reference = added;
    }
  }
}

// Of the means, in double-double, so that a small difference keeps its digits.
MarginsFit::Estimate MarginsFit::estimate(const Effect& effect, const MarginsState& state) const {
  const size_t q = effect.quantity;
  DoubleDouble sum = state.sums[q];
  std::vector<DoubleDouble> gradient = state.gradients[q];
  if (effect.reference.has_value()) {
    sum -= state.sums[*effect.reference];
    for (size_t i = 0; i < gradient.size(); ++i)
      gradient[i] -= state.gradients[*effect.reference][i];
  }
  std::vector<double> slopes;
  for (const DoubleDouble each : gradient)
    slopes.push_back(static_cast<double>(each / state.weight));
  return {static_cast<double>(sum / state.weight), std::sqrt(covariance_.variance(slopes))};
}

void MarginsFit::accept(const AnyState& any) {
  const auto& state = state_cast<MarginsState>(*pass_, any);
  if (state.used == 0) {
    throw DataError("no row is left to average over: of " + std::to_string(state.rows) + " rows " +
                    std::to_string(state.missing) + " have a missing value in a used column and " +
                    std::to_string(state.zero_weight) + " have weight zero");
  }
  const double probability = 0.5 + 0.5 * conf_level_;
  const double reach =
      normal_ ? normal_quantile(probability) : student_t_quantile(probability, df_);
  Json table = {{"variable", Json::array()}, {"contrast", Json::array()}};
  const auto append = [&](const char* key, double value) {
    table[key].push_back(number_to_json(value));
  };
  std::vector<std::string> warnings;
  for (const Effect& asked : effects_) {
    const uint64_t undefined = std::max(state.undefined[asked.quantity],
                                        state.undefined[asked.reference.value_or(asked.quantity)]);
    if (undefined > 0) warnings.push_back(undefined_warning(asked, undefined, state.used));
    const auto [effect, error] = undefined > 0 ? Estimate{kNaN, kNaN} : estimate(asked, state);
    const double statistic = effect / error;
    table["variable"].push_back(asked.variable);
    table["contrast"].push_back(asked.contrast);
    append("effect", effect);
    append("std_error", error);
    append("statistic", statistic);
    append("p_value", normal_ ? normal_two_sided(statistic) : student_t_two_sided(statistic, df_));
    append("conf_low", effect - reach * error);
    append("conf_high", effect + reach * error);
  }
  result_ = {{"kind", "margins"},
             {"type", type_},
             {"effects", std::move(table)},
             {"n_valid_obs", state.used},
             {"n_missing_obs", state.missing},
             {"sum_of_weights", number_to_json(static_cast<double>(state.weight))},
             {"test_df", number_to_json(df_)},
             {"conf_level", conf_level_},
             {"warnings", warnings}};
}

std::string MarginsFit::undefined_warning(const Effect& effect, uint64_t undefined, uint64_t used) {
  return "the effect of \"" + effect.variable + "\" (" + effect.contrast +
         ") is missing: it does not exist in " + std::to_string(undefined) + " of " +
         std::to_string(used) +
         " rows, where a step is not finite or a combination of levels had no rows in the fit";
}

Json MarginsFit::result() const {
  if (result_.is_null()) throw SpecError("the fit is not finished: a pass is still to be run");
  return result_;
}

}  // namespace insitu
