// Rows from the Arrow C data interface, borrowed: formats are read once per stream, buffers once
// per batch.
//
// Foreign structs may be wrong: counts, lengths, null pointers and children are checked here;
// offsets of text, views and dictionary indices when their rows are read (chunk.hpp, levels.hpp),
// since the interface gives no sizes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chunk.hpp"
#include "insitu/arrow_c.h"

namespace insitu {

// Owner of one Arrow C struct: releases it at the end of its life.
template <class T>
class Unique {
 public:
  Unique() = default;
  // Takes the content of *source and marks it released.
  explicit Unique(T* source) : value_(std::exchange(*source, T{})) {}
  Unique(Unique&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  Unique& operator=(Unique&& other) noexcept {
    if (this != &other) {
      reset();
      value_ = std::exchange(other.value_, T{});
    }
    return *this;
  }
  ~Unique() { reset(); }

  void reset() {
    if (value_.release != nullptr) value_.release(&value_);
    value_ = T{};
  }
  // For a producer to fill; what was held is released first.
  T* receive() {
    reset();
    return &value_;
  }
  // Gives ownership to *target.
  void move_to(T* target) { *target = std::exchange(value_, T{}); }
  T* get() { return &value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  explicit operator bool() const { return value_.release != nullptr; }

 private:
  T value_{};
};

using UniqueSchema = Unique<ArrowSchema>;
using UniqueArray = Unique<ArrowArray>;
using UniqueStream = Unique<ArrowArrayStream>;

// What a format says about one column.
struct BatchColumn {
  std::string name;
  ColumnKind kind = ColumnKind::kNumeric;
  Physical type = Physical::kDouble;
  Physical index_type = Physical::kInt32;  // of a dictionary
  int32_t decimal_scale = 0;
  int64_t units_per_second = 1;
  bool ordered = false;                           // a dictionary whose order means something
  std::shared_ptr<const BatchColumn> dictionary;  // format of its values
  // Why the column cannot be used; empty if it can. Thrown only when somebody asks for the column.
  std::string refusal;
};

// The columns of a stream of batches.
class BatchSchema {
 public:
  // DataError if the schema is not a struct of columns. Columns of unsupported types are kept with
  // their refusal.
  explicit BatchSchema(const ArrowSchema& schema);

  std::span<const BatchColumn> columns() const { return columns_; }
  // Index of a column by name (the first of that name), or -1.
  int find(std::string_view name) const;
  // Indices of the named columns. SpecError on a missing one, DataError on one of an unsupported
  // type.
  std::vector<size_t> select(std::span<const std::string> names) const;

 private:
  std::vector<BatchColumn> columns_;
};

// One segment per wanted column, borrowing the buffers of the batch; descriptors of dictionaries
// are put into `dictionaries`. DataError on a malformed batch, or on a wanted column of an
// unsupported type.
std::vector<Segment> import_batch(const BatchSchema& schema, const ArrowArray& batch,
                                  std::span<const size_t> wanted,
                                  std::deque<Segment>& dictionaries);

// Rows of a batch that was checked by import_batch, or by this: DataError if the lengths make no
// sense.
uint64_t batch_rows(const ArrowArray& batch);

// One batch as a Chunk. Borrows the buffers; keeps the descriptors of dictionaries.
class BatchChunk {
 public:
  BatchChunk(const BatchSchema& schema, const ArrowArray& batch, std::span<const size_t> wanted,
             std::optional<uint64_t> first_row = std::nullopt);
  const Chunk& chunk() const { return chunk_; }

 private:
  std::deque<Segment> dictionaries_;
  Chunk chunk_;
};

}  // namespace insitu
