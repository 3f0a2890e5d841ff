// The laws one by one; see laws.hpp. No test framework here, so that fuzz targets use them too.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/analysis.hpp"
#include "base/envelope.hpp"
#include "base/errors.hpp"
#include "base/json.hpp"
#include "tables.hpp"

namespace insitu::laws {

inline constexpr double kTileRows = 2048.0;
// Largest distance of sums, in units of 2^-53 x the sum of |terms|.
inline constexpr double kSumBound = kTileRows / 4.0;

struct Case {
  AnalysisPtr analysis;
  AnalysisPtr other;  // the same columns, another spec or analysis; null: that law is skipped
  Table table;
};

using StatePtr = std::unique_ptr<AnyState>;

inline StatePtr copy(const AnyAnalysis& a, const AnyState& state) {
  return a.load(as_bytes(a.save(state)));
}

inline StatePtr whole(const Case& c) {
  StatePtr state = c.analysis->empty();
  c.analysis->update(*state, c.table.all());
  return state;
}

// Random rows [0, n) cut at random, empty pieces included.
inline std::vector<std::pair<uint64_t, uint64_t>> random_cuts(Rng& rng, uint64_t rows) {
  std::vector<std::pair<uint64_t, uint64_t>> pieces;
  uint64_t at = 0;
  while (at < rows) {
    const uint64_t most = rng.chance(0.3) ? 3 : rows - at;
    const uint64_t n = std::min(rows - at, rng.below(most + 1));
    pieces.emplace_back(at, n);
    at += n;
  }
  return pieces;
}

inline std::string compare(const AnyAnalysis& a, const AnyState& expected, const AnyState& got) {
  const double distance = a.distance(expected, got);
  if (distance <= kSumBound) return "";
  return "distance " + std::to_string(distance) + " exceeds " + std::to_string(kSumBound) +
         " between " + a.debug_string(expected) + " and " + a.debug_string(got);
}

inline std::string identical(const AnyAnalysis& a, const AnyState& expected, const AnyState& got,
                             const char* what) {
  if (a.save(expected) == a.save(got)) return "";
  return std::string(what) + ": expected " + a.debug_string(expected) + ", got " +
         a.debug_string(got);
}

// "" if f throws StateError.
template <class F>
std::string state_error_from(F&& f, const std::string& what) {
  try {
    f();
  } catch (const StateError&) {
    return "";
  }
  return what + " was accepted";
}

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

// Every position of short bytes; of long ones the first and last 300 and 300 at random.
inline std::vector<size_t> positions(Rng& rng, size_t size) {
  std::vector<size_t> out;
  const bool all = size <= 900;
  for (size_t i = 0; i < size; ++i) {
    if (all || i < 300 || i + 300 >= size) out.push_back(i);
  }
  for (size_t k = 0; !all && k < 300; ++k) out.push_back(rng.below(size));
  return out;
}

inline std::string damaged_bytes_are_refused(const Case& c, Rng& rng) {
  const AnyAnalysis& a = *c.analysis;
  std::string bytes = a.save(*whole(c));
  const auto load = [&] { a.load(as_bytes(bytes)); };
  const std::string whole_bytes = bytes;
  for (const size_t i : positions(rng, bytes.size())) {
    bytes = whole_bytes.substr(0, i);
    if (auto found = state_error_from(load, "a prefix of " + std::to_string(i) + " bytes");
        !found.empty())
      return found;
    bytes = whole_bytes;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << rng.below(8)));
    if (auto found = state_error_from(load, "a flipped bit in byte " + std::to_string(i));
        !found.empty())
      return found;
  }
  bytes = whole_bytes + '\0';
  return state_error_from(load, "an extra byte");
}

// Payloads near a good one: a changed byte, or a count changed by one along with the bytes of an
// element.
inline std::string hostile_payload(Rng& rng, const std::string& payload, size_t at) {
  std::string hostile = payload;
  uint64_t count = 0;
  if (at + sizeof count <= payload.size()) std::memcpy(&count, payload.data() + at, sizeof count);
  if (count > 0 && count < 100'000 && rng.chance(0.8)) {
    constexpr size_t kElementBytes[] = {1, 2, 4, 8, 16};
    const size_t element = kElementBytes[rng.below(5)];
    const bool grow = rng.chance(0.5);
    count = grow ? count + 1 : count - 1;
    std::memcpy(hostile.data() + at, &count, sizeof count);
    const size_t after = at + sizeof count;
    if (grow) {
      hostile.insert(after, element, '\0');
    } else {
      hostile.erase(after, element);
    }
    return hostile;
  }
  constexpr unsigned char kNasty[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
  hostile[at] = rng.chance(0.5) ? static_cast<char>(kNasty[rng.below(5)])
                                : static_cast<char>(hostile[at] ^ (1 << rng.below(8)));
  return hostile;
}

// Whatever such bytes give, it is a StateError at load or a state that update, merge and finalize
// survive (they may raise our errors). Memory is the sanitizers' to judge.
inline std::string hostile_payloads_do_no_harm(const Case& c, Rng& rng) {
  const AnyAnalysis& a = *c.analysis;
  const std::string bytes = a.save(*whole(c));
  const std::string payload(as_text(unseal(as_bytes(bytes), "state").payload));
  for (const size_t i : positions(rng, payload.size())) {
    const std::string hostile = hostile_payload(rng, payload, i);
    try {
      const StatePtr state = a.load(as_bytes(seal("state", a.name(), a.fingerprint(), hostile)));
      const StatePtr good = whole(c);
      a.distance(*good, *state);
      a.debug_string(*state);
      a.finalize(*state);
      a.merge(*good, *state);
      a.merge(*state, *good);
      a.update(*state, c.table.all());
      a.finalize(*state);
    } catch (const InternalError& error) {
      return "byte " + std::to_string(i) + ": " + error.what();
    } catch (const Error&) {
    }
  }
  return "";
}

inline std::string other_specs_refuse(const Case& c, Rng&) {
  if (c.other == nullptr) return "";
  const StatePtr mine = whole(c);
  const StatePtr theirs = c.other->empty();
  const std::string bytes = c.other->save(*theirs);
  if (auto found =
          state_error_from([&] { c.analysis->merge(*mine, *theirs); }, "merging a foreign state");
      !found.empty()) {
    return found;
  }
  return state_error_from([&] { c.analysis->load(as_bytes(bytes)); }, "loading a foreign state");
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
