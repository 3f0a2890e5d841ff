// Values of one segment, as numbers, dictionary indices and text: what Column and LevelEncoder
// share. Positions (`at`) count from the start of the buffers: offset + row. Loads go through
// memcpy: foreign buffers need not be aligned. Sizes of buffers are unknown, so text is trusted
// only between the first and the last offset of its segment.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "chunk.hpp"

namespace insitu {

// Where rows lie, for messages: `row` counts from 0 within the column of the chunk.
struct Place {
  std::string_view column;
  uint64_t row = 0;
  Place plus(uint64_t rows) const { return {column, row + rows}; }
};

template <class T>
T load(const void* base, uint64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(base) + index * sizeof(T), sizeof(T));
  return value;
}

// Calls f(T{}) with the C++ type of an integer, or returns false.
template <class F>
bool with_integer(Physical type, F&& f) {
  switch (type) {
    case Physical::kInt8:
      f(int8_t{});
      return true;
    case Physical::kInt16:
      f(int16_t{});
      return true;
    case Physical::kInt32:
      f(int32_t{});
      return true;
    case Physical::kInt64:
      f(int64_t{});
      return true;
    case Physical::kUint8:
      f(uint8_t{});
      return true;
    case Physical::kUint16:
      f(uint16_t{});
      return true;
    case Physical::kUint32:
      f(uint32_t{});
      return true;
    case Physical::kUint64:
      f(uint64_t{});
      return true;
    default:
      return false;
  }
}

// An index as an unsigned number of at least 32 bits: negative ones become too large for any
// dictionary.
template <class T>
auto unsigned_index(T index) {
  if constexpr (sizeof(T) == 8) {
    return static_cast<uint64_t>(index);
  } else {
    return static_cast<uint32_t>(index);
  }
}

inline uint64_t position(const Segment& segment, uint64_t row) {
  return static_cast<uint64_t>(segment.offset) + row;
}

inline bool is_text(Physical type) {
  return type == Physical::kUtf8 || type == Physical::kLargeUtf8 || type == Physical::kUtf8View;
}

// Name of a type in messages: "text", "int32", "dictionary" …
std::string_view type_name(Physical type);

// Rows [row, row + n) as doubles, nulls as NaN. DataError on text and on an index outside its
// dictionary.
void read_numbers(const Segment& segment, uint64_t row, size_t n, double* out, Place place);

// True if any of the rows is null, in itself or through its dictionary.
bool has_null(const Segment& segment, uint64_t row, size_t n, Place place);

// The first and last byte offsets of a text segment with offsets, checked to be ordered.
struct TextBounds {
  int64_t first = 0;
  int64_t last = 0;
};
TextBounds text_bounds(const Segment& segment, Place place);

// The text of one valid row, checked to lie inside its segment. DataError if not.
std::string_view text_at(const Segment& segment, uint64_t row, Place place);

[[noreturn]] void throw_bad_index(const Segment& segment, uint64_t row, Place place);

// "column \"x\", row 3 of its batch"
std::string describe(Place place);

}  // namespace insitu
