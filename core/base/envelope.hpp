// The outer form of saved bytes: states, models, anything that travels.
//
//   magic 8 · format version u32 · kind text · name text · fingerprint u64 · payload length u64 ·
//   payload · CRC-64 u64
//
// Little-endian; a text is a u32 length and its bytes. The checksum covers all before it and finds
// every error of up to 64 neighbouring bits, so any flipped bit, any missing and any extra byte is
// a StateError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace insitu {

inline constexpr uint32_t kFormatVersion = 1;

// CRC-64/XZ (ECMA-182 polynomial, reflected).
uint64_t checksum64(std::span<const std::byte> bytes);

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// kind: "state", "model", …; name: which analysis or model; fingerprint: of its spec (0 where there
// is none).
std::string seal(std::string_view kind, std::string_view name, uint64_t fingerprint,
                 std::string_view payload);

// Views into the bytes given to unseal.
struct Envelope {
  std::string_view name;
  uint64_t fingerprint = 0;
  std::span<const std::byte> payload;
};

// StateError, each with its own sentence: not ours, truncated, too long, damaged, another format
// version, another kind.
Envelope unseal(std::span<const std::byte> bytes, std::string_view kind);
// The same, and StateError unless name and fingerprint are those expected.
Envelope unseal(std::span<const std::byte> bytes, std::string_view kind, std::string_view name,
                uint64_t fingerprint);

}  // namespace insitu
