#include "solve/centring.hpp"

#include <algorithm>

#include "solve/coding.hpp"

namespace insitu {

Centring Centring::by_intercept(const Design& design) {
  Centring centring;
  if (design.intercept) centring.constant = kIntercept;
  centring.cells.resize(design.terms.size());
  return centring;
}

Centring Centring::widest(const Design& design, bool drop_main) {
  Centring centring = by_intercept(design);
  const std::vector<size_t> order = term_order(design, drop_main);
  // The first plain factor term over `factors` or more: of those, the coding drops the least.
  const auto plain = [&](const std::vector<size_t>& factors) {
    return std::find_if(order.begin(), order.end(), [&](size_t t) {
      const DesignTerm& term = design.terms[t];
      return !term.feature.has_value() && contains(term.factors, factors);
    });
  };
  const auto constant = plain({});
  if (!design.intercept && constant != order.end()) centring.constant = static_cast<int>(*constant);
  for (auto at = order.begin(); at != order.end(); ++at) {
    const DesignTerm& term = design.terms[*at];
    if (!term.feature.has_value()) continue;
    if (term.factors.empty()) {
      const bool by_cells = !design.intercept && constant != order.end();
      centring.in_order = centring.in_order && (!by_cells || constant < at);
    } else if (const auto found = plain(term.factors); found != order.end()) {
      centring.cells[*at] = *found;
      centring.in_order = centring.in_order && found < at;
    }
  }
  return centring;
}

bool Centring::into_cells() const {
  return constant.value_or(kIntercept) != kIntercept ||
         std::any_of(cells.begin(), cells.end(),
                     [](const std::optional<size_t>& term) { return term.has_value(); });
}

}  // namespace insitu
