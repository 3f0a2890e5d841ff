// Random tables with what real ones have: nulls, NaN, offsets far from zero, constant columns,
// skewed and rare levels.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tables.hpp"

namespace insitu::laws {

inline std::string numbered(const char* prefix, uint64_t number) {
  std::string out(prefix);
  return out += std::to_string(number);
}

inline std::vector<double> random_doubles(Rng& rng, uint64_t rows, double nan_rate = 0.0) {
  const double offset = rng.chance(0.3) ? 1e9 * rng.normal() : rng.normal();
  const double scale = rng.chance(0.1) ? 0.0 : std::pow(10.0, 4.0 * rng.uniform() - 2.0);
  std::vector<double> out(rows);
  for (double& x : out) {
    x = rng.chance(nan_rate) ? std::numeric_limits<double>::quiet_NaN()
                             : offset + scale * rng.normal();
  }
  return out;
}

inline std::vector<bool> random_validity(Rng& rng, uint64_t rows, double null_rate) {
  std::vector<bool> out(rows);
  for (uint64_t i = 0; i < rows; ++i) out[i] = !rng.chance(null_rate);
  return out;
}

// Codes below `levels`, low ones far more often; negative: null.
inline std::vector<int32_t> random_codes(Rng& rng, uint64_t rows, uint64_t levels,
                                         double null_rate) {
  std::vector<int32_t> out(rows);
  for (int32_t& code : out) {
    const double u = rng.uniform();
    code = rng.chance(null_rate) ? -1 : static_cast<int32_t>(u * u * static_cast<double>(levels));
  }
  return out;
}

// Columns: numeric x0, x1, …; factors f0, f1, … by turns dictionary and text; weight w >= 0, some
// zero; count n >= 0.
inline Table random_table(Rng& rng, uint64_t rows, size_t numeric, size_t factors) {
  const double rate = rng.chance(0.5) ? 0.0 : 0.2 * rng.uniform();
  Table table(rows);
  for (size_t k = 0; k < numeric; ++k) {
    auto values = random_doubles(rng, rows, rate);
    table.doubles(numbered("x", k), std::move(values),
                  rng.chance(0.5) ? random_validity(rng, rows, rate) : std::vector<bool>{});
  }
  for (size_t k = 0; k < factors; ++k) {
    const uint64_t levels = 1 + rng.below(9);
    const auto codes = random_codes(rng, rows, levels, rate);
    std::vector<std::string> labels;
    for (uint64_t level = 0; level < levels; ++level) {
      labels.push_back(numbered(k % 2 == 0 ? "é" : "", (level * 7 + 3) % 10));
    }
    if (k % 2 == 0) {
      table.dictionary(numbered("f", k), labels, codes);
    } else {
      std::vector<std::optional<std::string>> words;
      for (const int32_t code : codes) {
        words.push_back(code < 0 ? std::nullopt : std::optional(labels[static_cast<size_t>(code)]));
      }
      table.text(numbered("f", k), words);
    }
  }
  std::vector<double> weights(rows);
  std::vector<int64_t> counts(rows);
  for (double& w : weights) w = rng.chance(0.1) ? 0.0 : rng.uniform() * 4.0;
  for (int64_t& n : counts) n = static_cast<int64_t>(rng.below(4));
  table.doubles("w", std::move(weights)).integers("n", std::move(counts));
  return table;
}

}  // namespace insitu::laws
