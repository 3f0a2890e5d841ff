// Text of a segment, checked row by row: the producer may be hostile, and the C interface gives no
// sizes but those of views.
#include "errors.hpp"
#include "segment_read.hpp"

namespace insitu {
namespace {

[[noreturn]] void throw_bad_text(Place place, const std::string& what) {
  throw DataError(describe(place) + ": " + what +
                  "; the producer of this batch must write valid Arrow text");
}

template <class Offset>
TextBounds bounds_of(const Segment& s, Place place) {
  const auto first = static_cast<int64_t>(load<Offset>(s.offsets, position(s, 0)));
  const auto last = static_cast<int64_t>(load<Offset>(s.offsets, position(s, s.rows)));
  if (first < 0 || last < first) {
    throw_bad_text(place, "the text offsets run from " + std::to_string(first) + " to " +
                              std::to_string(last));
  }
  if (s.values == nullptr && last > first) {
    throw_bad_text(place, "the text has " + std::to_string(last - first) + " bytes but no buffer");
  }
  return {first, last};
}

template <class Offset>
std::string_view text_by_offsets(const Segment& s, uint64_t row, Place place) {
  const TextBounds bounds = bounds_of<Offset>(s, place);
  const auto begin = static_cast<int64_t>(load<Offset>(s.offsets, position(s, row)));
  const auto end = static_cast<int64_t>(load<Offset>(s.offsets, position(s, row) + 1));
  if (begin < bounds.first || end < begin || end > bounds.last) {
    throw_bad_text(place, "the text offsets " + std::to_string(begin) + " and " +
                              std::to_string(end) + " are outside " + std::to_string(bounds.first) +
                              " … " + std::to_string(bounds.last));
  }
  if (begin == end) return {};
  return {static_cast<const char*>(s.values) + begin, static_cast<size_t>(end - begin)};
}

// A view: int32 size, then up to 12 bytes inline, or 4 bytes of prefix, int32 buffer and int32
// offset.
std::string_view text_by_view(const Segment& s, uint64_t row, Place place) {
  const char* view = static_cast<const char*>(s.values) + 16 * position(s, row);
  const auto size = load<int32_t>(view, 0);
  if (size < 0) throw_bad_text(place, "the text view has size " + std::to_string(size));
  if (size <= 12) return {view + 4, static_cast<size_t>(size)};
  const auto buffer = load<int32_t>(view, 2);
  const auto offset = load<int32_t>(view, 3);
  if (buffer < 0 || buffer >= s.n_variadic) {
    throw_bad_text(place, "the text view points at buffer " + std::to_string(buffer) + " of " +
                              std::to_string(s.n_variadic));
  }
  const auto bytes = load<int64_t>(s.variadic_sizes, static_cast<uint64_t>(buffer));
  if (offset < 0 || int64_t{offset} + size > bytes || s.variadic[buffer] == nullptr) {
    throw_bad_text(place, "the text view covers bytes " + std::to_string(offset) + " … " +
                              std::to_string(int64_t{offset} + size) + " of a buffer of " +
                              std::to_string(bytes));
  }
  return {static_cast<const char*>(s.variadic[buffer]) + offset, static_cast<size_t>(size)};
}

}  // namespace

TextBounds text_bounds(const Segment& s, Place place) {
  return s.type == Physical::kUtf8 ? bounds_of<int32_t>(s, place) : bounds_of<int64_t>(s, place);
}

std::string_view text_at(const Segment& s, uint64_t row, Place place) {
  if (s.type == Physical::kUtf8View) return text_by_view(s, row, place);
  if (s.type == Physical::kUtf8) return text_by_offsets<int32_t>(s, row, place);
  return text_by_offsets<int64_t>(s, row, place);
}

}  // namespace insitu
