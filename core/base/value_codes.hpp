// Codes of numbers that serve as levels: a cache in front of their labels, and the labels
// themselves.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "label_key.hpp"
#include "levels.hpp"

namespace insitu {

// 64-bit values → codes by open addressing. Forgets all when it outgrows the largest level table,
// so that unseen values of a frozen table cannot fill memory.
class ValueCodes {
 public:
  template <class Make>
  uint32_t find_or_make(uint64_t value, Make&& make) {
    const uint64_t mask = slots_.size() - 1;
    for (uint64_t at = hash(value) & mask; slots_[at].used; at = (at + 1) & mask) {
      if (slots_[at].value == value) return slots_[at].code;
    }
    const uint32_t code = make();
    insert(value, code);
    return code;
  }
  // Code of a value that was made, otherwise kUnseenCode.
  uint32_t find(uint64_t value) const {
    const uint64_t mask = slots_.size() - 1;
    uint64_t at = hash(value) & mask;
    while (slots_[at].used && slots_[at].value != value) at = (at + 1) & mask;
    return slots_[at].used ? slots_[at].code : kUnseenCode;
  }

 private:
  struct Slot {
    uint64_t value = 0;
    uint32_t code = 0;
    bool used = false;
  };

  static constexpr uint64_t kSparse =
      4096;  // up to here the first slot is nearly always the right one

  static uint64_t hash(uint64_t value) {
    return detail::fold(value ^ detail::kMixA, detail::kMixB);
  }
  static void place(std::vector<Slot>& slots, uint64_t value, uint32_t code) {
    uint64_t at = hash(value) & (slots.size() - 1);
    while (slots[at].used) at = (at + 1) & (slots.size() - 1);
    slots[at] = {value, code, true};
  }
  void insert(uint64_t value, uint32_t code) {
    if (used_ >= 2 * uint64_t{kMaxLevels}) *this = ValueCodes();
    if ((used_ < kSparse ? 8 : 2) * (used_ + 1) > slots_.size()) {
      std::vector<Slot> larger(4 * slots_.size());
      for (const Slot& old : slots_) {
        if (old.used) place(larger, old.value, old.code);
      }
      slots_ = std::move(larger);
    }
    place(slots_, value, code);
    ++used_;
  }

  std::vector<Slot> slots_ = std::vector<Slot>(64);
  uint64_t used_ = 0;
};

struct NumberLabel {
  std::array<char, 40> text;
  size_t size = 0;
  std::string_view view() const { return {text.data(), size}; }
};

// Whole numbers below 2^63 by their digits, as an integer column would write them; others by the
// shortest digits that read back as the same double (narrow: the same float).
inline NumberLabel label_of(double value, bool narrow) {
  NumberLabel label;
  char* const begin = label.text.data();
  char* const limit = begin + label.text.size();
  std::to_chars_result end{};
  if (std::fabs(value) < 0x1p63 && value == std::trunc(value)) {
    end = std::to_chars(begin, limit, static_cast<int64_t>(value));
  } else if (narrow) {
    end = std::to_chars(begin, limit, static_cast<float>(value));
  } else {
    end = std::to_chars(begin, limit, value);
  }
  label.size = static_cast<size_t>(end.ptr - begin);
  return label;
}

}  // namespace insitu
