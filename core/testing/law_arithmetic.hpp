// The laws of empty, update, merge, save and finalize on good data.
#pragma once

#include "base/json.hpp"
#include "law_case.hpp"

namespace insitu::laws {

inline std::string empty_is_identity(const Case& c, Rng&) {
  const AnyAnalysis& a = *c.analysis;
  const StatePtr full = whole(c);
  StatePtr into = a.empty();
  a.merge(*into, *a.empty());
  if (auto found = identical(a, *a.empty(), *into, "merge(empty, empty)"); !found.empty())
    return found;
  a.merge(*into, *full);
  if (auto found = identical(a, *full, *into, "merge(empty, s)"); !found.empty()) return found;
  a.merge(*into, *a.empty());
  return identical(a, *full, *into, "merge(s, empty)");
}

inline std::string zero_rows_change_nothing(const Case& c, Rng& rng) {
  const AnyAnalysis& a = *c.analysis;
  const StatePtr before = whole(c);
  StatePtr after = whole(c);
  a.update(*after, c.table.slice(rng.below(c.table.rows() + 1), 0));
  if (auto found = identical(a, *before, *after, "update with 0 rows"); !found.empty())
    return found;
  after = a.empty();
  a.update(*after, c.table.slice(0, 0));
  return identical(a, *a.empty(), *after, "update of empty with 0 rows");
}

inline std::string cuts_do_not_matter(const Case& c, Rng& rng) {
  StatePtr state = c.analysis->empty();
  for (const auto& [begin, n] : random_cuts(rng, c.table.rows())) {
    c.analysis->update(*state, c.table.slice(begin, n, &rng));
  }
  return compare(*c.analysis, *whole(c), *state);
}

// Pieces go to random partial states, which then merge in a random tree.
inline std::string any_merge_order(const Case& c, Rng& rng) {
  const AnyAnalysis& a = *c.analysis;
  std::vector<StatePtr> parts(1 + rng.below(6));
  for (StatePtr& part : parts) part = a.empty();
  for (const auto& [begin, n] : random_cuts(rng, c.table.rows())) {
    a.update(*parts[rng.below(parts.size())], c.table.slice(begin, n, &rng));
  }
  while (parts.size() > 1) {
    const size_t from = rng.below(parts.size());
    const StatePtr taken = std::move(parts[from]);
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(from));
    a.merge(*parts[rng.below(parts.size())], *taken);
  }
  return compare(a, *whole(c), *parts[0]);
}

inline std::string saved_and_loaded_at_each_step(const Case& c, Rng& rng) {
  const AnyAnalysis& a = *c.analysis;
  StatePtr plain = a.empty();
  StatePtr saved = copy(a, *plain);
  for (const auto& [begin, n] : random_cuts(rng, c.table.rows())) {
    const Chunk chunk = c.table.slice(begin, n);
    a.update(*plain, chunk);
    a.update(*saved, chunk);
    saved = copy(a, *saved);
    if (auto found = identical(a, *plain, *saved, "saved and loaded"); !found.empty()) return found;
  }
  if (a.distance(*plain, *saved) != 0.0) return "distance of equal states is not 0";
  a.merge(*plain, *whole(c));
  a.merge(*saved, *copy(a, *whole(c)));
  return identical(a, *plain, *saved, "merged after loading");
}

// The result's text, or the sentence of a NumericError: some data have no solution.
inline std::string result_or_refusal(const AnyAnalysis& a, const AnyState& state) {
  try {
    return dump_json(a.finalize(state));
  } catch (const NumericError& error) {
    return error.what();
  }
}

inline std::string finalize_is_pure(const Case& c, Rng&) {
  const AnyAnalysis& a = *c.analysis;
  dump_json(a.finalize(*a.empty()));
  const StatePtr state = whole(c);
  const std::string before = a.save(*state);
  const std::string once = result_or_refusal(a, *state);
  if (a.save(*state) != before) return "finalize changed the state";
  if (result_or_refusal(a, *state) != once) return "finalize gave another result the second time";
  return "";
}

}  // namespace insitu::laws
