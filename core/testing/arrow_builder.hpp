// Arrow arrays for tests, built by hand from the specification: exact buffers on the heap, so that
// the address sanitizer sees every read beyond an end.
//
//   ArrowTable table;
//   table.add("x", numbers<double>({1.0, std::nullopt, 3.0}));
//   table.add("f", dictionary(numbers<int8_t>({0, 1, 0}), text({"a", "b"})));
//   table.chunk();                                            // a Chunk over it; the table owns
//   the memory table.sliced(1, 2).export_to(&schema, &array);            // structs that release
//   themselves
#pragma once

#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/arrow_import.hpp"

namespace insitu::testing {

using Buffer = std::shared_ptr<std::vector<uint8_t>>;  // null: a null pointer in the array

struct NamedColumn;

struct ArrowColumn {
  std::string format;
  int64_t length = 0;
  int64_t offset = 0;
  int64_t null_count = 0;
  std::vector<Buffer> buffers;
  std::shared_ptr<ArrowColumn> dictionary;
  std::vector<NamedColumn> children;
};

// Not a std::pair: clang needs ArrowColumn complete to complete a pair of it.
struct NamedColumn {
  std::string first;
  ArrowColumn second;
};

template <class T>
using Optionals = std::vector<std::optional<T>>;
using Texts = Optionals<std::string>;

inline Buffer make_buffer(const void* bytes, size_t size) {
  // At least one byte, so that data() of an empty buffer is not null.
  auto buffer = std::make_shared<std::vector<uint8_t>>(size == 0 ? 1 : size);
  if (size > 0) std::memcpy(buffer->data(), bytes, size);
  return buffer;
}

template <class T>
Buffer buffer_of(const std::vector<T>& values) {
  return make_buffer(values.data(), values.size() * sizeof(T));
}

inline Buffer bitmap_of(const std::vector<bool>& bits) {
  std::vector<uint8_t> bytes((bits.size() + 7) / 8);
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) bytes[i / 8] = static_cast<uint8_t>(bytes[i / 8] | (1u << (i % 8)));
  }
  return buffer_of(bytes);
}

// A column of this format whose first buffer says which values are present; the others are appended
// by the caller.
template <class T>
ArrowColumn with_validity(std::string format, const Optionals<T>& values) {
  ArrowColumn column{std::move(format), static_cast<int64_t>(values.size()), 0, 0, {}, {}, {}};
  std::vector<bool> present;
  for (const auto& value : values) {
    present.push_back(value.has_value());
    column.null_count += value.has_value() ? 0 : 1;
  }
  column.buffers.push_back(column.null_count == 0 ? nullptr : bitmap_of(present));
  return column;
}

// Format of a C++ number; dates, timestamps, decimals and half floats are numbers under a format of
// their own.
template <class T>
constexpr const char* format_of() {
  if constexpr (std::is_same_v<T, double>) return "g";
  if constexpr (std::is_same_v<T, float>) return "f";
  if constexpr (std::is_same_v<T, int8_t>) return "c";
  if constexpr (std::is_same_v<T, uint8_t>) return "C";
  if constexpr (std::is_same_v<T, int16_t>) return "s";
  if constexpr (std::is_same_v<T, uint16_t>) return "S";
  if constexpr (std::is_same_v<T, int32_t>) return "i";
  if constexpr (std::is_same_v<T, uint32_t>) return "I";
  if constexpr (std::is_same_v<T, int64_t>) return "l";
  if constexpr (std::is_same_v<T, uint64_t>) return "L";
}

// Null rows hold `hole`, so that a reader that forgets the bitmap is seen.
template <class T>
ArrowColumn numbers(const Optionals<T>& values, const char* format = format_of<T>(),
                    T hole = static_cast<T>(99)) {
  ArrowColumn column = with_validity(format, values);
  std::vector<T> raw;
  for (const auto& value : values) raw.push_back(value.value_or(hole));
  column.buffers.push_back(buffer_of(raw));
  return column;
}

// The same without nulls, from a plain vector.
template <class T>
ArrowColumn plain(const std::vector<T>& values, const char* format = format_of<T>()) {
  ArrowColumn column{format, static_cast<int64_t>(values.size()), 0, 0, {}, {}, {}};
  column.buffers = {nullptr, buffer_of(values)};
  return column;
}

inline ArrowColumn booleans(const Optionals<bool>& values) {
  ArrowColumn column = with_validity("b", values);
  std::vector<bool> raw;
  for (const auto& value : values) raw.push_back(value.value_or(true));
  column.buffers.push_back(bitmap_of(raw));
  return column;
}

