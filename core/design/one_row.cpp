#include "design/one_row.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/double_double.hpp"
#include "base/errors.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

OneRow::OneRow(const Design& design, std::span<const std::string> columns, const RowNeeds& needs)
    : design_(design), columns_(columns), codes_(design.factors.size(), kMissingCode) {
  bind_features(needs);
  for (size_t k = 0; k < design.factors.size(); ++k) bind_factor(k);
  for (const uint32_t& code : codes_) tile_.codes.push_back(&code);
  tile_.rows = 1;
}

size_t OneRow::column_of(const std::string& name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) throw SpecError("the row has no column \"" + name + "\"");
  return static_cast<size_t>(found - columns_.begin());
}

size_t OneRow::label_of(const std::string& name, const std::vector<std::string>& labels) {
  const size_t column = column_of(name);
  for (size_t i = 0; i < labels_.size(); ++i) {
    if (labels_[i].column == column && *labels_[i].labels == labels) return i;
  }
  labels_.push_back({column, &labels, LevelFinder(labels), kMissingCode});
  return labels_.size() - 1;
}

size_t OneRow::slot_of(const NumericProgram::Input& input) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].column == input.column && inputs_[i].codes == input.codes) return i;
  }
  const size_t slot = inputs_.size();
  inputs_.push_back(input);
  if (input.codes) {
    const auto& levels = design_.find_column(input.column)->levels;
    code_inputs_.push_back({label_of(input.column, *levels), slot});
  } else {
    numbers_.push_back({column_of(input.column), slot});
  }
  return slot;
}

void OneRow::bind_factor(size_t k) {
  const DesignFactor& factor = design_.factors[k];
  if (factor.from_number) {
    whole_factors_.push_back({column_of(factor.column), k, LevelFinder(*factor.levels)});
    return;
  }
  label_factors_.push_back({label_of(factor.column, *factor.levels), k});
}

void OneRow::bind_features(const RowNeeds& needs) {
  const bool response = needs.response && design_.response.has_value();
  const bool weighted = needs.weight && design_.weighted();
  std::vector<const DesignFeature*> features;
  for (const DesignFeature& feature : design_.features) features.push_back(&feature);
  if (response) features.push_back(&*design_.response);
  const size_t n_values = features.size();
  for (const DesignFeature& offset : design_.offsets) features.push_back(&offset);
  const size_t n_offsets = design_.offsets.size();
  if (weighted && design_.trials.has_value()) features.push_back(&*design_.trials);
  std::vector<std::vector<size_t>> inputs;
  for (const DesignFeature* feature : features) {
    auto& list = inputs.emplace_back();
    for (const NumericProgram::Input& input : feature->program.inputs())
      list.push_back(slot_of(input));
  }
  const bool by_column = weighted && !design_.weight.empty();
  const size_t weight = by_column ? slot_of({design_.weight, false}) : 0;
  // From here on the slots stay where they are.
  slots_.assign(inputs_.size() + features.size() + 1, kNaN);
  size_t stack = 0;
  for (size_t k = 0; k < features.size(); ++k) {
    const NumericProgram& program = features[k]->program;
    size_t slot = inputs[k].empty() ? 0 : inputs[k].front();
    if (!program.is_column()) {
      slot = inputs_.size() + k;
      Computed& made = computed_.emplace_back(Computed{&program, {}, slot});
      for (const size_t input : inputs[k]) made.inputs.push_back(&slots_[input]);
      stack = std::max(stack, program.stack_doubles());
    }
    if (k < n_values + n_offsets) {
      (k < n_values ? tile_.values : offsets_).push_back(&slots_[slot]);
    } else {
      trials_ = &slots_[slot];
    }
  }
  stack_.resize(stack);
  if (by_column) weight_ = &slots_[weight];
  if (weighted) tile_.weight = trials_ == nullptr ? weight_ : &counted_;
  if (offsets_.empty()) return;
  tile_.offset = &offset_;
  if (!response || !needs.subtract_offsets) return;
  response_ = tile_.values.back();
  tile_.values.back() = &slots_.back();
}

const Tile& OneRow::read(const insitu_value* values) {
  read_cells(values);
  for (const Computed& made : computed_)
    slots_[made.slot] = made.program->evaluate_one(made.inputs, stack_.data());
  if (!offsets_.empty()) apply_offsets();
  if (trials_ != nullptr) counted_ = weight_ == nullptr ? *trials_ : *trials_ * *weight_;
  return tile_;
}

double OneRow::number_of(const insitu_value& value, size_t column) const {
  if (value.is_null != 0) return kNaN;
  if (value.kind != INSITU_VALUE_TEXT) return value.number;
  throw DataError("column \"" + columns_[column] +
                  "\" holds text, not numbers; use it as a factor or cast it to a number");
}

void OneRow::read_cells(const insitu_value* values) {
  for (const NumberCell& cell : numbers_) {
    const double value = number_of(values[cell.column], cell.column);
    if (std::isinf(value)) {
      throw DataError("column \"" + columns_[cell.column] + "\" holds " + std::to_string(value) +
                      "; infinite values cannot be used: filter them out, or make them null");
    }
    slots_[cell.slot] = value;
  }
  read_codes(values);
}

void OneRow::read_codes(const insitu_value* values) {
  for (LabelCell& cell : labels_)
    cell.code = cell.levels.find(values[cell.column], columns_[cell.column]);
  for (const CodeInput& input : code_inputs_) {
    const uint32_t code = labels_[input.label].code;
    slots_[input.slot] = code >= kUnseenCode ? kNaN : code;
  }
  for (const LabelFactor& factor : label_factors_)
    codes_[factor.factor] = labels_[factor.label].code;
  for (const WholeFactor& factor : whole_factors_)
    codes_[factor.factor] = whole_of(factor, values[factor.column]);
}

uint32_t OneRow::whole_of(const WholeFactor& factor, const insitu_value& value) const {
  const double number = number_of(value, factor.column);
  if (std::isnan(number)) return kMissingCode;
  if (!(std::fabs(number) <= 9007199254740992.0)) {
    throw DataError(design_.factors[factor.factor].label + ": column \"" + columns_[factor.column] +
                    "\" holds " + std::to_string(number) + "; F() needs numbers within 2^53");
  }
  return factor.levels.find({0, INSITU_VALUE_NUMBER, std::floor(number), nullptr, 0},
                            columns_[factor.column]);
}

// As RowReader sums them: in double-double, so that a response loses nothing to them.
void OneRow::apply_offsets() {
  DoubleDouble total;
  for (const double* offset : offsets_) total += DoubleDouble(*offset);
  offset_ = total.hi;
  if (response_ == nullptr) return;
  slots_.back() = (DoubleDouble(*response_) - total).hi;
}

}  // namespace insitu
