#include "engine/batch.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/segment_read.hpp"

namespace insitu {

namespace {

uint64_t new_dictionary_id() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

// Dictionaries up to this size are compared by content: readers make one for every batch.
constexpr uint64_t kComparedLabels = 4096;
constexpr uint64_t kComparedBytes = 1 << 18;

// Equal texts with 32-bit offsets and no nulls.
bool equal_texts(const Segment& x, const Segment& y) {
  if (x.type != Physical::kUtf8 || y.type != x.type || x.rows != y.rows) return false;
  if (x.rows == 0 || x.rows > kComparedLabels) return false;
  if (x.validity != nullptr || y.validity != nullptr) return false;
  const auto at = [](const Segment& s, uint64_t i) {
    return load<int32_t>(s.offsets, position(s, i));
  };
  const int32_t first = at(x, 0);
  const int32_t other_first = at(y, 0);
  if (first < 0 || other_first < 0) return false;
  for (uint64_t i = 0; i < x.rows; ++i) {
    if (at(x, i + 1) < at(x, i) || at(y, i + 1) < at(y, i)) return false;
    if (at(x, i + 1) - at(x, i) != at(y, i + 1) - at(y, i)) return false;
  }
  const auto bytes = static_cast<uint64_t>(at(x, x.rows) - first);
  return bytes == 0 || (bytes <= kComparedBytes &&
                        std::memcmp(static_cast<const char*>(x.values) + first,
                                    static_cast<const char*>(y.values) + other_first, bytes) == 0);
}

bool same_dictionary(const Segment& a, const Segment& b) {
  const Segment& x = *a.dictionary;
  const Segment& y = *b.dictionary;
  if (x.type == y.type && x.rows == y.rows && x.offset == y.offset && x.values == y.values &&
      x.offsets == y.offsets && x.validity == y.validity && x.values != nullptr) {
    return true;
  }
  return equal_texts(x, y);
}

class TiledBlock final : public RowBlock {
 public:
  TiledBlock(std::shared_ptr<const BatchLayout> layout, std::vector<BatchPiece> pieces,
             std::optional<uint64_t> first_row)
      : layout_(std::move(layout)), pieces_(std::move(pieces)), first_row_(first_row) {}
  Chunk chunk() const override { return chunk_of(*layout_, pieces_, first_row_); }

 private:
  std::shared_ptr<const BatchLayout> layout_;
  std::vector<BatchPiece> pieces_;
  std::optional<uint64_t> first_row_;
};

}  // namespace

BatchLayout::BatchLayout(const ArrowSchema& stream, std::span<const std::string> names)
    : schema(stream), wanted(schema.select(names)) {}

Batch::Batch(const BatchLayout& layout, SharedArray array, const Batch* previous)
    : array_(std::move(array)),
      rows_(batch_rows(**array_)),
      segments_(import_batch(layout.schema, **array_, layout.wanted, dictionaries_)) {
  for (size_t i = 0; i < segments_.size(); ++i) {
    Segment& segment = segments_[i];
    if (segment.dictionary == nullptr) continue;
    const bool same = previous != nullptr && same_dictionary(segment, previous->segments_[i]);
    segment.dictionary_id = same ? previous->segments_[i].dictionary_id : new_dictionary_id();
  }
}

Chunk chunk_of(const BatchLayout& layout, std::span<const BatchPiece> pieces,
               std::optional<uint64_t> first_row) {
  uint64_t rows = 0;
  for (const BatchPiece& piece : pieces) rows += piece.rows;
  std::vector<Column> columns;
  columns.reserve(layout.wanted.size());
  for (size_t i = 0; i < layout.wanted.size(); ++i) {
    const BatchColumn& from = layout.schema.columns()[layout.wanted[i]];
    Column& column = columns.emplace_back(from.name, from.kind);
    for (const BatchPiece& piece : pieces) {
      Segment segment = piece.batch->segments()[i];
      segment.offset += static_cast<int64_t>(piece.begin);
      segment.rows = piece.rows;
      column.append(segment);
    }
  }
  return {std::move(columns), rows, first_row};
}

Tiler::Tiler(std::shared_ptr<const BatchLayout> layout, uint64_t block_rows, bool ordered,
             Emit emit)
    : layout_(std::move(layout)),
      block_rows_(block_rows),
      ordered_(ordered),
      emit_(std::move(emit)) {}

bool Tiler::add(const std::shared_ptr<const Batch>& batch) {
  for (uint64_t begin = 0; begin < batch->rows();) {
    const uint64_t rows = std::min(block_rows_ - rows_, batch->rows() - begin);
    pieces_.push_back({batch, begin, rows});
    rows_ += rows;
    begin += rows;
    if (rows_ == block_rows_ && !emit_block()) return false;
  }
  return true;
}

void Tiler::flush() {
  if (rows_ > 0) emit_block();
}

bool Tiler::emit_block() {
  const std::optional<uint64_t> first = ordered_ ? std::optional(first_) : std::nullopt;
  first_ += rows_;
  rows_ = 0;
  return emit_(std::make_unique<TiledBlock>(layout_, std::exchange(pieces_, {}), first));
}

}  // namespace insitu
