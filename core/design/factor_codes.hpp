// Codes of one factor of a design for the rows of a chunk.
#pragma once

#include <cstdint>
#include <vector>

#include "base/chunk.hpp"
#include "base/levels.hpp"
#include "design/design.hpp"
#include "design/dictionary_codes.hpp"

namespace insitu {

class FactorCodes {
 public:
  // `table` labels the factor's codes and grows if the factor is open; it outlives this. `adopt`:
  // whole dictionaries may be registered (see DictionaryCodes).
  FactorCodes(const DesignFactor& factor, LevelTable& table, bool adopt);

  // Starts on column `index` of the chunk; registers its labels. Returns how many rows hold a label
  // outside the frozen levels.
  uint64_t bind(const Chunk& chunk, size_t index);
  // Codes of rows [begin, begin + n), valid until the next call; `complete` becomes false if one is
  // missing or unseen.
  const uint32_t* read(uint64_t begin, size_t n, bool& complete);

  // Index of the bound column, and whether `read` goes to its memory.
  size_t column() const { return column_; }
  bool streams() const { return adopted_; }

  // True if the table may hold labels that no row has.
  bool adopted() const { return adopted_ && !factor_.levels.has_value(); }

 private:
  void encode_number(const std::vector<double>& values);
  void encode_exact(const std::vector<double>& values);

  const DesignFactor& factor_;
  LevelTable& table_;
  LevelEncoder encoder_;
  DictionaryCodes dictionary_;
  size_t column_ = 0;
  bool adopt_;
  bool adopted_ = false;
  std::vector<uint32_t>
      codes_;  // of all rows; of the last rows read where the dictionary is adopted
  bool any_missing_ = false;
};

}  // namespace insitu
