#include "design/cell_table.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "linalg/kernels.hpp"

namespace insitu {

size_t CellTable::find(size_t x, size_t y) const {
  for (size_t p = 0; p < products(); ++p) {
    if ((a[p] == x && b[p] == y) || (a[p] == y && b[p] == x)) return p;
  }
  return products();
}

void CellTable::move_origin(std::span<const DoubleDouble> shift) {
  // (x - o - s)(y - o - t) = (x - o)(y - o) - s (y - o) - t (x - o) + s t; products of higher order
  // first.
  struct Move {
    size_t product, first, second;
    DoubleDouble s, t;
  };
  std::vector<Move> pairs;
  std::vector<Move> singles;
  for (size_t p = 1; p < products(); ++p) {
    if (a[p] != 0 && b[p] != 0) {
      pairs.push_back({p, find(0, a[p]), find(0, b[p]), shift[a[p]], shift[b[p]]});
    } else {
      singles.push_back({p, 0, 0, shift[a[p]] + shift[b[p]], 0.0});
    }
  }
  auto put = [this](size_t index, DoubleDouble value) {
    hi[index] = value.hi;
    lo[index] = value.lo;
  };
  for (uint64_t cell = 0; cell < cells(); ++cell) {
    const size_t base = cell * products();
    const DoubleDouble weight = at(cell, 0);
    for (const Move& move : pairs) {
      const DoubleDouble x = at(cell, move.first);
      const DoubleDouble y = at(cell, move.second);
      put(base + move.product,
          at(cell, move.product) - move.s * y - move.t * x + move.s * move.t * weight);
    }
    for (const Move& move : singles) {
      put(base + move.product, at(cell, move.product) - move.s * weight);
    }
  }
}

void add_cells(CellTable& into, const std::vector<uint32_t>& into_counts, const CellTable& from,
               const std::vector<uint32_t>& from_counts, const CodeMaps& maps) {
  const size_t products = from.products();
  if (from.factors.empty()) return;
  const uint32_t first = from.factors[0];
  const uint64_t run = from_counts[first];
  bool adjacent = true;
  for (uint32_t code = 0; code < run; ++code) adjacent = adjacent && maps[first][code] == code;
  std::vector<uint32_t> digits(from.factors.size(), 0);
  for (uint64_t cell = 0; cell < from.cells(); cell += run) {
    uint64_t base = 0;
    uint64_t stride = into_counts[first];
    for (size_t f = 1; f < digits.size(); ++f) {
      base += stride * maps[from.factors[f]][digits[f]];
      stride *= into_counts[from.factors[f]];
    }
    if (adjacent) {
      dd_add(into.hi.data() + base * products, into.lo.data() + base * products,
             from.hi.data() + cell * products, from.lo.data() + cell * products, run * products);
    }
    for (uint64_t code = 0; code < run && !adjacent; ++code) {
      const size_t to = (base + maps[first][code]) * products;
      const size_t at = (cell + code) * products;
      for (size_t p = 0; p < products; ++p) {
        const DoubleDouble sum = DoubleDouble(into.hi[to + p], into.lo[to + p]) +
                                 DoubleDouble(from.hi[at + p], from.lo[at + p]);
        into.hi[to + p] = sum.hi;
        into.lo[to + p] = sum.lo;
      }
    }
    for (size_t f = 1; f < digits.size(); ++f) {
      if (++digits[f] < from_counts[from.factors[f]]) break;
      digits[f] = 0;
    }
  }
}

std::vector<uint32_t> unite_levels(std::vector<std::string>& into,
                                   const std::vector<std::string>& from) {
  std::vector<uint32_t> map(from.size());
  if (into.size() >= from.size() && std::equal(from.begin(), from.end(), into.begin())) {
    for (uint32_t code = 0; code < map.size(); ++code) map[code] = code;
    return map;
  }
  std::unordered_map<std::string_view, uint32_t> codes;
  codes.reserve(into.size() + from.size());
  for (uint32_t code = 0; code < into.size(); ++code) codes.emplace(into[code], code);
  auto next = static_cast<uint32_t>(into.size());
  for (uint32_t code = 0; code < from.size(); ++code) {
    const auto [place, added] = codes.emplace(from[code], next);
    if (added) ++next;
    map[code] = place->second;
  }
  into.resize(next);  // may move the strings: the views above are not used beyond this line
  for (uint32_t code = 0; code < from.size(); ++code) {
    if (into[map[code]].empty()) into[map[code]] = from[code];
  }
  return map;
}

std::vector<uint32_t> level_counts(const std::vector<std::vector<std::string>>& levels) {
  std::vector<uint32_t> counts;
  for (const auto& labels : levels) counts.push_back(static_cast<uint32_t>(labels.size()));
  return counts;
}

}  // namespace insitu
