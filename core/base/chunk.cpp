#include "chunk.hpp"

#include <algorithm>

#include "bitmap.hpp"
#include "errors.hpp"
#include "segment_read.hpp"

namespace insitu {
namespace {

void check_range(const Column& column, uint64_t begin, size_t n) {
  if (begin <= column.rows() && n <= column.rows() - begin) return;
  throw InternalError("rows " + std::to_string(begin) + " … " + std::to_string(begin + n) +
                      " of column \"" + column.name() + "\", which has " +
                      std::to_string(column.rows()));
}

}  // namespace

void Column::append(const Segment& segment) {
  if (segment.rows == 0) return;
  ends_.push_back(rows() + segment.rows);
  segments_.push_back(segment);
}

void Column::clear() {
  segments_.clear();
  ends_.clear();
}

size_t Column::segment_of(uint64_t row) const {
  if (!ends_.empty() && row < ends_.front()) return 0;
  return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), row) - ends_.begin());
}

void Column::read_doubles(uint64_t begin, size_t n, double* out) const {
  check_range(*this, begin, n);
  for_each_piece(begin, n, [&](const Segment& segment, uint64_t row, size_t count, size_t done) {
    read_numbers(segment, row, count, out + done, Place{name_, begin + done});
  });
}

const double* Column::borrow_doubles(uint64_t begin, size_t n) const {
  check_range(*this, begin, n);
  if (n == 0) return nullptr;
  const size_t index = segment_of(begin);
  const Segment& segment = segments_[index];
  if (segment.type != Physical::kDouble || begin + n > ends_[index]) return nullptr;
  const uint64_t first = position(segment, begin - (ends_[index] - segment.rows));
  const auto* values = static_cast<const double*>(segment.values);
  if (reinterpret_cast<uintptr_t>(values) % alignof(double) != 0) return nullptr;
  return all_set(segment.validity, first, n) ? values + first : nullptr;
}

std::span<const char> Column::bytes(uint64_t begin, size_t n) const {
  check_range(*this, begin, n);
  if (n == 0) return {};
  const size_t index = segment_of(begin);
  const Segment& segment = segments_[index];
  if (begin + n > ends_[index]) return {};
  size_t width = segment.type == Physical::kDouble ? sizeof(double) : 0;
  with_integer(segment.type == Physical::kDictionary ? segment.index_type : segment.type,
               [&](auto value) { width = sizeof value; });
  const uint64_t first = position(segment, begin - (ends_[index] - segment.rows));
  return {static_cast<const char*>(segment.values) + first * width, n * width};
}

bool Column::any_null(uint64_t begin, size_t n) const {
  check_range(*this, begin, n);
  bool found = false;
  for_each_piece(begin, n, [&](const Segment& segment, uint64_t row, size_t count, size_t done) {
    found = found || has_null(segment, row, count, Place{name_, begin + done});
  });
  return found;
}

int Chunk::find(std::string_view name) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name() == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace insitu
