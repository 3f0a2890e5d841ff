#include "inference/margin_view.hpp"

#include <algorithm>
#include <cmath>

#include "base/json.hpp"
#include "base/names.hpp"
#include "formula/derivative.hpp"

namespace insitu {
namespace {

[[noreturn]] void refuse_column(const std::string& column, const Design& design) {
  const std::vector<std::string> names = design.predictor_columns();
  throw SpecError("the model's predictors do not read a column \"" + column + "\"" +
                  did_you_mean(column, names));
}

[[noreturn]] void refuse_level(const std::string& level, const DesignFactor& factor) {
  throw SpecError("\"" + level + "\" is no level of " + factor.label + " in the model" +
                  did_you_mean(level, *factor.levels));
}

uint32_t code_of(const std::string& level, const DesignFactor& factor) {
  const std::vector<std::string>& levels = *factor.levels;
  const auto found = std::find(levels.begin(), levels.end(), level);
  if (found == levels.end()) refuse_level(level, factor);
  return static_cast<uint32_t>(found - levels.begin());
}

// F(x) of a number: its whole part.
std::string whole_label(double number) {
  constexpr double kWhole = 9007199254740992.0;
  if (!(std::abs(number) <= kWhole))
    throw SpecError("a value of F() is a number within 2^53, not " + std::to_string(number));
  return std::to_string(static_cast<int64_t>(std::floor(number)));
}

void check_setting(const ColumnSetting& setting, const Design& design) {
  const std::vector<std::string> read = design.predictor_columns();
  if (std::find(read.begin(), read.end(), setting.column) == read.end())
    refuse_column(setting.column, design);
  const DesignColumn& column = *design.find_column(setting.column);
  const bool number = column.kind == ColumnKind::kNumeric;
  if (number != setting.number.has_value()) {
    throw SpecError("column \"" + setting.column + "\" is " +
                    (number ? "a number; \"" + setting.level + "\" is none"
                            : "a factor; give one of its levels, as text") +
                    (column.time != TimeUnit::kNone
                         ? std::string(" (dates count ") +
                               (column.time == TimeUnit::kDays ? "days" : "seconds") +
                               " since 1970)"
                         : ""));
  }
  if (number && !std::isfinite(*setting.number))
    throw SpecError("column \"" + setting.column +
                    "\" cannot be set to a number that is not finite");
}

std::vector<FixedColumn> fixed_columns(const MarginQuantity& quantity, const Design& design) {
  std::vector<FixedColumn> fixed;
  for (const ColumnSetting& setting : quantity.settings) {
    check_setting(setting, design);
    for (const FixedColumn& other : fixed) {
      if (other.column == setting.column)
        throw SpecError("column \"" + setting.column + "\" is set twice");
    }
    if (setting.number.has_value()) {
      fixed.push_back({setting.column, false, *setting.number});
      continue;
    }
    const DesignColumn& column = *design.find_column(setting.column);
    const std::vector<std::string>* levels = column.levels.has_value() ? &*column.levels : nullptr;
    const auto found = levels == nullptr ? std::vector<std::string>::const_iterator()
                                         : std::find(levels->begin(), levels->end(), setting.level);
    if (levels == nullptr || found == levels->end()) {
      throw SpecError("\"" + setting.level + "\" is no level of \"" + setting.column +
                      "\" in the model" +
                      (levels == nullptr ? "" : did_you_mean(setting.level, *levels)));
    }
    fixed.push_back({setting.column, true, static_cast<double>(found - levels->begin())});
  }
  return fixed;
}

// Where a feature is read; added if it is not there yet.
size_t read_feature(const ExprPtr& expr, Design& reading) {
  std::string label = to_string(*expr);
  for (size_t i = 0; i < reading.features.size(); ++i) {
    if (reading.features[i].label == label) return i;
  }
  reading.features.push_back({std::move(label), expr, NumericProgram::compile(*expr)});
  return reading.features.size() - 1;
}

}  // namespace

ColumnSetting ColumnSetting::from_json(const Json& json) {
  SpecReader reader(json, "setting of a column");
  ColumnSetting setting;
  setting.column = reader.text("column");
  const Json& value = reader.required("value");
  if (value.is_string()) {
    setting.level = value.get<std::string>();
  } else {
    setting.number = number_from_json(value, "value");
  }
  reader.finish();
  return setting;
}

Json ColumnSetting::to_json() const {
  Json json = {{"column", column}, {"value", level}};
  if (number.has_value()) json["value"] = number_to_json(*number);
  return json;
}

MarginQuantity MarginQuantity::from_json(const Json& json) {
  SpecReader reader(json, "quantity");
  MarginQuantity quantity;
  quantity.slope = reader.text_or_none("slope").value_or("");
  for (const Json& setting : reader.list("settings"))
    quantity.settings.push_back(ColumnSetting::from_json(setting));
  reader.finish();
  return quantity;
}

Json MarginQuantity::to_json() const {
  Json list = Json::array();
  for (const ColumnSetting& setting : settings) list.push_back(setting.to_json());
  return {{"slope", slope.empty() ? Json() : Json(slope)}, {"settings", std::move(list)}};
}

namespace {

void add_slope(MarginView& view, const std::string& column, const std::vector<FixedColumn>& fixed,
               const Design& design, const LinearPredictor& predictor, Design& reading) {
  const DesignColumn* source = design.find_column(column);
  if (source == nullptr) refuse_column(column, design);
  if (source->kind != ColumnKind::kNumeric)
    throw SpecError("\"" + column + "\" is a factor and has no slope; its levels are compared");
  for (const DesignFactor& factor : design.factors) {
    if (factor.column == column) {
      throw SpecError("\"" + column + "\" makes the factor " + factor.label +
                      " and has no slope; give two or more of its values to compare");
    }
  }
  const auto slope_of = [&](const ExprPtr& expr) {
    const ExprPtr made = derivative(expr, column);
    return made == nullptr ? made : with_values(made, fixed);
  };
  LinearPredictor slope;
  slope.coefficients = predictor.coefficients;
  for (size_t t = 0; t < design.terms.size(); ++t) {
    if (!design.terms[t].feature.has_value()) continue;
    const ExprPtr made = slope_of(design.features[*design.terms[t].feature].expr);
    if (made == nullptr) continue;
    LinearPredictor::Term term = predictor.terms[t];
    term.feature = read_feature(made, reading);
    term.center = 0.0;
    slope.terms.push_back(std::move(term));
  }
  for (const DesignFeature& offset : design.offsets) {
    if (const ExprPtr made = slope_of(offset.expr))
      view.offset_slopes.push_back(read_feature(made, reading));
  }
  if (slope.terms.empty() && view.offset_slopes.empty()) refuse_column(column, design);
  view.slope = std::move(slope);
}

}  // namespace

MarginView MarginView::make(const MarginQuantity& quantity, const Design& design,
                            const LinearPredictor& predictor, Design& reading) {
  const std::vector<FixedColumn> fixed = fixed_columns(quantity, design);
  MarginView view;
  for (size_t k = 0; k < design.features.size(); ++k) {
    const ExprPtr& expr = design.features[k].expr;
    const ExprPtr seen = with_values(expr, fixed);
    view.features.push_back(seen == expr ? k : read_feature(seen, reading));
  }
  view.codes.resize(design.factors.size());
  for (const ColumnSetting& setting : quantity.settings) {
    for (size_t f = 0; f < design.factors.size(); ++f) {
      const DesignFactor& factor = design.factors[f];
      if (factor.column != setting.column) continue;
      view.codes[f] = code_of(
          setting.number.has_value() ? whole_label(*setting.number) : setting.level, factor);
    }
  }
  const auto changed = [&](const DesignFeature& offset) {
    return with_values(offset.expr, fixed) != offset.expr;
  };
  if (std::any_of(design.offsets.begin(), design.offsets.end(), changed)) {
    view.offsets.emplace();
    for (const DesignFeature& offset : design.offsets)
      view.offsets->push_back(read_feature(with_values(offset.expr, fixed), reading));
  }
  if (!quantity.slope.empty()) add_slope(view, quantity.slope, fixed, design, predictor, reading);
  return view;
}

}  // namespace insitu
