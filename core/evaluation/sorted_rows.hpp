// Kept rows in ascending order of their keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "evaluation/outcome_counts.hpp"

namespace insitu {

struct WeightedKey {
  uint64_t key = 0;  // 2 key + outcome
  double weight = 1.0;
};

inline uint64_t sorting_key(uint64_t key) { return key; }
inline uint64_t sorting_key(const WeightedKey& row) { return row.key; }

// By their digits, the last first (Knuth, TAOCP 5.2.5), stably; digits that all rows share cost
// nothing.
template <class Row>
std::vector<Row> sorted_by_digits(std::vector<Row> rows) {
  constexpr int kDigitBits = 11;
  constexpr int kDigits = 6;  // of 64 bits
  constexpr size_t kValues = size_t{1} << kDigitBits;
  const auto digit = [](const Row& row, int which) {
    return static_cast<size_t>(sorting_key(row) >> (which * kDigitBits)) & (kValues - 1);
  };
  std::vector<std::array<size_t, kValues>> begins(kDigits);
  for (const Row& row : rows) {
    for (int d = 0; d < kDigits; ++d) ++begins[static_cast<size_t>(d)][digit(row, d)];
  }
  std::vector<Row> other(rows.size());
  for (int d = 0; d < kDigits; ++d) {
    std::array<size_t, kValues>& at = begins[static_cast<size_t>(d)];
    size_t sum = 0;
    bool shared = false;
    for (size_t& count : at) {
      shared = shared || count == rows.size();
      sum += std::exchange(count, sum);
    }
    if (shared) continue;
    for (const Row& row : rows) other[at[digit(row, d)]++] = row;
    std::swap(rows, other);
  }
  return rows;
}

}  // namespace insitu
