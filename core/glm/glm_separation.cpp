#include "glm/glm_separation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace insitu {
namespace {

constexpr double kGrowth = 1.4;  // of a variance, from one pass to the next
constexpr int kPassesOfGrowth = 4;
constexpr size_t kMostNamed = 5;
constexpr double kPerfect = 1e-6;  // of the null deviance

bool is_plain(const DesignTerm& term) { return !term.factors.empty() && !term.feature.has_value(); }

uint64_t rows_in(const std::vector<uint64_t>& counts, size_t column) {
  const uint64_t* of = &counts[column * kExtremes];
  return of[kBetween] + of[kLowest] + of[kHighest];
}

bool contains_all(const DesignTerm& term, const DesignTerm& within) {
  return std::all_of(within.factors.begin(), within.factors.end(), [&](size_t factor) {
    return std::find(term.factors.begin(), term.factors.end(), factor) != term.factors.end();
  });
}

}  // namespace

GlmSeparation::GlmSeparation(const Family& family)
    : low_(family.range().low == 0.0 && family.link.approaches_zero()),
      high_(family.kind == FamilyKind::kBinomial && family.link.onto_unit()) {}

bool GlmSeparation::counting(const Design& design) const {
  return more_ && (low_ || high_) && design.frozen() &&
         std::any_of(design.terms.begin(), design.terms.end(), is_plain);
}

bool GlmSeparation::accept(const Design& design, const GlmState& state, size_t rank) {
  const std::vector<uint64_t>& counts = state.extremes;
  const size_t columns = counts.size() / kExtremes;
  const bool first = rows_.empty();
  if (first) {
    for (size_t i = 0; i < columns; ++i) rows_.push_back(rows_in(counts, i));
  }
  const LinearPredictor layout = LinearPredictor::zero(design);
  std::vector<size_t> order;
  for (size_t t = 0; t < design.terms.size(); ++t) {
    if (is_plain(design.terms[t])) order.push_back(t);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const auto place = [&](size_t t) { return std::pair(design.terms[t].factors.size(), t); };
    return place(a) < place(b);
  });
  std::vector<bool> found(columns);
  const size_t before = held_.size();
  for (size_t k = 0; k < order.size(); ++k) {
    const DesignTerm& term = design.terms[order[k]];
    for (uint64_t cell = 0; cell < design.cells(term); ++cell) {
      const size_t column = layout.terms[order[k]].first + cell;
      const uint64_t rows = rows_in(counts, column);
      const bool low = low_ && rows > 0 && counts[column * kExtremes + kLowest] == rows;
      const bool high = high_ && rows > 0 && counts[column * kExtremes + kHighest] == rows;
      if (!low && !high) continue;
      const bool known = std::any_of(
          order.begin(), order.begin() + static_cast<ptrdiff_t>(k), [&](size_t smaller) {
            const DesignTerm& within = design.terms[smaller];
            return contains_all(term, within) &&
                   found[layout.terms[smaller].first + design.cell_within(term, cell, within)];
          });
      if (known) continue;
      found[column] = true;
      held_.push_back(column);
      at_high_.push_back(high);
      held_rows_.push_back(rows);
    }
  }
  more_ = held_.size() > before;
  if (more_ && before == 0) rank_ = rank;
  if (more_) variances_.clear();
  return more_;
}

void GlmSeparation::watch(const LinearSolution& solution) {
  if (!low_ && !high_) return;
  const size_t n = solution.variances.size();
  if (variances_.size() != n) {
    variances_.assign(n, std::numeric_limits<double>::infinity());
    grown_.assign(n, 0);
  }
  for (size_t i = 0; i < n; ++i) {
    const double variance = solution.aliased[i] ? 0.0 : solution.variances[i].hi;
    grown_[i] = variance > kGrowth * variances_[i] ? grown_[i] + 1 : 0;
    variances_[i] = variance > 0.0 ? variance : std::numeric_limits<double>::infinity();
  }
}

std::vector<size_t> GlmSeparation::growing() const {
  std::vector<size_t> columns;
  for (size_t i = 0; i < grown_.size(); ++i) {
    if (grown_[i] >= kPassesOfGrowth) columns.push_back(i);
  }
  return columns;
}

double GlmSeparation::infinite(size_t column) const {
  const auto at = std::find(held_.begin(), held_.end(), column);
  if (at == held_.end()) return 0.0;
  const double infinity = std::numeric_limits<double>::infinity();
  return at_high_[static_cast<size_t>(at - held_.begin())] ? infinity : -infinity;
}

std::vector<std::string> GlmSeparation::warnings(const LinearSystem& system, double deviance,
                                                 double null_deviance) const {
  std::vector<std::string> list;
  for (size_t k = 0; k < std::min(held_.size(), kMostNamed); ++k) {
    list.push_back(system.name(held_[k]) + ": all " + std::to_string(held_rows_[k]) +
                   " responses are " + (at_high_[k] ? "1" : "0") + ": its coefficient is " +
                   (at_high_[k] ? "" : "-") +
                   "infinity, and the other estimates are those of the limit");
  }
  if (held_.size() > kMostNamed) {
    list.push_back("likewise the coefficients of " + std::to_string(held_.size() - kMostNamed) +
                   " more levels are infinite, since their responses are all equal");
  }
  const std::vector<size_t> columns = growing();
  if (columns.empty()) return list;
  std::string named;
  size_t count = 0;
  for (const size_t column : columns) {
    if (columns.size() > 1 && column == 0 && system.intercept()) continue;
    if (++count <= kMostNamed)
      named += (named.empty() ? "\"" : ", \"") + system.name(column) + "\"";
  }
  if (count > kMostNamed) named += " and " + std::to_string(count - kMostNamed) + " more";
  const bool complete = deviance <= kPerfect * null_deviance;
  list.push_back(
      "the responses are " + std::string(complete ? "completely separated" : "separated in part") +
      " by " + named + ": the likelihood rises without end as these coefficients grow, and their " +
      "estimates and errors are only where the iterations ended");
  return list;
}

}  // namespace insitu
