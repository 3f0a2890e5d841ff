#include "solve/coding.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace insitu {

std::vector<size_t> term_order(const Design& design, bool drop_main) {
  std::vector<size_t> order(design.terms.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (!drop_main) return order;
  auto size = [&](size_t t) {
    const DesignTerm& term = design.terms[t];
    return term.factors.size() + (term.feature.has_value() && !term.factors.empty() ? 1 : 0);
  };
  std::sort(order.begin(), order.end(), [&](size_t t, size_t u) {
    return std::pair(size(u), t) < std::pair(size(t), u);  // largest first, then as written
  });
  return order;
}

bool contains(const std::vector<size_t>& all, const std::vector<size_t>& some) {
  return std::all_of(some.begin(), some.end(), [&](size_t factor) {
    return std::find(all.begin(), all.end(), factor) != all.end();
  });
}

namespace {

uint64_t levels_of(const Design& design, size_t factor) {
  return design.factors[factor].levels->size();
}

// True if every factor of `term` outside `covered` is at its dropped level in this cell.
bool at_dropped_levels(const Design& design, const DesignTerm& term, uint64_t cell,
                       const std::vector<size_t>& covered, bool drop_first) {
  for (const size_t factor : term.factors) {
    const uint64_t levels = levels_of(design, factor);
    const uint64_t level = cell % levels;
    cell /= levels;
    if (std::find(covered.begin(), covered.end(), factor) != covered.end()) continue;
    if (level != (drop_first ? 0 : levels - 1)) return false;
  }
  return true;
}

}  // namespace

std::vector<size_t> elimination_order(const LinearSystem& system, bool drop_first, bool drop_main,
                                      int except) {
  const Design& design = system.design();
  std::vector<size_t> order;
  if (system.intercept()) order.push_back(0);
  for (const size_t t : term_order(design, drop_main)) {
    if (static_cast<int>(t) == except) continue;
    const size_t first = system.first_column(t);
    const uint64_t cells = design.cells(design.terms[t]);
    if (!drop_first) {
      for (uint64_t cell = 0; cell < cells; ++cell) order.push_back(first + cell);
      continue;
    }
    // The first level of every factor goes last, so that it is the redundant one.
    std::vector<uint64_t> last;
    for (uint64_t cell = 0; cell < cells; ++cell) {
      bool any_first = false;
      uint64_t rest = cell;
      for (const size_t factor : design.terms[t].factors) {
        any_first = any_first || rest % levels_of(design, factor) == 0;
        rest /= levels_of(design, factor);
      }
      if (any_first && !design.terms[t].factors.empty()) {
        last.push_back(cell);
      } else {
        order.push_back(first + cell);
      }
    }
    for (auto cell = last.rbegin(); cell != last.rend(); ++cell) order.push_back(first + *cell);
  }
  return order;
}

std::vector<bool> redundant_by_coding(const LinearSystem& system, bool drop_first, bool drop_main) {
  const Design& design = system.design();
  std::vector<bool> redundant(system.columns().size(), false);
  // What is already spanned: sets of factors times a multiplier, and with each set all its subsets.
  // The intercept spans the empty set.
  std::vector<const DesignTerm*> before;
  for (const size_t t : term_order(design, drop_main)) {
    const DesignTerm& term = design.terms[t];
    const size_t first = system.first_column(t);
    for (uint64_t cell = 0; cell < design.cells(term); ++cell) {
      bool dropped = system.intercept() && !term.feature.has_value() && !term.factors.empty() &&
                     at_dropped_levels(design, term, cell, {}, drop_first);
      for (const DesignTerm* other : before) {
        dropped = dropped || (other->feature == term.feature &&
                              at_dropped_levels(design, term, cell, other->factors, drop_first));
      }
      redundant[first + cell] = dropped;
    }
    before.push_back(&term);
  }
  return redundant;
}

}  // namespace insitu
