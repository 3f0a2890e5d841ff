#include "arrow_import.hpp"

#include "arrow_format.hpp"
#include "bitmap.hpp"
#include "errors.hpp"
#include "label_key.hpp"

namespace insitu {
namespace {

// Rows that any buffer of 16-byte values can address without overflow.
constexpr int64_t kMaxRows = int64_t{1} << 58;
constexpr int64_t kMaxDictionary = int64_t{1} << 31;

[[noreturn]] void throw_malformed(std::string_view column, const std::string& what) {
  const std::string where =
      column.empty() ? "the Arrow batch" : "column \"" + std::string(column) + "\"";
  throw DataError(where + " " + what + "; the producer must follow the Arrow C data interface");
}

int64_t expected_buffers(Physical type) {
  switch (type) {
    case Physical::kNull:
      return 0;
    case Physical::kUtf8:
    case Physical::kLargeUtf8:
      return 3;
    default:
      return 2;
  }
}

void check_lengths(const ArrowArray& array, std::string_view column) {
  if (array.length < 0 || array.offset < 0 || array.length > kMaxRows || array.offset > kMaxRows) {
    throw_malformed(column, "has length " + std::to_string(array.length) + " and offset " +
                                std::to_string(array.offset));
  }
  if (array.null_count > array.length) {
    throw_malformed(column, "says it has " + std::to_string(array.null_count) + " nulls in " +
                                std::to_string(array.length) + " rows");
  }
}

void check_buffers(const ArrowArray& array, Physical type, std::string_view column) {
  const int64_t expected = expected_buffers(type);
  const bool views =
      type == Physical::kUtf8View;  // then any number of data buffers and their sizes
  if (views ? array.n_buffers < 3 : array.n_buffers != expected) {
    throw_malformed(column, "has " + std::to_string(array.n_buffers) + " buffers instead of " +
                                std::to_string(views ? 3 : expected) + (views ? " or more" : ""));
  }
  if (expected > 0 && array.buffers == nullptr) throw_malformed(column, "has no buffers");
}

// Segment of rows [first, first + rows) of the array.
Segment import_values(const BatchColumn& column, const ArrowArray& array, int64_t first,
                      int64_t rows, std::string_view name) {
  Segment segment;
  segment.type = column.type;
  segment.index_type = column.index_type;
  segment.rows = static_cast<uint64_t>(rows);
  segment.offset = array.offset + first;
  segment.decimal_scale = column.decimal_scale;
  segment.units_per_second = column.units_per_second;
  const Physical type = column.type;
  check_buffers(array, type, name);
  if (type == Physical::kNull) return segment;

  if (array.null_count != 0) {
    segment.validity = static_cast<const uint8_t*>(array.buffers[0]);
    if (segment.validity == nullptr && array.null_count > 0 && rows > 0) {
      throw_malformed(name, "says it has " + std::to_string(array.null_count) +
                                " nulls but has no validity bitmap");
    }
  }
  const bool has_offsets = type == Physical::kUtf8 || type == Physical::kLargeUtf8;
  if (rows > 0 && array.buffers[1] == nullptr) {
    throw_malformed(name, "has " + std::to_string(rows) + " rows but no buffer of values");
  }
  segment.offsets = has_offsets ? array.buffers[1] : nullptr;
  segment.values = has_offsets ? array.buffers[2] : array.buffers[1];
  if (type == Physical::kUtf8View) {
    segment.n_variadic = array.n_buffers - 3;
    segment.variadic = array.buffers + 2;
    segment.variadic_sizes = static_cast<const int64_t*>(array.buffers[array.n_buffers - 1]);
    if (segment.n_variadic > 0 && segment.variadic_sizes == nullptr) {
      throw_malformed(name, "has text buffers but not their sizes");
    }
  }
  return segment;
}

// Buffers that live are distinct, so their addresses tell dictionaries apart.
uint64_t identity_of(const Segment& dictionary) {
  const auto word = [](const void* p) {
    return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(p));
  };
  uint64_t id = detail::fold(word(dictionary.values) ^ detail::kMixA, detail::kMixB);
  for (const uint64_t part : {word(dictionary.offsets), word(dictionary.validity), dictionary.rows,
                              static_cast<uint64_t>(dictionary.offset)}) {
    id = detail::fold(id ^ part ^ detail::kMixA, detail::kMixC) + id;
  }
  return id | 1;
}

Segment import_column(const BatchColumn& column, const ArrowArray& array, int64_t first,
                      int64_t rows, std::deque<Segment>& dictionaries) {
  check_lengths(array, column.name);
  if (array.length < first + rows) {
    throw_malformed(column.name, "has " + std::to_string(array.length) +
                                     " rows where the batch has " + std::to_string(first + rows));
  }
  Segment segment = import_values(column, array, first, rows, column.name);
  if (column.type != Physical::kDictionary) return segment;

  if (array.dictionary == nullptr) throw_malformed(column.name, "has indices but no dictionary");
  const ArrowArray& values = *array.dictionary;
  check_lengths(values, column.name);
  if (values.length > kMaxDictionary) {
    throw_malformed(column.name,
                    "has a dictionary of " + std::to_string(values.length) + " values");
  }
  Segment dictionary = import_values(*column.dictionary, values, 0, values.length, column.name);
  segment.dictionary_id = identity_of(dictionary);
  segment.dictionary = &dictionaries.emplace_back(dictionary);
  return segment;
}

void check_batch(const BatchSchema& schema, const ArrowArray& batch) {
  const auto expected = static_cast<int64_t>(schema.columns().size());
  if (batch.n_children != expected) {
    throw_malformed({}, "has " + std::to_string(batch.n_children) + " columns instead of " +
                            std::to_string(expected));
  }
  if (expected > 0 && batch.children == nullptr) throw_malformed({}, "has no columns");
  if (batch.null_count == 0 || batch.n_buffers < 1 || batch.buffers == nullptr) return;
  const auto* validity = static_cast<const uint8_t*>(batch.buffers[0]);
  if (!all_set(validity, static_cast<uint64_t>(batch.offset), static_cast<size_t>(batch.length))) {
    throw DataError(
        "the Arrow batch marks whole rows as null; take those rows out, or mark the columns");
  }
}

}  // namespace

