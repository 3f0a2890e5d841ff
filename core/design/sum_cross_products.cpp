#include "design/sum_cross_products.hpp"

#include <cmath>

#include "base/errors.hpp"
#include "linalg/kernels.hpp"

namespace insitu {
namespace {

using Status = SumGroups::Status;

using Groups = std::vector<size_t>;

// Counts the rows of a block; its used groups.
Groups count(const SumGroups& groups, const SumGroups::Block& block, RowCounts& counts) {
  Groups used;
  for (const size_t group : block.groups) {
    const uint64_t rows = groups.rows(group);
    counts.rows += rows;
    switch (groups.status(block, group)) {
      case SumGroups::Status::kUsed:
        counts.used += rows;
        used.push_back(group);
        break;
      case SumGroups::Status::kMissing:
        counts.missing += rows;
        break;
      case SumGroups::Status::kZeroWeight:
        counts.zero_weight += rows;
        break;
    }
  }
  return used;
}

DoubleDouble total(const SumGroups& groups, const Groups& used, const SumGroups::Product& product) {
  DoubleDouble sum;
  for (const size_t group : used) sum += groups.value(product, group);
  if (!std::isfinite(sum.hi)) throw NumericError("a sum of products is beyond what doubles hold");
  return sum;
}

// A column without deviation has no products about its mean: what is left of them is rounding.
void clear_constants(CrossProducts& products) {
  const size_t k = products.values();
  std::vector<bool> constant;
  for (size_t v = 0; v < k; ++v)
    constant.push_back(!(products.cross_hi[packed_index(v, v, k)] > 0.0));
  for (size_t v = 0; v < k; ++v) {
    for (size_t u = v; u < k; ++u) {
      if (!constant[v] && !constant[u]) continue;
      products.cross_hi[packed_index(v, u, k)] = 0.0;
      products.cross_lo[packed_index(v, u, k)] = 0.0;
    }
  }
}

// Means, and products about them.
void fill_dense(const SumGroups& groups, const SumGroups::Block& block, const Groups& used,
                CrossProducts& into) {
  const size_t k = into.values();
  into.weight = total(groups, used, groups.product(block, 0, 0));
  std::vector<DoubleDouble> first(k);
  for (size_t v = 0; v < k; ++v) {
    first[v] = total(groups, used, groups.product(block, 0, v + 1));
    const DoubleDouble mean = first[v] / into.weight + DoubleDouble(into.origin[v]);
    into.mean_hi[v] = mean.hi;
    into.mean_lo[v] = mean.lo;
  }
  for (size_t v = 0; v < k; ++v) {
    for (size_t u = v; u < k; ++u) {
      const DoubleDouble cross = total(groups, used, groups.product(block, v + 1, u + 1)) -
                                 first[v] / into.weight * first[u];
      into.cross_hi[packed_index(v, u, k)] = cross.hi;
      into.cross_lo[packed_index(v, u, k)] = cross.lo;
    }
  }
  clear_constants(into);
}

void fill_cells(const SumGroups& groups, const SumGroups::Block& block, const Groups& used,
                const std::vector<uint32_t>& level_sizes, CellTable& table) {
  std::vector<SumGroups::Product> products;
  for (size_t p = 0; p < table.products(); ++p)
    products.push_back(groups.product(block, table.a[p], table.b[p]));
  for (const size_t group : used) {
    uint64_t cell = 0;
    uint64_t stride = 1;
    for (const uint32_t factor : table.factors) {
      cell += stride * groups.code(factor, group);
      stride *= level_sizes[factor];
    }
    for (size_t p = 0; p < products.size(); ++p) {
      const size_t at = cell * products.size() + p;
      const DoubleDouble sum =
          DoubleDouble(table.hi[at], table.lo[at]) + groups.value(products[p], group);
      table.hi[at] = sum.hi;
      table.lo[at] = sum.lo;
    }
  }
}

}  // namespace

std::vector<SumTable> cross_product_tables(const CellPlan& plan) {
  std::vector<SumTable> tables(1);
  for (size_t a = 0; a < plan.n_values; ++a) {
    for (size_t b = a; b < plan.n_values; ++b) tables[0].products.push_back({a, b});
  }
  for (const CellTablePlan& planned : plan.tables) {
    SumTable& table = tables.emplace_back();
    table.factors = planned.factors;
    for (const size_t product : planned.products) table.products.push_back(plan.products[product]);
  }
  return tables;
}

CrossProducts sum_cross_products(const Design& design, const CellPlan& plan,
                                 const SumGroups& groups, RowCounts& counts,
                                 DoubleDouble& log_weights) {
  CrossProducts made = empty_cross_products(design, plan);
  const std::vector<SumTable> tables = cross_product_tables(plan);
  const SumGroups::Block& dense = groups.block_for(tables[0]);
  const Groups used = count(groups, dense, counts);
  for (size_t f = 0; f < made.levels.size(); ++f) made.levels[f] = groups.labels(f);
  if (!used.empty()) {
    made.rounding = groups.rounding();
    made.origin = groups.origin();
    fill_dense(groups, dense, used, made);
  }
  if (!design.weight.empty()) {
    for (const size_t group : used) log_weights += groups.log_weight(group);
  }
  const std::vector<uint32_t> level_sizes = level_counts(made.levels);
  for (size_t t = 0; t < plan.tables.size(); ++t) {
    CellTable& table = made.tables[t];
    table.hi.assign(count_cells(plan.tables[t].factors, level_sizes) * table.products(), 0.0);
    table.lo.assign(table.hi.size(), 0.0);
    const SumGroups::Block& block = groups.block_for(tables[t + 1]);
    RowCounts again;
    fill_cells(groups, block, count(groups, block, again), level_sizes, table);
  }
  return made;
}

}  // namespace insitu
