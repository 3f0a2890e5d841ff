#include "design/dictionary_codes.hpp"

#include <algorithm>
#include <utility>

#include "base/bitmap.hpp"
#include "base/errors.hpp"
#include "base/segment_read.hpp"
#include "design/cell_kernels.hpp"

namespace insitu {
namespace {

// A dictionary with more labels than this share of the rows is not taken whole: few of them may
// occur.
constexpr uint64_t kRowsPerLabel = 8;
constexpr uint64_t kAlwaysAdopted = 1024;

// The dictionary all segments share, or null.
const Segment* common_dictionary(const Column& column) {
  const Segment* first = nullptr;
  for (const Segment& segment : column.segments()) {
    if (segment.type != Physical::kDictionary) return nullptr;
    if (segment.dictionary->type == Physical::kDictionary) return nullptr;
    if (first == nullptr) first = &segment;
    const bool same_id =
        segment.dictionary_id != 0 && segment.dictionary_id == first->dictionary_id;
    if (!same_id && segment.dictionary != first->dictionary) return nullptr;
  }
  return first == nullptr ? nullptr : first->dictionary;
}

// True if label k of the dictionary has code k, for every k.
bool in_order(const Column& labels, LevelTable& table, bool open) {
  std::vector<uint32_t> codes(labels.rows());
  try {
    LevelEncoder(table, open).encode(labels, 0, codes.size(), codes.data());
  } catch (const Error&) {
    return false;  // a label that cannot be one is an error only where a row has it
  }
  for (uint32_t k = 0; k < codes.size(); ++k) {
    if (codes[k] != k) return false;
  }
  return true;
}

// Codes of one piece of one segment; true if all are below `size` and none is null.
template <class T>
bool widen(const Segment& s, uint64_t first, size_t n, uint32_t* out) {
  const auto size = static_cast<uint32_t>(s.dictionary->rows);
  bool valid = true;
  for (size_t i = 0; i < n; ++i) {
    const auto index = unsigned_index(load<T>(s.values, first + i));
    const uint32_t code = index < size ? static_cast<uint32_t>(index) : size;
    out[i] = code;
    valid &= code < size;
  }
  return valid;
}

// The indices as they lie, if they are aligned, 32 bits wide and free of nulls.
const uint32_t* borrow(const Segment& s, uint64_t row) {
  if (s.validity != nullptr) return nullptr;
  if (s.index_type != Physical::kInt32 && s.index_type != Physical::kUint32) return nullptr;
  const char* at = static_cast<const char*>(s.values) + position(s, row) * sizeof(uint32_t);
  if (reinterpret_cast<uintptr_t>(at) % alignof(uint32_t) != 0) return nullptr;
  return reinterpret_cast<const uint32_t*>(at);
}

}  // namespace

bool DictionaryCodes::adopt(const Column& column, LevelTable& table, bool open) {
  column_ = nullptr;
  const Segment* dictionary = common_dictionary(column);
  if (dictionary == nullptr || (open && table.size() != 0)) return false;
  if (dictionary->rows > std::max(kAlwaysAdopted, column.rows() / kRowsPerLabel)) return false;
  Column labels(column.name(), ColumnKind::kFactor);
  labels.append(*dictionary);
  LevelTable found = table;
  if (!in_order(labels, found, open)) return false;
  if (open) table = std::move(found);
  column_ = &column;
  return true;
}

const uint32_t* DictionaryCodes::read(uint64_t begin, size_t n, uint32_t* buffer,
                                      bool& complete) const {
  const uint32_t* result = buffer;
  column_->for_each_piece(begin, n, [&](const Segment& s, uint64_t row, size_t count, size_t done) {
    const auto size = static_cast<uint32_t>(s.dictionary->rows);
    const uint32_t* lying = count == n ? borrow(s, row) : nullptr;
    if (lying != nullptr && all_below(lying, n, size)) {
      result = lying;
      return;
    }
    bool valid = true;
    with_integer(s.index_type, [&](auto type) {
      valid = widen<decltype(type)>(s, position(s, row), count, buffer + done);
    });
    if (s.validity != nullptr) {
      for_each_null(s.validity, position(s, row), count, [&](size_t i) {
        buffer[done + i] = kMissingCode;
        complete = false;
      });
    }
    if (valid) return;
    for (size_t i = 0; i < count; ++i) {
      if (buffer[done + i] != size) continue;
      throw_bad_index(s, row + i, Place{column_->name(), begin + done + i});
    }
  });
  return result;
}

}  // namespace insitu
