#include "design/sum_request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "formula/expression_json.hpp"

namespace insitu {
namespace {

constexpr uint32_t kDeepest = 40;  // SQL builders recurse over trees

bool too_deep(const DesignFeature& feature) { return feature.expr->depth > kDeepest; }

// N(f) carries the levels that its codes are places in.
void add_levels(const Design& design, Json& tree) {
  if (const auto codes = tree.find("codes"); codes != tree.end()) {
    tree["levels"] = *design.find_column(codes->get<std::string>())->levels;
  }
  if (const auto args = tree.find("args"); args != tree.end()) {
    for (Json& arg : *args) add_levels(design, arg);
  }
}

Json tree_of(const Design& design, const DesignFeature& feature) {
  Json tree = expression_json(*feature.expr);
  add_levels(design, tree);
  return tree;
}

Json response_less_offsets(const Design& design) {
  Json tree = tree_of(design, *design.response);
  for (const DesignFeature& offset : design.offsets) {
    Json args = Json::array({std::move(tree), tree_of(design, offset)});
    tree = {{"call", "-"}, {"args", std::move(args)}};
  }
  return tree;
}

Json factor_json(const DesignFactor& factor) {
  Json json = {{"column", factor.column}, {"floor", factor.from_number}};
  if (factor.levels.has_value()) json["levels"] = *factor.levels;
  return json;
}

Json weight_json(const Design& design) {
  if (design.weight.empty()) return nullptr;
  return {{"column", design.weight}, {"whole", design.find_column(design.weight)->whole}};
}

}  // namespace

Json sum_request(const Design& design, const SumNeeds& needs, const std::vector<SumTable>& tables) {
  if (std::any_of(design.features.begin(), design.features.end(), too_deep) ||
      std::any_of(design.offsets.begin(), design.offsets.end(), too_deep) ||
      (design.response.has_value() && too_deep(*design.response)) ||
      design.offsets.size() > kDeepest / 4) {
    return nullptr;
  }
  Json values = Json::array();
  for (const DesignFeature& feature : design.features) values.push_back(tree_of(design, feature));
  if (needs.response && design.response.has_value())
    values.push_back(response_less_offsets(design));
  Json factors = Json::array();
  for (const DesignFactor& factor : design.factors) factors.push_back(factor_json(factor));
  Json list = Json::array();
  for (const SumTable& table : tables) {
    list.push_back(
        {{"factors", table.factors}, {"products", table.products}, {"described", table.described}});
  }
  return {{"complete", needs.complete},       {"values", std::move(values)},
          {"factors", std::move(factors)},    {"weight", weight_json(design)},
          {"log_weights", needs.log_weights}, {"tables", std::move(list)}};
}

}  // namespace insitu
