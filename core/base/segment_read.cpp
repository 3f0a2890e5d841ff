#include "segment_read.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>

#include "bitmap.hpp"
#include "errors.hpp"

namespace insitu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kBlock = 512;  // dictionary rows decoded at a time
__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

// One reader per physical type: a value object whose at() is inlined into both loops, straight and
// gathering.
template <class T>
struct Plain {
  const void* values;
  double at(uint64_t i) const { return static_cast<double>(load<T>(values, i)); }
};

struct Bits {
  const uint8_t* values;
  double at(uint64_t i) const { return bit_at(values, i) ? 1.0 : 0.0; }
};

struct Half {
  const void* values;
  // Shift exponent and fraction into place and rescale by 2^112, which also makes subnormals right.
  double at(uint64_t i) const {
    const uint32_t half = load<uint16_t>(values, i);
    const uint32_t rest = (half & 0x7FFFu) << 13;
    const float magnitude = (half & 0x7C00u) == 0x7C00u
                                ? std::bit_cast<float>(rest | 0x7F800000u)
                                : std::bit_cast<float>(rest) * std::bit_cast<float>(0x77800000u);
    return static_cast<double>((half & 0x8000u) != 0 ? -magnitude : magnitude);
  }
};

// Days from milliseconds: correctly rounded, as |value| < 2^53 for every date that has one.
struct Milliseconds {
  const void* values;
  double at(uint64_t i) const { return static_cast<double>(load<int64_t>(values, i)) / 86400000.0; }
};

struct Timestamp {
  const void* values;
  int64_t units;
  // A count beyond 2^53 (nanoseconds) is split first: one rounding of the fraction, one of the sum.
  double at(uint64_t i) const {
    const auto count = load<int64_t>(values, i);
    constexpr int64_t kExact = int64_t{1} << 53;
    if (count > -kExact && count < kExact) {
      return static_cast<double>(count) / static_cast<double>(units);
    }
    const int64_t seconds = count / units;
    return static_cast<double>(seconds) +
           static_cast<double>(count - seconds * units) / static_cast<double>(units);
  }
};

constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// unscaled * 10^-scale, correctly rounded.
double decimal_value(Int128 unscaled, int32_t scale) {
  const bool negative = unscaled < 0;
  Uint128 digits = negative ? -static_cast<Uint128>(unscaled) : static_cast<Uint128>(unscaled);
  if (digits <= (Uint128{1} << 53) && scale >= -22 && scale <= 22) {
    const double power = kPowersOfTen[static_cast<size_t>(scale < 0 ? -scale : scale)];
    const double value = static_cast<double>(static_cast<uint64_t>(digits));
    const double scaled = scale < 0 ? value * power : value / power;
    return negative ? -scaled : scaled;
  }
  std::array<char, 64> text{};
  char* end = text.data() + 48;
  char* begin = end;
  for (; digits != 0; digits /= 10)
    *--begin = static_cast<char>('0' + static_cast<int>(digits % 10));
  if (begin == end) *--begin = '0';
  if (negative) *--begin = '-';
  *end++ = 'e';
  end = std::to_chars(end, text.data() + text.size(), -static_cast<int64_t>(scale)).ptr;
  double value = 0.0;
  const auto [ptr, error] = std::from_chars(begin, end, value);
  if (error == std::errc::result_out_of_range) {
    value = scale > 0 ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return value;
}

template <class T>
struct Decimal {
  const void* values;
  int32_t scale;
  double at(uint64_t i) const { return decimal_value(load<T>(values, i), scale); }
};

// Calls f(reader) for a type whose values are numbers; false for text, dictionaries and the null
// type.
template <class F>
bool with_reader(const Segment& s, F&& f) {
  if (with_integer(s.type, [&](auto type) { f(Plain<decltype(type)>{s.values}); })) return true;
  switch (s.type) {
    case Physical::kBool:
      f(Bits{static_cast<const uint8_t*>(s.values)});
      return true;
    case Physical::kHalf:
      f(Half{s.values});
      return true;
    case Physical::kFloat:
      f(Plain<float>{s.values});
      return true;
    case Physical::kDouble:
      f(Plain<double>{s.values});
      return true;
    case Physical::kDate32:
      f(Plain<int32_t>{s.values});
      return true;
    case Physical::kDate64:
      f(Milliseconds{s.values});
      return true;
    case Physical::kTimestamp:
      f(Timestamp{s.values, s.units_per_second});
      return true;
    case Physical::kDecimal32:
      f(Decimal<int32_t>{s.values, s.decimal_scale});
      return true;
    case Physical::kDecimal64:
      f(Decimal<int64_t>{s.values, s.decimal_scale});
      return true;
    case Physical::kDecimal128:
      f(Decimal<Int128>{s.values, s.decimal_scale});
      return true;
    default:
      return false;
  }
}

[[noreturn]] void throw_not_numeric(Place place) {
  throw DataError("column \"" + std::string(place.column) +
                  "\" holds text, not numbers; use it as a factor or cast it to a number");
}

// Indices of n <= kBlock rows, clamped to the dictionary's size; a valid row outside it is a
// DataError.
void read_indices(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place) {
  const uint64_t first = position(s, row);
  const auto size = static_cast<uint32_t>(s.dictionary->rows);
  const bool known = with_integer(s.index_type, [&](auto type) {
    for (size_t i = 0; i < n; ++i) {
      const auto index = unsigned_index(load<decltype(type)>(s.values, first + i));
      out[i] = index < size ? static_cast<uint32_t>(index) : size;
    }
  });
  if (!known) throw InternalError("a dictionary index must be an integer");
  if (s.validity != nullptr) for_each_null(s.validity, first, n, [&](size_t i) { out[i] = size; });
  for (size_t i = 0; i < n; ++i) {
    if (out[i] == size && (s.validity == nullptr || bit_at(s.validity, first + i))) {
      throw_bad_index(s, row + i, place.plus(i));
    }
  }
}

// Calls f(indices, first, count) block by block; an index equal to the dictionary's size marks a
// null row.
template <class F>
void for_each_index_block(const Segment& s, uint64_t row, size_t n, Place place, F&& f) {
  std::array<uint32_t, kBlock> indices;
  for (size_t done = 0; done < n; done += kBlock) {
    const size_t count = std::min(kBlock, n - done);
    read_indices(s, row + done, count, indices.data(), place.plus(done));
    f(indices.data(), done, count);
  }
}

void read_dictionary(const Segment& s, uint64_t row, size_t n, double* out, Place place) {
  const Segment& dictionary = *s.dictionary;
  const auto size = static_cast<uint32_t>(dictionary.rows);
  const bool numeric = with_reader(dictionary, [&](auto reader) {
    for_each_index_block(s, row, n, place, [&](const uint32_t* indices, size_t done, size_t count) {
      for (size_t i = 0; i < count; ++i) {
        const uint64_t at = position(dictionary, indices[i]);
        const bool valid = indices[i] < size &&
                           (dictionary.validity == nullptr || bit_at(dictionary.validity, at));
        out[done + i] = valid ? reader.at(at) : kNaN;
      }
    });
  });
  if (!numeric && dictionary.type != Physical::kNull) throw_not_numeric(place);
  if (!numeric) std::fill_n(out, n, kNaN);
}

}  // namespace

