#include "envelope.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "errors.hpp"

namespace insitu {

namespace {

// Not text: the carriage return and the byte above 127 show files that were converted on their way
// (as PNG's does).
constexpr std::string_view kMagic("\x8Binsitu\r", 8);

using CrcTables = std::array<std::array<uint64_t, 256>, 8>;

// Table k advances a byte by k further zero bytes: eight bytes are taken per step.
constexpr CrcTables make_crc_tables() {
  constexpr uint64_t kPolynomial = 0xC96C5795D7870F42u;
  CrcTables tables{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t crc = tables[k - 1][byte];
      tables[k][byte] = (crc >> 8) ^ tables[0][crc & 0xFF];
    }
  }
  return tables;
}

constexpr CrcTables kCrc = make_crc_tables();

template <class Number>
void append(std::string& out, Number value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

void append_text(std::string& out, std::string_view text) {
  append(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

[[noreturn]] void truncated(size_t needed, size_t got) {
  throw StateError("expected at least " + std::to_string(needed) + " bytes, got " +
                   std::to_string(got) + ": the bytes are cut short; save them again");
}

// Reads the header without trusting it.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> take(uint64_t size) {
    const size_t left = bytes_.size() - at_;
    if (size > left) {
      const uint64_t needed = size > SIZE_MAX - at_ ? SIZE_MAX : at_ + size;
      truncated(static_cast<size_t>(needed), bytes_.size());
    }
    const auto piece = bytes_.subspan(at_, static_cast<size_t>(size));
    at_ += piece.size();
    return piece;
  }
  template <class Number>
  Number number() {
    Number value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view text() { return as_text(take(number<uint32_t>())); }
  size_t at() const { return at_; }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

std::string hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, value);
  return text;
}

}  // namespace

uint64_t checksum64(std::span<const std::byte> bytes) {
  const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t n = bytes.size();
  uint64_t crc = ~uint64_t{0};
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word = 0;
    std::memcpy(&word, p, 8);
    word ^= crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kCrc[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; n > 0; --n, ++p) crc = (crc >> 8) ^ kCrc[0][(crc ^ *p) & 0xFF];
  return ~crc;
}

std::string seal(std::string_view kind, std::string_view name, uint64_t fingerprint,
                 std::string_view payload) {
  std::string out;
  out.reserve(kMagic.size() + kind.size() + name.size() + payload.size() + 36);
  out.append(kMagic);
  append(out, kFormatVersion);
  append_text(out, kind);
  append_text(out, name);
  append(out, fingerprint);
  append(out, uint64_t{payload.size()});
  out.append(payload);
  append(out, checksum64(as_bytes(out)));
  return out;
}

Envelope unseal(std::span<const std::byte> bytes, std::string_view kind) {
  Cursor cursor(bytes);
  if (!bytes.empty() && as_text(bytes).substr(0, kMagic.size()) != kMagic.substr(0, bytes.size())) {
    throw StateError("these " + std::to_string(bytes.size()) + " bytes are not a saved " +
                     std::string(kind) + " of insitu: they begin otherwise");
  }
  cursor.take(kMagic.size());
  if (const auto version = cursor.number<uint32_t>(); version != kFormatVersion) {
    throw StateError("the bytes are of format version " + std::to_string(version) +
                     ", this insitu reads version " + std::to_string(kFormatVersion) +
                     "; save them again, or install the insitu that wrote them");
  }
  const std::string_view found_kind = cursor.text();
  Envelope envelope;
  envelope.name = cursor.text();
  envelope.fingerprint = cursor.number<uint64_t>();
  envelope.payload = cursor.take(cursor.number<uint64_t>());
  const uint64_t computed = checksum64(bytes.first(cursor.at()));
  const auto stored = cursor.number<uint64_t>();
  if (cursor.at() != bytes.size()) {
    throw StateError("expected " + std::to_string(cursor.at()) + " bytes, got " +
                     std::to_string(bytes.size()) + ": something was appended; save them again");
  }
  if (stored != computed) {
    throw StateError("the checksum of the " + std::to_string(bytes.size()) + " bytes is " +
                     hex(computed) + ", they say " + hex(stored) +
                     ": they were damaged after saving");
  }
  if (found_kind != kind) {
    throw StateError("expected a saved " + std::string(kind) + ", got a saved " +
                     std::string(found_kind));
  }
  return envelope;
}

Envelope unseal(std::span<const std::byte> bytes, std::string_view kind, std::string_view name,
                uint64_t fingerprint) {
  const Envelope envelope = unseal(bytes, kind);
  if (envelope.name != name) {
    throw StateError("expected a " + std::string(kind) + " of '" + std::string(name) +
                     "', got one of '" + std::string(envelope.name) + "'");
  }
  if (envelope.fingerprint != fingerprint) {
    throw StateError("the " + std::string(kind) + " of '" + std::string(name) +
                     "' was made from another spec: expected fingerprint " + hex(fingerprint) +
                     ", got " + hex(envelope.fingerprint));
  }
  return envelope;
}

}  // namespace insitu
