// Batches that several blocks share, and the blocks of the grid cut from them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/arrow_import.hpp"
#include "base/chunk.hpp"
#include "engine/scheduler.hpp"

namespace insitu {

using SharedArray = std::shared_ptr<const UniqueArray>;

// The columns in use of a stream's batches.
struct BatchLayout {
  // SpecError naming what is missing.
  BatchLayout(const ArrowSchema& stream, std::span<const std::string> names);
  BatchSchema schema;
  std::vector<size_t> wanted;
};

// One record batch: the columns in use as segments, and the foreign memory they borrow from.
class Batch {
 public:
  // `previous`: the batch before it, still alive, or null. A dictionary both share keeps its id;
  // another gets an id never used before, since an address alone may come again with other content
  // once a batch is released.
  Batch(const BatchLayout& layout, SharedArray array, const Batch* previous);

  uint64_t rows() const { return rows_; }
  const SharedArray& array() const { return array_; }
  std::span<const Segment> segments() const { return segments_; }
  bool has_dictionaries() const { return !dictionaries_.empty(); }

 private:
  SharedArray array_;
  uint64_t rows_ = 0;
  std::deque<Segment> dictionaries_;
  std::vector<Segment> segments_;
};

// Some rows of one batch.
struct BatchPiece {
  std::shared_ptr<const Batch> batch;
  uint64_t begin = 0;
  uint64_t rows = 0;
};

// Consecutive pieces as one chunk of the layout's columns.
Chunk chunk_of(const BatchLayout& layout, std::span<const BatchPiece> pieces,
               std::optional<uint64_t> first_row);

// Cuts batches of any size into blocks of `block_rows` rows.
class Tiler {
 public:
  // Takes a block; false: no more are wanted.
  using Emit = std::function<bool(std::unique_ptr<RowBlock>)>;
  Tiler(std::shared_ptr<const BatchLayout> layout, uint64_t block_rows, bool ordered, Emit emit);

  // False if no more are wanted.
  bool add(const std::shared_ptr<const Batch>& batch);
  // The last, shorter block.
  void flush();

 private:
  bool emit_block();

  std::shared_ptr<const BatchLayout> layout_;
  uint64_t block_rows_;
  bool ordered_;
  Emit emit_;
  std::vector<BatchPiece> pieces_;
  uint64_t rows_ = 0;   // in pieces_
  uint64_t first_ = 0;  // ordinal of their first row
};

}  // namespace insitu
