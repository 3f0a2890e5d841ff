// Inside of LevelTable, for LevelEncoder: open addressing with linear probing, at most half full,
// labels in one arena.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "label_key.hpp"
#include "levels.hpp"

namespace insitu {

struct LevelTable::Impl {
  struct Slot {
    LabelKey key{0, 0, kNoLabel};
    uint32_t code = kUnseenCode;
  };
  // Longer labels are refused, so no key of a label equals the key of an empty slot.
  static constexpr uint32_t kNoLabel = 0xFFFFFFFFu;

  std::vector<Slot> slots = std::vector<Slot>(64);
  std::vector<char> bytes;
  std::vector<uint64_t> starts = {0};

  uint32_t size() const { return static_cast<uint32_t>(starts.size() - 1); }
  std::string_view label(uint32_t code) const {
    return {bytes.data() + starts[code], static_cast<size_t>(starts[code + 1] - starts[code])};
  }
  uint64_t mask() const { return slots.size() - 1; }

  // Code of the label with this key, or kUnseenCode.
  uint32_t find(const LabelKey& key, std::string_view text) const {
    return slots[slot_of(key, text)].code;
  }
  uint32_t add(const LabelKey& key, std::string_view text, std::string_view column);

 private:
  // Where the label is, or would be.
  uint64_t slot_of(const LabelKey& key, std::string_view text) const {
    const Slot* const all = slots.data();
    for (uint64_t at = hash_of(key) & mask();; at = (at + 1) & mask()) {
      const Slot& slot = all[at];
      if (slot.key == key && (key.size <= kInlineLabel || label(slot.code) == text)) return at;
      if (slot.code == kUnseenCode) return at;
    }
  }
  void grow();
};

}  // namespace insitu