// Decimals of up to 64 bits of digits, in 128: unscaled values.
inline ArrowColumn decimals(const Optionals<int64_t>& unscaled, int precision, int scale) {
  const std::string format = "d:" + std::to_string(precision) + "," + std::to_string(scale);
  ArrowColumn column = with_validity(format, unscaled);
  std::vector<std::array<int64_t, 2>> raw;
  for (const auto& value : unscaled) {
    const int64_t low = value.value_or(99);
    raw.push_back({low, low < 0 ? -1 : 0});
  }
  column.buffers.push_back(buffer_of(raw));
  return column;
}

template <class Offset>
ArrowColumn text_with_offsets(const char* format, const Texts& values) {
  ArrowColumn column = with_validity(format, values);
  std::vector<Offset> offsets = {0};
  std::string bytes;
  for (const auto& value : values) {
    bytes += value.value_or("hole");
    offsets.push_back(static_cast<Offset>(bytes.size()));
  }
  column.buffers.push_back(buffer_of(offsets));
  column.buffers.push_back(make_buffer(bytes.data(), bytes.size()));
  return column;
}
inline ArrowColumn text(const Texts& values) { return text_with_offsets<int32_t>("u", values); }
inline ArrowColumn large_text(const Texts& values) {
  return text_with_offsets<int64_t>("U", values);
}

// String views; long texts alternate between two data buffers.
inline ArrowColumn text_views(const Texts& values) {
  ArrowColumn column = with_validity("vu", values);
  std::vector<std::array<char, 16>> views;
  std::array<std::string, 2> data;
  for (const auto& value : values) {
    const std::string bytes = value.value_or("hole");
    const auto size = static_cast<int32_t>(bytes.size());
    std::array<char, 16> view{};
    std::memcpy(view.data(), &size, 4);
    if (size <= 12) {
      std::memcpy(view.data() + 4, bytes.data(), bytes.size());
    } else {
      const auto which = static_cast<int32_t>(views.size() % 2);
      std::string& into = data[static_cast<size_t>(which)];
      const auto offset = static_cast<int32_t>(into.size());
      std::memcpy(view.data() + 4, bytes.data(), 4);
      std::memcpy(view.data() + 8, &which, 4);
      std::memcpy(view.data() + 12, &offset, 4);
      into += bytes;
    }
    views.push_back(view);
  }
  column.buffers.push_back(buffer_of(views));
  std::vector<int64_t> sizes;
  for (const std::string& bytes : data) {
    column.buffers.push_back(make_buffer(bytes.data(), bytes.size()));
    sizes.push_back(static_cast<int64_t>(bytes.size()));
  }
  column.buffers.push_back(buffer_of(sizes));
  return column;
}

inline ArrowColumn nulls(int64_t rows) { return {"n", rows, 0, rows, {}, {}, {}}; }

// `indices` is any integer column.
inline ArrowColumn dictionary(ArrowColumn indices, ArrowColumn values) {
  indices.dictionary = std::make_shared<ArrowColumn>(std::move(values));
  return indices;
}

// Rows [first, first + rows), sharing the buffers; the count of nulls becomes unknown.
inline ArrowColumn sliced(ArrowColumn column, int64_t first, int64_t rows) {
  column.offset += first;
  column.length = rows;
  if (column.null_count != 0) column.null_count = column.format == "n" ? rows : -1;
  return column;
}

namespace detail {
// What an exported struct keeps alive; children and dictionary live inside and are released with
// it.
struct Held {
  ArrowColumn column;
  std::string name;
  std::vector<const void*> pointers;
  std::deque<ArrowSchema> schemas;
  std::deque<ArrowArray> arrays;
  std::vector<ArrowSchema*> child_schemas;
  std::vector<ArrowArray*> child_arrays;
};

template <class T>
void release(T* self) {
  for (int64_t i = 0; i < self->n_children; ++i) {
    if (self->children[i]->release != nullptr) self->children[i]->release(self->children[i]);
  }
  if (self->dictionary != nullptr && self->dictionary->release != nullptr) {
    self->dictionary->release(self->dictionary);
  }
  delete static_cast<Held*>(self->private_data);
  self->release = nullptr;
}
}  // namespace detail

