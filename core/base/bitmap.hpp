// Bits of an Arrow bitmap, least significant first, by words of 64 rows. Only bytes that hold the
// bits asked for are read.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace insitu {

static_assert(std::endian::native == std::endian::little, "the word tricks assume little-endian");

inline bool bit_at(const uint8_t* bits, uint64_t index) {
  return ((bits[index >> 3] >> (index & 7)) & 1) != 0;
}

// Bits [first, first + n), n in 1 … 64, from bit 0 of the result; higher bits are zero.
inline uint64_t bits_at(const uint8_t* bits, uint64_t first, size_t n) {
  const uint8_t* from = bits + (first >> 3);
  const unsigned shift = static_cast<unsigned>(first & 7);
  const size_t bytes = (shift + n + 7) / 8;
  uint64_t word = 0;
  if (bytes >= 8) {
    std::memcpy(&word, from, 8);
  } else {
    std::memcpy(&word, from, bytes);
  }
  word >>= shift;
  if (bytes > 8) word |= static_cast<uint64_t>(from[8]) << (64 - shift);
  return n == 64 ? word : word & ((uint64_t{1} << n) - 1);
}

// Calls f(word, first, count) over [0, n) in steps of 64; bit 0 of word is row `first`.
template <class F>
void for_each_word(const uint8_t* bits, uint64_t begin, size_t n, F&& f) {
  for (size_t first = 0; first < n; first += 64) {
    const size_t count = n - first < 64 ? n - first : 64;
    f(bits_at(bits, begin + first, count), first, count);
  }
}

inline uint64_t low_bits(size_t count) {
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

// Calls f(i) for every i in [0, n) whose bit is clear.
template <class F>
void for_each_null(const uint8_t* bits, uint64_t begin, size_t n, F&& f) {
  for_each_word(bits, begin, n, [&](uint64_t word, size_t first, size_t count) {
    uint64_t clear = ~word & low_bits(count);
    for (; clear != 0; clear &= clear - 1) f(first + static_cast<size_t>(std::countr_zero(clear)));
  });
}

// Calls f(first, count) for every maximal run of set bits within each word of [0, n); null bits:
// one run of all.
template <class F>
void for_each_valid_run(const uint8_t* bits, uint64_t begin, size_t n, F&& f) {
  if (bits == nullptr) {
    if (n > 0) f(size_t{0}, n);
    return;
  }
  for_each_word(bits, begin, n, [&](uint64_t word, size_t first, size_t) {
    size_t at = 0;
    while (word != 0) {
      const size_t skip = static_cast<size_t>(std::countr_zero(word));
      word >>= skip;
      const size_t run = static_cast<size_t>(std::countr_one(word));
      f(first + at + skip, run);
      at += skip + run;
      word = run == 64 ? 0 : word >> run;
    }
  });
}

// True if all bits of [begin, begin + n) are set; true for null bits.
inline bool all_set(const uint8_t* bits, uint64_t begin, size_t n) {
  if (bits == nullptr) return true;
  bool all = true;
  for (size_t first = 0; all && first < n; first += 64) {
    const size_t count = n - first < 64 ? n - first : 64;
    all = bits_at(bits, begin + first, count) == low_bits(count);
  }
  return all;
}

}  // namespace insitu
