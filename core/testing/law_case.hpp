// What the laws are checked on, and how states are compared.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/analysis.hpp"
#include "base/envelope.hpp"
#include "base/errors.hpp"
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

}  // namespace insitu::laws