inline void export_schema(const ArrowColumn& column, const std::string& name, ArrowSchema* out) {
  auto held = std::make_unique<detail::Held>();
  held->column = column;
  held->name = name;
  for (const auto& [child_name, child] : held->column.children) {
    export_schema(child, child_name, &held->schemas.emplace_back());
    held->child_schemas.push_back(&held->schemas.back());
  }
  ArrowSchema* dictionary = nullptr;
  if (column.dictionary != nullptr) {
    dictionary = &held->schemas.emplace_back();
    export_schema(*column.dictionary, "", dictionary);
  }
  *out = ArrowSchema{held->column.format.c_str(),
                     held->name.c_str(),
                     nullptr,
                     ARROW_FLAG_NULLABLE,
                     static_cast<int64_t>(held->child_schemas.size()),
                     held->child_schemas.data(),
                     dictionary,
                     &detail::release<ArrowSchema>,
                     nullptr};
  out->private_data = held.release();
}

inline void export_array(const ArrowColumn& column, ArrowArray* out) {
  auto held = std::make_unique<detail::Held>();
  held->column = column;
  for (const Buffer& buffer : column.buffers) {
    held->pointers.push_back(buffer == nullptr ? nullptr : buffer->data());
  }
  for (const auto& child : held->column.children) {
    export_array(child.second, &held->arrays.emplace_back());
    held->child_arrays.push_back(&held->arrays.back());
  }
  ArrowArray* dictionary = nullptr;
  if (column.dictionary != nullptr) {
    dictionary = &held->arrays.emplace_back();
    export_array(*column.dictionary, dictionary);
  }
  *out = ArrowArray{column.length,
                    column.null_count,
                    column.offset,
                    static_cast<int64_t>(held->pointers.size()),
                    static_cast<int64_t>(held->child_arrays.size()),
                    held->pointers.data(),
                    held->child_arrays.data(),
                    dictionary,
                    &detail::release<ArrowArray>,
                    nullptr};
  out->private_data = held.release();
}

// A record batch: columns of equal length under names.
class ArrowTable {
 public:
  ArrowTable& add(const std::string& name, ArrowColumn column) {
    if (batch_.children.empty()) batch_.length = column.length;
    batch_.children.push_back({name, std::move(column)});
    chunk_.reset();
    return *this;
  }
  // The same memory, rows [first, first + rows), as an offset of the struct itself.
  ArrowTable sliced(int64_t first, int64_t rows) const {
    ArrowTable slice;
    slice.batch_ = batch_;
    slice.batch_.offset += first;
    slice.batch_.length = rows;
    return slice;
  }
  // The struct of columns, for tests that break it.
  ArrowColumn& batch() { return batch_; }
  int64_t rows() const { return batch_.length; }

  void export_to(ArrowSchema* schema, ArrowArray* array) const {
    if (schema != nullptr) export_schema(batch_, "", schema);
    if (array != nullptr) export_array(batch_, array);
  }
  // Every column as a Chunk, valid while the table lives and is not added to.
  const Chunk& chunk(std::optional<uint64_t> first_row = std::nullopt) {
    export_to(schema_.receive(), array_.receive());
    const BatchSchema schema(*schema_);
    std::vector<size_t> all;
    for (size_t i = 0; i < schema.columns().size(); ++i) all.push_back(i);
    chunk_.emplace(schema, *array_, all, first_row);
    return chunk_->chunk();
  }

 private:
  ArrowColumn batch_{"+s", 0, 0, 0, {nullptr}, {}, {}};
  UniqueSchema schema_;
  UniqueArray array_;
  std::optional<BatchChunk> chunk_;
};

// A stream of tables of the same columns; it owns them. With an error, get_next fails with it after
// the last batch.
inline void make_stream(std::vector<ArrowTable> tables, ArrowArrayStream* out,
                        std::string error = {}) {
  struct State {
    std::vector<ArrowTable> tables;
    std::string error;
    size_t next = 0;
  };
  auto* state = new State{std::move(tables), std::move(error), 0};
  const auto get_schema = [](ArrowArrayStream* self, ArrowSchema* schema) {
    static_cast<State*>(self->private_data)->tables.at(0).export_to(schema, nullptr);
    return 0;
  };
  const auto get_next = [](ArrowArrayStream* self, ArrowArray* array) {
    auto& held = *static_cast<State*>(self->private_data);
    if (held.next < held.tables.size()) {
      held.tables[held.next++].export_to(nullptr, array);
      return 0;
    }
    *array = ArrowArray{};
    return held.error.empty() ? 0 : 5;  // EIO
  };
  const auto get_last_error = [](ArrowArrayStream* self) -> const char* {
    return static_cast<State*>(self->private_data)->error.c_str();
  };
  const auto release = [](ArrowArrayStream* self) {
    delete static_cast<State*>(self->private_data);
    self->release = nullptr;
  };
  *out = ArrowArrayStream{get_schema, get_next, get_last_error, release, state};
}

}  // namespace insitu::testing
