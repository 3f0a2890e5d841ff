#include "design/cell_plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/errors.hpp"

namespace insitu {
namespace {

using Set = std::vector<size_t>;
using Product = std::array<size_t, 2>;

Set ascending(std::vector<size_t> factors) {
  std::sort(factors.begin(), factors.end());
  return factors;
}

Set united(const Set& a, const Set& b) {
  Set result;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

// A product about another origin needs its own parts: (a, b) needs (0, a), (0, b), (0, 0).
void need(std::map<Set, std::set<Product>>& needs, const Set& set, size_t a, size_t b) {
  std::set<Product>& products = needs[set];
  products.insert({0, 0});
  products.insert({0, a});
  products.insert({0, b});
  products.insert({std::min(a, b), std::max(a, b)});
}

}  // namespace

CellPlan CellPlan::make(const Design& design, bool response) {
  CellPlan plan;
  plan.n_values = 1 + design.features.size() + (response && design.response.has_value() ? 1 : 0);
  plan.products.push_back({0, 0});
  std::map<Set, std::set<Product>> needs;
  for (const DesignTerm& term : design.terms) {
    if (term.factors.empty()) continue;
    const Set set = ascending(term.factors);
    const size_t multiplier = term.feature.has_value() ? 1 + *term.feature : 0;
    for (size_t value = 0; value < plan.n_values; ++value) need(needs, set, multiplier, value);
    for (const DesignTerm& other : design.terms) {
      if (other.factors.empty()) continue;
      need(needs, united(set, ascending(other.factors)), multiplier,
           other.feature.has_value() ? 1 + *other.feature : 0);
    }
  }
  std::set<Product> all;
  for (const auto& [set, products] : needs) all.insert(products.begin(), products.end());
  all.erase({0, 0});
  plan.products.insert(plan.products.end(), all.begin(), all.end());
  for (const auto& [set, products] : needs) {
    CellTablePlan table;
    table.factors = set;
    for (const Product& product : products)
      table.products.push_back(plan.product(product[0], product[1]));
    std::sort(table.products.begin(), table.products.end());
    plan.tables.push_back(std::move(table));
  }
  return plan;
}

size_t CellPlan::product(size_t a, size_t b) const {
  const Product wanted{std::min(a, b), std::max(a, b)};
  const auto found = std::find(products.begin(), products.end(), wanted);
  if (found == products.end()) throw InternalError("a product was not planned");
  return static_cast<size_t>(found - products.begin());
}

size_t CellPlan::table(std::span<const size_t> factors) const {
  for (size_t i = 0; i < tables.size(); ++i) {
    if (std::equal(factors.begin(), factors.end(), tables[i].factors.begin(),
                   tables[i].factors.end())) {
      return i;
    }
  }
  throw InternalError("a table was not planned");
}

size_t CellPlan::position(size_t table, size_t product) const {
  const std::vector<size_t>& list = tables[table].products;
  const auto found = std::lower_bound(list.begin(), list.end(), product);
  if (found == list.end() || *found != product) throw InternalError("a table lacks a product");
  return static_cast<size_t>(found - list.begin());
}

bool cells_within(const std::vector<size_t>& factors, const std::vector<uint32_t>& level_counts,
                  uint64_t most) {
  uint64_t cells = 1;
  for (const size_t factor : factors) {
    const uint64_t levels = level_counts[factor];
    if (levels != 0 && cells > most / levels) return false;
    cells *= levels;
  }
  return true;
}

uint64_t count_cells(const std::vector<size_t>& factors,
                     const std::vector<uint32_t>& level_counts) {
  constexpr uint64_t kLimit = kMaxCells * 8;
  if (!cells_within(factors, level_counts, kLimit)) {
    throw SpecError("crossing the factors of this model makes more than " + std::to_string(kLimit) +
                    " cells; use fewer factors or fewer levels");
  }
  uint64_t cells = 1;
  for (const size_t factor : factors) cells *= level_counts[factor];
  return cells;
}

}  // namespace insitu
