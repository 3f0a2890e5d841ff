// A Chunk is a borrowed view of some rows: named columns over one or more segments of foreign
// memory.
//
// Ownership: a Chunk owns nothing. Whoever builds it (the Arrow importer, the engine, a host that
// has tuples) keeps the buffers alive while it is in use. Several segments appear as one column, so
// that rows can be cut to a fixed grid without copying: readers hop over the seams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace insitu {

// How values lie in memory. Hosts without Arrow fill the same view.
enum class Physical : uint8_t {
  kBool,  // bitmap
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kHalf,
  kFloat,
  kDouble,
  kDecimal128,
  kDate32,      // int32 days
  kDate64,      // int64 milliseconds
  kTimestamp,   // int64 in unit_per_second units
  kUtf8,        // int32 offsets
  kLargeUtf8,   // int64 offsets
  kUtf8View,    // 16-byte views
  kDictionary,  // index_type codes into `dictionary`
  kDecimal32,
  kDecimal64,
  kNull,  // no buffers: every row is missing
};

// What a column means to a model.
enum class ColumnKind : uint8_t {
  kNumeric,  // integers, floats, decimals; dates as days, timestamps as seconds since 1970-01-01
             // UTC
  kFactor,   // text, booleans, dictionaries of these, enums
};

// One contiguous run of rows of one column.
struct Segment {
  Physical type = Physical::kDouble;
  Physical index_type = Physical::kInt32;  // of a dictionary
  uint64_t rows = 0;
  int64_t offset = 0;                     // in elements, into every buffer
  const uint8_t* validity = nullptr;      // bitmap, least significant bit first; null: all valid
  const void* values = nullptr;           // numbers, bits, views, indices, or the bytes of text
  const void* offsets = nullptr;          // text only
  const void* const* variadic = nullptr;  // string views: the data buffers
  const int64_t* variadic_sizes = nullptr;
  int64_t n_variadic = 0;
  int32_t decimal_scale = 0;
  int64_t units_per_second = 1;  // timestamps
  const Segment* dictionary = nullptr;
  // Equal ids may share a translation table: the same dictionary, for as long as its buffers live.
  // 0: unknown.
  uint64_t dictionary_id = 0;
};

class Column {
 public:
  Column() = default;
  Column(std::string name, ColumnKind kind) : name_(std::move(name)), kind_(kind) {}

  const std::string& name() const { return name_; }
  ColumnKind kind() const { return kind_; }
  uint64_t rows() const { return ends_.empty() ? 0 : ends_.back(); }
  std::span<const Segment> segments() const { return segments_; }
  void append(const Segment& segment);
  void clear();

  // Numbers of rows [begin, begin + n): nulls become NaN. DataError if the column is not numeric.
  void read_doubles(uint64_t begin, size_t n, double* out) const;
  // The same rows without a copy, where they are non-null contiguous doubles; otherwise null.
  const double* borrow_doubles(uint64_t begin, size_t n) const;
  // Where the values (or indices) of the same rows lie, if they have a fixed width and one segment
  // holds them; otherwise empty.
  std::span<const char> bytes(uint64_t begin, size_t n) const;
  // True if any row of [begin, begin + n) is null (not NaN).
  bool any_null(uint64_t begin, size_t n) const;

  // Calls f(segment, first_row_in_segment, count, rows_done) for each piece of [begin, begin + n).
  template <class F>
  void for_each_piece(uint64_t begin, size_t n, F&& f) const {
    size_t index = segment_of(begin);
    size_t done = 0;
    while (done < n) {
      const uint64_t start = index == 0 ? 0 : ends_[index - 1];
      const uint64_t inside = begin + done - start;
      const uint64_t left = segments_[index].rows - inside;
      const size_t count = left < n - done ? static_cast<size_t>(left) : n - done;
      if (count > 0) f(segments_[index], inside, count, done);
      done += count;
      ++index;
    }
  }

 private:
  size_t segment_of(uint64_t row) const;

  std::string name_;
  ColumnKind kind_ = ColumnKind::kNumeric;
  std::vector<Segment> segments_;
  std::vector<uint64_t> ends_;  // running row counts
};

class Chunk {
 public:
  Chunk() = default;
  Chunk(std::vector<Column> columns, uint64_t rows,
        std::optional<uint64_t> first_row = std::nullopt)
      : columns_(std::move(columns)), rows_(rows), first_row_(first_row) {}

  uint64_t rows() const { return rows_; }
  // Ordinal of the first row in its source, or nothing where rows have no order.
  std::optional<uint64_t> first_row() const { return first_row_; }
  std::span<const Column> columns() const { return columns_; }
  const Column& column(size_t index) const { return columns_[index]; }
  // Index of a column by name, or -1.
  int find(std::string_view name) const;

 private:
  std::vector<Column> columns_;
  uint64_t rows_ = 0;
  std::optional<uint64_t> first_row_;
};

}  // namespace insitu
