// Small tables of our own memory that show themselves as Chunks: any slice, cut into segments at
// random seams.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/chunk.hpp"

namespace insitu::laws {

// Draws that are the same on every platform (the standard distributions are not).
class Rng {
 public:
  explicit Rng(uint64_t seed) : bits_(seed * 0x9E3779B97F4A7C15u + 1) {}
  uint64_t below(uint64_t n) { return n == 0 ? 0 : bits_() % n; }
  double uniform() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  double normal() {
    return std::sqrt(-2.0 * std::log(1.0 - uniform())) * std::cos(6.283185307179586 * uniform());
  }
  bool chance(double p) { return uniform() < p; }

 private:
  std::mt19937_64 bits_;
};

// Owns columns; chunks of it borrow, so keep it alive (moving it is fine).
class Table {
 public:
  explicit Table(uint64_t rows) : rows_(rows) {}
  uint64_t rows() const { return rows_; }

  // `valid` empty: no nulls. Every list has rows() entries.
  Table& doubles(std::string name, std::vector<double> values,
                 const std::vector<bool>& valid = {}) {
    return add(std::move(name), ColumnKind::kNumeric, Physical::kDouble, std::move(values), valid);
  }
  Table& integers(std::string name, std::vector<int64_t> values,
                  const std::vector<bool>& valid = {}) {
    return add(std::move(name), ColumnKind::kNumeric, Physical::kInt64, std::move(values), valid);
  }
  // Codes into labels; a negative code is null.
  Table& dictionary(std::string name, std::vector<std::string> labels, std::vector<int32_t> codes) {
    std::vector<bool> valid;
    for (const int32_t code : codes) valid.push_back(code >= 0);
    auto words = std::make_shared<Text>(labels);
    add(std::move(name), ColumnKind::kFactor, Physical::kDictionary, std::move(codes), valid);
    Segment& segment = columns_.back().segment;
    segment.dictionary = &words->segment;
    segment.index_type = Physical::kInt32;
    keep_.push_back(std::move(words));
    return *this;
  }
  Table& text(std::string name, const std::vector<std::optional<std::string>>& values) {
    std::vector<std::string> strings;
    std::vector<bool> valid;
    for (const auto& value : values) {
      strings.push_back(value.value_or(""));
      valid.push_back(value.has_value());
    }
    auto words = std::make_shared<Text>(strings);
    columns_.push_back({std::move(name), ColumnKind::kFactor, words->segment});
    keep_.push_back(std::move(words));
    columns_.back().segment.validity = bitmap(valid);
    return *this;
  }

  // Rows [begin, begin + n); with `seams`, each column in up to four segments cut at random.
  Chunk slice(uint64_t begin, uint64_t n, Rng* seams = nullptr) const {
    std::vector<Column> columns;
    for (const Stored& stored : columns_) {
      Column column(stored.name, stored.kind);
      uint64_t at = begin;
      for (uint64_t cuts = seams == nullptr ? 0 : seams->below(4); cuts > 0; --cuts) {
        const uint64_t rows = seams->below(begin + n - at + 1);
        column.append(piece(stored.segment, at, rows));
        at += rows;
      }
      column.append(piece(stored.segment, at, begin + n - at));
      columns.push_back(std::move(column));
    }
    return Chunk(std::move(columns), n, begin);
  }
  Chunk all() const { return slice(0, rows_); }

 private:
  struct Stored {
    std::string name;
    ColumnKind kind;
    Segment segment;
  };
  struct Text {
    explicit Text(const std::vector<std::string>& words) {
      for (const std::string& word : words) {
        bytes += word;
        offsets.push_back(static_cast<int32_t>(bytes.size()));
      }
      segment.type = Physical::kUtf8;
      segment.rows = words.size();
      segment.values = bytes.data();
      segment.offsets = offsets.data();
    }
    std::string bytes;
    std::vector<int32_t> offsets{0};
    Segment segment;
  };

  static Segment piece(Segment segment, uint64_t begin, uint64_t n) {
    segment.offset += static_cast<int64_t>(begin);
    segment.rows = n;
    return segment;
  }
  const uint8_t* bitmap(const std::vector<bool>& valid) {
    if (valid.empty()) return nullptr;
    auto bits = std::make_shared<std::vector<uint8_t>>(valid.size() / 8 + 1);
    for (size_t i = 0; i < valid.size(); ++i) {
      if (valid[i]) (*bits)[i / 8] = static_cast<uint8_t>((*bits)[i / 8] | 1u << i % 8);
    }
    keep_.push_back(bits);
    return bits->data();
  }
  template <class T>
  Table& add(std::string name, ColumnKind kind, Physical type, std::vector<T> values,
             const std::vector<bool>& valid) {
    auto kept = std::make_shared<std::vector<T>>(std::move(values));
    Segment segment;
    segment.type = type;
    segment.rows = rows_;
    segment.values = kept->data();
    segment.validity = bitmap(valid);
    columns_.push_back({std::move(name), kind, segment});
    keep_.push_back(std::move(kept));
    return *this;
  }

  uint64_t rows_;
  std::vector<Stored> columns_;
  std::vector<std::shared_ptr<void>> keep_;
};

}  // namespace insitu::laws
