#include "engine/buffer_bytes.hpp"

#include <cstdlib>
#include <string_view>

namespace insitu {

namespace {

// Bits a row takes in the fixed-width buffer of a format; 0 where there is none.
uint64_t bits_of(std::string_view format) {
  if (format.empty()) return 0;
  switch (format[0]) {
    case 'b':
      return 1;
    case 'c':
    case 'C':
      return 8;
    case 's':
    case 'S':
    case 'e':
      return 16;
    case 'i':
    case 'I':
    case 'f':
      return 32;
    case 'l':
    case 'L':
    case 'g':
      return 64;
    case 'z':
    case 'u':
      return 32;  // offsets
    case 'Z':
    case 'U':
      return 64;
    case 'v':
      return 128;  // views
    case 'w':
      return 8 * std::strtoull(format.data() + 2, nullptr, 10);
    case 'd': {  // d:precision,scale[,bits]
      const size_t first = format.find(',');
      const size_t second = format.find(',', first + 1);
      return second == std::string_view::npos
                 ? 128
                 : std::strtoull(format.data() + second + 1, nullptr, 10);
    }
    case 't':
      if (format == "tin") return 128;
      return format == "tdD" || format == "tts" || format == "ttm" || format == "tiM" ? 32 : 64;
    case '+':
      return format == "+l" || format == "+m" ? 32 : format == "+L" ? 64 : 0;
    default:
      return 0;
  }
}

// Of rows [begin, begin + rows) counted from the start of the buffers.
template <class Offset>
uint64_t text_bytes(const ArrowArray& array, int64_t begin, int64_t rows) {
  if (array.n_buffers < 2 || array.buffers[1] == nullptr) return 0;
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]) + begin;
  return static_cast<uint64_t>(offsets[rows] - offsets[0]);
}

uint64_t variadic_bytes(const ArrowArray& array, SeenBuffers& seen) {
  if (array.n_buffers < 3) return 0;
  const auto* sizes = static_cast<const int64_t*>(array.buffers[array.n_buffers - 1]);
  uint64_t bytes = 0;
  for (int64_t i = 0; i < array.n_buffers - 3; ++i) {
    if (seen.insert(array.buffers[i + 2]).second) bytes += static_cast<uint64_t>(sizes[i]);
  }
  return bytes;
}

// Rows [first, first + rows) of the array. Only structs pass the cut on to their children; others
// count theirs whole.
uint64_t bytes_of(const ArrowSchema& schema, const ArrowArray& array, int64_t first, int64_t rows,
                  SeenBuffers& seen) {
  if (rows <= 0) return 0;
  const std::string_view format = schema.format;
  const auto count = static_cast<uint64_t>(rows);
  const int64_t begin = array.offset + first;
  uint64_t bytes = (count * bits_of(format) + 7) / 8;
  if (array.n_buffers > 0 && array.buffers[0] != nullptr && array.null_count != 0) {
    bytes += (count + 7) / 8;
  }
  if (format == "u" || format == "z") bytes += text_bytes<int32_t>(array, begin, rows);
  if (format == "U" || format == "Z") bytes += text_bytes<int64_t>(array, begin, rows);
  if (format == "vu" || format == "vz") bytes += variadic_bytes(array, seen);
  for (int64_t i = 0; i < array.n_children && i < schema.n_children; ++i) {
    const ArrowArray* child = array.children[i];
    if (child == nullptr) continue;  // malformed, but not in use
    bytes += format == "+s" ? bytes_of(*schema.children[i], *child, begin, rows, seen)
                            : bytes_of(*schema.children[i], *child, 0, child->length, seen);
  }
  const ArrowArray* dictionary = array.dictionary;
  if (dictionary != nullptr && schema.dictionary != nullptr && dictionary->n_buffers > 0 &&
      seen.insert(dictionary->buffers[dictionary->n_buffers - 1]).second) {
    bytes += bytes_of(*schema.dictionary, *dictionary, 0, dictionary->length, seen);
  }
  return bytes;
}

}  // namespace

uint64_t buffer_bytes(const ArrowSchema& schema, const ArrowArray& array, SeenBuffers& seen) {
  return bytes_of(schema, array, 0, array.length, seen);
}

}  // namespace insitu
