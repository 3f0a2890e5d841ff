// The binary form of plain data, derived from `fields`: encode, decode, encoded size.
//
// Little-endian and without padding: numbers as they are; a bool is one byte; text, vectors and
// maps are a uint64 count and their elements; an optional is a bool and perhaps a value; a struct
// is its fields in order. Decoding checks each count against the bytes that remain before it
// allocates, so memory stays within a constant factor of the input.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "double_double.hpp"
#include "fields.hpp"

namespace insitu {

static_assert(std::endian::native == std::endian::little, "states are little-endian in memory");

namespace detail {

template <class T, template <class...> class Of>
inline constexpr bool kIs = false;
template <class... Ts, template <class...> class Of>
inline constexpr bool kIs<Of<Ts...>, Of> = true;
template <class T>
inline constexpr bool kIsArray = false;
template <class T, size_t N>
inline constexpr bool kIsArray<std::array<T, N>> = true;
template <class>
inline constexpr bool kUnsupported = false;

// Types whose bytes in memory are their encoding, so that vectors of them are copied whole.
template <class T>
concept RawBytes = (std::is_integral_v<T> && !std::is_same_v<T, bool>) ||
                   std::is_same_v<T, double> || std::is_same_v<T, DoubleDouble>;

// Bytes in; where it stands and which field it reads, for the sentences of its errors.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  void take(void* out, size_t size);
  // A count of elements of at least `element_bytes` encoded bytes each: StateError if they cannot
  // all be there.
  size_t count(size_t element_bytes);
  bool flag();
  void finish() const;  // StateError if bytes remain
  [[noreturn]] void fail(const std::string& what) const;
  // Names the field being read, and bounds nesting (a struct may hold a vector of itself).
  class Field {
   public:
    Field(Reader& reader, std::string_view name);
    ~Field();
    Field(const Field&) = delete;
    Field& operator=(const Field&) = delete;

   private:
    Reader& reader_;
    std::string_view outer_;
  };

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string_view field_ = "(start)";
};

// Sinks of `write`: one keeps the bytes, one counts them.
struct ByteSink {
  std::string bytes;
  void put(const void* data, size_t size) { bytes.append(static_cast<const char*>(data), size); }
};
struct CountSink {
  uint64_t bytes = 0;
  void put(const void*, size_t size) { bytes += size; }
};

}  // namespace detail

template <class T>
std::string encode(const T& value);
template <class T>
uint64_t encoded_size(const T& value);
// StateError on truncated bytes, impossible counts, or bytes that follow the value.
template <class T>
T decode(std::span<const std::byte> bytes);

}  // namespace insitu

#include "codec_impl.hpp"  // IWYU pragma: export
