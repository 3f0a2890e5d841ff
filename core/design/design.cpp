#include "design/design.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "base/errors.hpp"
#include "base/levels.hpp"

namespace insitu {
namespace {

std::vector<FormulaColumn> formula_columns(const std::vector<DesignColumn>& columns) {
  std::vector<FormulaColumn> result;
  for (const DesignColumn& column : columns) result.push_back({column.name, column.kind});
  return result;
}

std::vector<std::string> integer_labels(int64_t low, int64_t high, const std::string& label) {
  if (high < low) {
    throw SpecError(label + ": the upper bound " + std::to_string(high) +
                    " is below the lower bound " + std::to_string(low));
  }
  const auto count =
      static_cast<uint64_t>(high) - static_cast<uint64_t>(low);  // wraps as it should
  if (count >= kMaxLevels) {
    throw SpecError(label + " has " + std::to_string(count + 1) + " levels from " +
                    std::to_string(low) + " to " + std::to_string(high) + "; at most " +
                    std::to_string(kMaxLevels) + " are possible: bin the column, or give bounds");
  }
  std::vector<std::string> labels;
  for (int64_t value = low;; ++value) {
    labels.push_back(std::to_string(value));
    if (value == high) break;
  }
  return labels;
}

// F(x) found in data: every integer between the least and the greatest floor is a level.
std::vector<std::string> fill_integers(const std::vector<std::string>& found,
                                       const std::string& label) {
  if (found.empty()) return {};
  int64_t low = std::stoll(found.front());
  int64_t high = low;
  for (const std::string& text : found) {
    const int64_t value = std::stoll(text);
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return integer_labels(low, high, label);
}

bool is_whole_number(const std::string& label) {
  int64_t value = 0;
  const char* end = label.data() + label.size();
  const auto [stop, error] = std::from_chars(label.data(), end, value);
  return error == std::errc() && stop == end;
}

void validate_factor(const DesignFactor& factor, const std::vector<std::string>& labels) {
  const auto refuse = [&](const std::string& why) {
    throw StateError("the state's levels of " + factor.label + " do not fit its spec: " + why);
  };
  if (factor.levels.has_value() && labels != *factor.levels) refuse("others were given");
  if (labels.size() > kMaxLevels) refuse(std::to_string(labels.size()) + " are too many");
  if (factor.from_number && !factor.exact &&
      !std::all_of(labels.begin(), labels.end(), is_whole_number))
    refuse("they must be whole numbers");
  try {
    const LevelTable unique(labels);
  } catch (const SpecError&) {
    refuse("one is repeated");
  }
}

// The levels that a factor has of its column's.
std::vector<std::string> levels_within(const DesignFactor& factor,
                                       const std::vector<std::string>& labels) {
  if (!factor.window.has_value() || labels.empty()) return labels;
  const auto [first, last] = *factor.window;
  if (first < 1 || last > static_cast<int64_t>(labels.size())) {
    throw SpecError(factor.label + " asks for the levels " + std::to_string(first) + " to " +
                    std::to_string(last) + " of \"" + factor.column + "\", which has " +
                    std::to_string(labels.size()) + ": give places from 1 to " +
                    std::to_string(labels.size()));
  }
  return {labels.begin() + (first - 1), labels.begin() + last};
}

// Those that the column has, then the others found.
std::vector<std::string> levels_after(const DesignColumn& column,
                                      const std::vector<std::string>& found) {
  if (!column.levels.has_value()) return found;
  std::vector<std::string> all = *column.levels;
  const std::set<std::string> known(all.begin(), all.end());
  std::copy_if(found.begin(), found.end(), std::back_inserter(all),
               [&](const std::string& label) { return known.count(label) == 0; });
  return all;
}

size_t add_factor(Design& design, const Expr& expr) {
  DesignFactor factor;
  factor.label = to_string(expr);
  for (size_t i = 0; i < design.factors.size(); ++i) {
    if (design.factors[i].label == factor.label) return i;
  }
  factor.display = display_name(expr);
  const Expr& column = expr.kind == ExprKind::kFactorOf ? *expr.args.at(0) : expr;
  factor.column = column.name;
  const DesignColumn* source = design.find_column(column.name);
  factor.from_number = source->kind == ColumnKind::kNumeric;
  if (!factor.from_number) {
    if (expr.low.has_value()) factor.window = {*expr.low, *expr.high};
    if (source->levels.has_value() && (!source->open || factor.window.has_value()))
      factor.levels = levels_within(factor, *source->levels);
  } else if (expr.low.has_value() && expr.high.has_value()) {
    factor.levels = integer_labels(*expr.low, *expr.high, factor.label);
  }
  design.factors.push_back(std::move(factor));
  return design.factors.size() - 1;
}

ExprPtr binary(BinaryOp op, ExprPtr left, ExprPtr right) {
  auto node = std::make_shared<Expr>();
  node->kind = ExprKind::kBinary;
  node->op = op;
  node->depth = std::max(left->depth, right->depth) + 1;
  node->args = {std::move(left), std::move(right)};
  return node;
}

DesignFeature make_feature(const ExprPtr& expr) {
  return {to_string(*expr), expr, NumericProgram::compile(*expr)};
}

size_t add_feature(Design& design, const std::vector<ExprPtr>& elements) {
  ExprPtr product = elements.front();
  for (size_t i = 1; i < elements.size(); ++i) {
    product = binary(BinaryOp::kMultiply, product, elements[i]);
  }
  const std::string label = to_string(*product);
  for (size_t i = 0; i < design.features.size(); ++i) {
    if (design.features[i].label == label) return i;
  }
  design.features.push_back(make_feature(product));
  return design.features.size() - 1;
}

// The factor of a column that rows are clustered by.
size_t add_cluster(Design& design, const std::string& name,
                   const std::vector<DesignColumn>& columns) {
  if (design.find_column(name) == nullptr) {
    const auto found =
        std::find_if(columns.begin(), columns.end(),
                     [&](const DesignColumn& column) { return column.name == name; });
    if (found == columns.end()) {
      std::vector<std::string> names;
      for (const DesignColumn& column : columns) names.push_back(column.name);
      throw SpecError("there is no column \"" + name + "\" to cluster by; " +
                      names_advice(name, names, "the columns"));
    }
    design.columns.push_back(*found);
  }
  Expr column;
  column.kind = ExprKind::kColumn;
  column.name = name;
  const size_t before = design.factors.size();
  const size_t factor = add_factor(design, column);
  if (factor == before) design.factors[factor].exact = design.factors[factor].from_number;
  return factor;
}

[[noreturn]] void refuse_weight(const std::string& name, const std::vector<DesignColumn>& columns) {
  std::vector<std::string> numbers;
  for (const DesignColumn& column : columns) {
    if (column.kind == ColumnKind::kNumeric) numbers.push_back(column.name);
  }
  throw SpecError("there is no column \"" + name + "\" for the weights; " +
                  names_advice(name, numbers, "the columns of numbers"));
}

// cbind(s, f): the share s / (s + f) of (s + f) (s >= 0) (f >= 0) - (s < 0) - (f < 0) trials, which
// is exactly s + f, and below 0 where a count is.
void make_counts(Design& design, const ExprPtr& response) {
  const ExprPtr& success = response->args[0];
  const ExprPtr& failure = response->args[1];
  const auto zero = std::make_shared<const Expr>();
  const ExprPtr sum = binary(BinaryOp::kAdd, success, failure);
  ExprPtr trials = sum;
  for (const ExprPtr& count : {success, failure}) {
    trials = binary(BinaryOp::kMultiply, trials, binary(BinaryOp::kGreaterEqual, count, zero));
  }
  for (const ExprPtr& count : {success, failure})
    trials = binary(BinaryOp::kSubtract, trials, binary(BinaryOp::kLess, count, zero));
  const std::string label = to_string(*response);
  design.response = {label, response,
                     NumericProgram::compile(*binary(BinaryOp::kDivide, success, sum))};
  design.trials = {label, trials, NumericProgram::compile(*trials)};
}

void check_response(const ResolvedFormula& resolved, const Design& design) {
  const Expr& response = *resolved.formula.response;
  const bool logical =
      response.kind == ExprKind::kColumn && design.find_column(response.name)->logical;
  if (resolved.response_kind != ColumnKind::kFactor || logical) return;
  const std::string text = to_string(response);
  formula_error(resolved.formula.text, response.position,
                "the response " + text + " is a factor and a linear model needs a number",
                response.kind == ExprKind::kColumn
                    ? "write N(" + text + ") for its codes, or make a number of it with transforms"
                    : "write the number itself");
}

DesignTerm make_term(Design& design, const Term& term, const std::vector<ColumnKind>& kinds) {
  DesignTerm result;
  std::vector<ExprPtr> numeric;
  std::string numeric_label;
  for (size_t i = 0; i < term.factors.size(); ++i) {
    if (kinds[i] == ColumnKind::kFactor) {
      const size_t factor = add_factor(design, *term.factors[i]);
      if (std::find(result.factors.begin(), result.factors.end(), factor) == result.factors.end()) {
        result.factors.push_back(factor);
      }
    } else {
      numeric.push_back(term.factors[i]);
      numeric_label += (numeric_label.empty() ? "" : ":") + display_name(*term.factors[i]);
    }
  }
  result.label = result.factors.empty() ? numeric_label : term.label;
  if (!numeric.empty()) result.feature = add_feature(design, numeric);
  result.feature_label = numeric_label;
  return result;
}

}  // namespace

Design Design::make(const std::string& formula, const std::vector<DesignColumn>& columns,
                    const std::string& weight, const std::vector<std::string>& clusters) {
  std::vector<std::string> not_in_all;
  if (!weight.empty()) not_in_all.push_back(weight);
  not_in_all.insert(not_in_all.end(), clusters.begin(), clusters.end());
  const ResolvedFormula resolved =
      resolve(parse_formula(formula), formula_columns(columns), not_in_all);

  Design design;
  design.formula = to_string(resolved.formula);
  design.intercept = resolved.formula.intercept;
  design.weight = weight;
  std::vector<std::string> used = resolved.columns;
  if (!weight.empty() && std::find(used.begin(), used.end(), weight) == used.end()) {
    used.push_back(weight);
  }
  for (const std::string& name : used) {
    const auto found =
        std::find_if(columns.begin(), columns.end(),
                     [&](const DesignColumn& column) { return column.name == name; });
    if (found == columns.end()) refuse_weight(name, columns);
    design.columns.push_back(*found);
  }
  if (!weight.empty() && design.find_column(weight)->kind != ColumnKind::kNumeric) {
    throw SpecError("the weights column \"" + weight + "\" is a factor; weights are numbers");
  }
  for (size_t i = 0; i < resolved.formula.terms.size(); ++i) {
    design.terms.push_back(make_term(design, resolved.formula.terms[i], resolved.kinds[i]));
  }
  if (resolved.formula.response) {
    if (is_counts(*resolved.formula.response)) {
      make_counts(design, resolved.formula.response);
    } else {
      check_response(resolved, design);
      design.response = make_feature(resolved.formula.response);
    }
  }
  for (const ExprPtr& offset : resolved.formula.offsets) {
    design.offsets.push_back(make_feature(offset));
  }
  for (const std::string& name : clusters) {
    design.clusters.push_back(add_cluster(design, name, columns));
    if (std::count(design.clusters.begin(), design.clusters.end(), design.clusters.back()) > 1)
      throw SpecError("column \"" + name + "\" is named twice among the clusters");
  }
  return design;
}

void Design::refuse_counts() const {
  if (!trials.has_value()) return;
  formula_error(formula, 0, "cbind() is the response of a binomial family",
                "several responses are not supported yet: fit one model for each");
}

Design Design::without_clusters() const {
  if (clusters.empty()) return *this;
  Json json = to_json();
  json.erase("clusters");
  return from_json(json);
}

Design Design::from_json(const Json& json) {
  Design design =
      make(json.at("formula").get<std::string>(), read_columns(json.at("columns")),
           json.value("weight", std::string()), json.value("clusters", std::vector<std::string>()));
  if (json.contains("factor_levels")) {
    for (DesignFactor& factor : design.factors) {
      const auto found = json["factor_levels"].find(factor.label);
      if (found != json["factor_levels"].end()) {
        factor.levels = found->get<std::vector<std::string>>();
      }
    }
  }
  return design;
}

Json Design::to_json() const {
  Json json = {{"formula", formula}, {"columns", write_columns(columns)}, {"weight", weight}};
  Json levels = Json::object();
  for (const DesignFactor& factor : factors) {
    if (factor.from_number && factor.levels.has_value()) levels[factor.label] = *factor.levels;
  }
  if (!levels.empty()) json["factor_levels"] = std::move(levels);
  for (const size_t cluster : clusters) json["clusters"].push_back(factors[cluster].column);
  return json;
}

bool Design::frozen() const {
  return open_codes().empty() &&
         std::all_of(factors.begin(), factors.end(),
                     [](const DesignFactor& factor) { return factor.levels.has_value(); });
}

Design Design::freeze(const std::vector<std::vector<std::string>>& found) const {
  Design design = *this;
  for (size_t i = 0; i < factors.size(); ++i) {
    DesignFactor& factor = design.factors[i];
    if (factor.levels.has_value()) continue;
    if (factor.exact) {
      factor.levels = found[i];
    } else if (factor.from_number) {
      factor.levels = fill_integers(found[i], factor.label);
    } else {
      design.set_levels(factor.column, levels_after(*find_column(factor.column), found[i]));
    }
  }
  return design;
}

void Design::validate_levels(const std::vector<std::vector<std::string>>& found) const {
  if (found.size() != factors.size()) {
    throw StateError("the state has levels of " + std::to_string(found.size()) +
                     " factors, its spec has " + std::to_string(factors.size()));
  }
  for (size_t i = 0; i < factors.size(); ++i) validate_factor(factors[i], found[i]);
}

void Design::set_levels(const std::string& column, const std::vector<std::string>& labels) {
  for (DesignColumn& known : columns) {
    if (known.name != column) continue;
    known.levels = labels;
    known.open = false;
  }
  for (DesignFactor& factor : factors) {
    if (factor.column == column && !factor.from_number)
      factor.levels = levels_within(factor, labels);
  }
}

std::vector<std::string> Design::code_columns() const {
  std::vector<std::string> names;
  auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  auto visit = [&](const DesignFeature& feature) {
    for (const NumericProgram::Input& input : feature.program.inputs()) {
      if (input.codes) add(input.column);
    }
  };
  for (const DesignFactor& factor : factors) {
    if (factor.window.has_value()) add(factor.column);
  }
  std::for_each(features.begin(), features.end(), visit);
  if (response.has_value()) visit(*response);
  std::for_each(offsets.begin(), offsets.end(), visit);
  return names;
}

std::vector<std::string> Design::open_codes() const {
  std::vector<std::string> names = code_columns();
  std::erase_if(names,
                [&](const std::string& name) { return find_column(name)->levels.has_value(); });
  return names;
}

void Design::require_codes() const {
  const std::vector<std::string> names = open_codes();
  if (names.empty()) return;
  throw SpecError("the levels of \"" + names[0] + "\" are positions in the formula \"" + formula +
                  "\" and must be known before the rows are read: run the analysis \"levels\" "
                  "first, or give them");
}

std::vector<std::string> Design::predictor_columns() const {
  std::vector<std::string> names;
  auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const DesignFeature& feature : features) {
    for (const NumericProgram::Input& input : feature.program.inputs()) add(input.column);
  }
  for (const DesignFactor& factor : factors) add(factor.column);
  for (const DesignFeature& offset : offsets) {
    for (const NumericProgram::Input& input : offset.program.inputs()) add(input.column);
  }
  return names;
}

std::vector<std::string> Design::column_names() const {
  std::vector<std::string> names;
  for (const DesignColumn& column : columns) names.push_back(column.name);
  return names;
}

bool Design::in_terms(size_t factor) const {
  return std::any_of(terms.begin(), terms.end(), [&](const DesignTerm& term) {
    return std::find(term.factors.begin(), term.factors.end(), factor) != term.factors.end();
  });
}

const DesignColumn* Design::find_column(const std::string& name) const {
  for (const DesignColumn& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

uint64_t Design::cell_within(const DesignTerm& term, uint64_t cell,
                             const DesignTerm& within) const {
  uint64_t found = 0;
  uint64_t stride = 1;
  for (const size_t factor : within.factors) {
    uint64_t rest = cell;
    for (const size_t own : term.factors) {
      const uint64_t levels = factors[own].levels->size();
      if (own == factor) found += stride * (rest % levels);
      rest /= levels;
    }
    stride *= factors[factor].levels->size();
  }
  return found;
}

uint64_t Design::cells(const DesignTerm& term) const {
  uint64_t cells = 1;
  for (const size_t factor : term.factors) {
    const uint64_t levels = factors[factor].levels->size();
    if (levels != 0 && cells > kMaxCells / levels) {
      throw SpecError("the interaction " + term.label + " has more than " +
                      std::to_string(kMaxCells) + " cells; use fewer factors or fewer levels");
    }
    cells *= levels;
  }
  return cells;
}

std::string Design::coefficient_name(const DesignTerm& term, uint64_t cell) const {
  if (term.factors.empty()) return term.feature_label;
  std::string name;
  for (const size_t index : term.factors) {
    const DesignFactor& factor = factors[index];
    const uint64_t levels = factor.levels->size();
    name += (name.empty() ? "" : ", ") + factor.display + "=" + (*factor.levels)[cell % levels];
    cell /= levels;
  }
  return term.feature.has_value() ? term.feature_label + " for " + name : name;
}

}  // namespace insitu
