// Labels of a factor and their codes.
//
// A LevelTable maps labels to dense codes 0, 1, 2 … in order of first encounter (open) or in a
// given order (frozen). Encounter order never reaches a result: whoever publishes levels sorts them
// (`sorted_order`).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chunk.hpp"

namespace insitu {

inline constexpr uint32_t kMissingCode = 0xFFFFFFFFu;  // null
inline constexpr uint32_t kUnseenCode = 0xFFFFFFFEu;   // a label that a frozen table does not hold
// More labels than this in one factor is a SpecError: such a column identifies rows, it does not
// group them.
inline constexpr uint32_t kMaxLevels = 1'000'000;
// SpecError naming the column if it has more.
void check_level_count(uint64_t count, std::string_view column);

class LevelTable {
 public:
  LevelTable();
  explicit LevelTable(const std::vector<std::string>& labels);  // SpecError on a repeated label
  ~LevelTable();
  LevelTable(const LevelTable&);
  LevelTable& operator=(const LevelTable&);
  LevelTable(LevelTable&&) noexcept;
  LevelTable& operator=(LevelTable&&) noexcept;

  uint32_t size() const;
  std::string_view label(uint32_t code) const;
  std::vector<std::string> labels() const;
  // Code of the label, or kUnseenCode.
  uint32_t find(std::string_view label) const;
  // Code of the label, adding it if new. SpecError (naming `column`) beyond kMaxLevels.
  uint32_t add(std::string_view label, std::string_view column);

 private:
  friend class LevelEncoder;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Codes in published order: numerically if every label is an integer, else by UTF-8 bytes (never by
// collation).
std::vector<uint32_t> sorted_order(const std::vector<std::string>& labels);

// Turns rows of a factor column into codes of a LevelTable. Caches the translation of each
// dictionary it meets and the hash slots of text, so keep one per (state, column) for the length of
// an update. Booleans are labelled "False" and "True"; integers by their decimal digits; text must
// be valid UTF-8 (DataError with the row).
class LevelEncoder {
 public:
  // open: unknown labels are added to `table`; otherwise they become kUnseenCode. `table` outlives
  // the encoder.
  LevelEncoder(LevelTable& table, bool open);
  ~LevelEncoder();
  LevelEncoder(LevelEncoder&&) noexcept;

  // Codes of rows [begin, begin + n) of the column; kMissingCode for null. Only labels of the rows
  // read are added.
  void encode(const Column& column, uint64_t begin, size_t n, uint32_t* out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace insitu