BatchSchema::BatchSchema(const ArrowSchema& schema) {
  const std::string_view format = schema.format == nullptr ? "" : schema.format;
  if (format != "+s") {
    throw DataError("the Arrow stream has format \"" + std::string(format) +
                    "\" instead of a struct of columns (\"+s\"); pass a table or record batches");
  }
  if (schema.n_children < 0 || (schema.n_children > 0 && schema.children == nullptr)) {
    throw_malformed({}, "has a schema of " + std::to_string(schema.n_children) + " columns");
  }
  for (int64_t i = 0; i < schema.n_children; ++i) {
    if (schema.children[i] == nullptr) throw_malformed({}, "has a schema with an empty column");
    columns_.push_back(parse_column(*schema.children[i]));
  }
}

int BatchSchema::find(std::string_view name) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::vector<size_t> BatchSchema::select(std::span<const std::string> names) const {
  std::vector<size_t> wanted;
  wanted.reserve(names.size());
  for (const std::string& name : names) {
    // Hosts that make their batches for an analysis give its columns in its order.
    const size_t here = wanted.size();
    const bool in_order = here < columns_.size() && columns_[here].name == name;
    const int index = in_order ? static_cast<int>(here) : find(name);
    if (index < 0) {
      std::string known;
      for (size_t i = 0; i < columns_.size() && i < 20; ++i) {
        known += (i == 0 ? "" : ", ") + columns_[i].name;
      }
      throw SpecError("the data has no column \"" + name + "\"; it has " +
                      std::to_string(columns_.size()) + ": " + known +
                      (columns_.size() > 20 ? ", …" : ""));
    }
    const BatchColumn& column = columns_[static_cast<size_t>(index)];
    if (!column.refusal.empty()) throw DataError(column.refusal);
    wanted.push_back(static_cast<size_t>(index));
  }
  return wanted;
}

uint64_t batch_rows(const ArrowArray& batch) {
  check_lengths(batch, {});
  return static_cast<uint64_t>(batch.length);
}

std::vector<Segment> import_batch(const BatchSchema& schema, const ArrowArray& batch,
                                  std::span<const size_t> wanted,
                                  std::deque<Segment>& dictionaries) {
  const auto rows = static_cast<int64_t>(batch_rows(batch));
  check_batch(schema, batch);
  std::vector<Segment> segments;
  segments.reserve(wanted.size());
  for (const size_t index : wanted) {
    const BatchColumn& column = schema.columns()[index];
    if (!column.refusal.empty()) throw DataError(column.refusal);
    const ArrowArray* array = batch.children[index];
    if (array == nullptr) throw_malformed(column.name, "is missing from the batch");
    segments.push_back(import_column(column, *array, batch.offset, rows, dictionaries));
  }
  return segments;
}

BatchChunk::BatchChunk(const BatchSchema& schema, const ArrowArray& batch,
                       std::span<const size_t> wanted, std::optional<uint64_t> first_row) {
  const std::vector<Segment> segments = import_batch(schema, batch, wanted, dictionaries_);
  std::vector<Column> columns;
  columns.reserve(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const BatchColumn& from = schema.columns()[wanted[i]];
    columns.emplace_back(from.name, from.kind).append(segments[i]);
  }
  chunk_ = Chunk(std::move(columns), batch_rows(batch), first_row);
}

}  // namespace insitu
