// A label as three numbers, so that finding its code takes one hash, one load and one comparison.
// Up to 16 bytes the key is the label itself, zero-padded; beyond, it is a hash and a prefix, and
// the bytes decide.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace insitu {

struct LabelKey {
  uint64_t low = 0;
  uint64_t high = 0;
  uint32_t size = 0;
  bool operator==(const LabelKey&) const = default;
};

inline constexpr uint32_t kInlineLabel = 16;

namespace detail {
inline constexpr uint64_t kMixA = 0x9E3779B97F4A7C15u;  // odd, bits of the golden ratio
inline constexpr uint64_t kMixB = 0xD1B54A32D192ED03u;
inline constexpr uint64_t kMixC = 0x8CB92BA72F3D8DD7u;

// The 128-bit product folded: every bit of both factors reaches every bit of the result.
inline uint64_t fold(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Masks that keep the first n bytes of a word.
inline constexpr std::array<uint64_t, 9> kKeepBytes = {0,
                                                       0xFF,
                                                       0xFFFF,
                                                       0xFFFFFF,
                                                       0xFFFFFFFF,
                                                       0xFFFFFFFFFF,
                                                       0xFFFFFFFFFFFF,
                                                       0xFFFFFFFFFFFFFF,
                                                       0xFFFFFFFFFFFFFFFF};
}  // namespace detail

inline uint64_t hash_of(const LabelKey& key) {
  return detail::fold(key.low ^ detail::kMixA, key.high ^ (detail::kMixB + key.size));
}

// Clears what lies behind the label in a key of at most 16 bytes.
inline void keep_bytes(LabelKey& key) {
  key.low &= detail::kKeepBytes[key.size < 8 ? key.size : 8];
  key.high &= detail::kKeepBytes[key.size < 8 ? 0 : key.size - 8];
}

// Key of a label of at most 16 bytes that starts at p, where 16 bytes may be read.
inline LabelKey short_key_padded(const char* p, uint32_t size) {
  LabelKey key{0, 0, size};
  std::memcpy(&key.low, p, 8);
  std::memcpy(&key.high, p + 8, 8);
  keep_bytes(key);
  return key;
}

inline LabelKey key_of(std::string_view label) {
  std::array<char, kInlineLabel> bytes{};
  if (label.size() <= kInlineLabel) {
    if (!label.empty()) std::memcpy(bytes.data(), label.data(), label.size());
    return short_key_padded(bytes.data(), static_cast<uint32_t>(label.size()));
  }
  uint64_t hash = detail::kMixC ^ label.size();
  size_t at = 0;
  uint64_t low = 0;
  uint64_t high = 0;
  // Blocks of 16 bytes; the last one ends with the label and may overlap the one before.
  for (;; at += 16) {
    if (at + 16 > label.size()) at = label.size() - 16;
    std::memcpy(&low, label.data() + at, 8);
    std::memcpy(&high, label.data() + at + 8, 8);
    hash = detail::fold(low ^ detail::kMixA ^ hash, high ^ detail::kMixB) + hash;
    if (at + 16 == label.size()) break;
  }
  std::memcpy(&low, label.data(), 8);
  return {hash, low, static_cast<uint32_t>(label.size())};
}

}  // namespace insitu