std::string describe(Place place) {
  return "column \"" + std::string(place.column) + "\", row " + std::to_string(place.row) +
         " of its batch";
}

std::string_view type_name(Physical type) {
  static constexpr std::array<std::string_view, 24> kNames = {
      "bool",       "int8",       "int16",     "int32",     "int64", "uint8",
      "uint16",     "uint32",     "uint64",    "half",      "float", "double",
      "decimal128", "date32",     "date64",    "timestamp", "text",  "large text",
      "text view",  "dictionary", "decimal32", "decimal64", "null"};
  return kNames[static_cast<size_t>(type)];
}

void throw_bad_index(const Segment& s, uint64_t row, Place place) {
  std::string index;
  with_integer(s.index_type, [&](auto type) {
    index = std::to_string(load<decltype(type)>(s.values, position(s, row)));
  });
  throw DataError(describe(place) + ": the dictionary index " + index + " is outside 0 … " +
                  std::to_string(s.dictionary->rows) +
                  " (exclusive); the producer of this batch must write valid indices");
}

void read_numbers(const Segment& s, uint64_t row, size_t n, double* out, Place place) {
  if (s.type == Physical::kDictionary) return read_dictionary(s, row, n, out, place);
  if (s.type == Physical::kNull) {
    std::fill_n(out, n, kNaN);
    return;
  }
  const uint64_t first = position(s, row);
  const bool numeric = with_reader(s, [&](auto reader) {
    for (size_t i = 0; i < n; ++i) out[i] = reader.at(first + i);
  });
  if (!numeric) throw_not_numeric(place);
  if (s.validity != nullptr) for_each_null(s.validity, first, n, [&](size_t i) { out[i] = kNaN; });
}

bool has_null(const Segment& s, uint64_t row, size_t n, Place place) {
  if (n == 0) return false;
  if (s.type == Physical::kNull || !all_set(s.validity, position(s, row), n)) return true;
  if (s.type != Physical::kDictionary) return false;
  const Segment& dictionary = *s.dictionary;
  if (dictionary.type == Physical::kNull) return true;
  if (dictionary.validity == nullptr) return false;
  bool found = false;
  for_each_index_block(s, row, n, place, [&](const uint32_t* indices, size_t, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      found |= !bit_at(dictionary.validity, position(dictionary, indices[i]));
    }
  });
  return found;
}

}  // namespace insitu
