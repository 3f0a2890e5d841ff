// Inputs of a fuzz target as numbers, and as edits of something good: most random bytes die at the
// first check, so damage is done to bytes that pass it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace insitu::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}

  uint8_t byte() { return take<uint8_t>(); }
  uint16_t word() { return take<uint16_t>(); }
  uint64_t number() { return take<uint64_t>(); }
  uint64_t below(uint64_t n) { return n == 0 ? 0 : word() % n; }
  bool done() const { return left_ == 0; }
  std::string_view rest() const { return {reinterpret_cast<const char*>(data_), left_}; }

 private:
  template <class T>
  T take() {
    T value{};
    const size_t size = std::min(left_, sizeof value);
    if (size > 0) std::memcpy(&value, data_, size);
    data_ += size;
    left_ -= size;
    return value;
  }

  const uint8_t* data_;
  size_t left_;
};

// Up to 64 edits: bytes set, numbers set or nudged, bytes inserted, erased or copied elsewhere.
inline std::string edited(std::string bytes, Input& input) {
  for (int edit = 0; edit < 64 && !input.done(); ++edit) {
    const uint8_t what = input.byte();
    const size_t at = input.below(bytes.size() + 1);
    const size_t run = std::min<size_t>(1 + input.byte() % 32, bytes.size() - at);
    uint64_t number = 0;
    const bool whole = bytes.size() - at >= sizeof number;
    switch (what % 6) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(input.byte());
        break;
      case 1:
        number = input.number();
        if (whole) std::memcpy(bytes.data() + at, &number, sizeof number);
        break;
      case 2:
        if (!whole) break;
        std::memcpy(&number, bytes.data() + at, sizeof number);
        number += static_cast<uint64_t>(static_cast<int64_t>(static_cast<int8_t>(input.byte())));
        std::memcpy(bytes.data() + at, &number, sizeof number);
        break;
      case 3:
        bytes.insert(at, run, static_cast<char>(input.byte()));
        break;
      case 4:
        bytes.erase(at, run);
        break;
      default:
        bytes.insert(input.below(bytes.size() + 1), bytes.substr(at, run));
    }
  }
  return bytes;
}

[[noreturn]] inline void violation(const std::string& what) {
  std::fprintf(stderr, "violation: %s\n", what.c_str());
  std::abort();
}

}  // namespace insitu::fuzz
