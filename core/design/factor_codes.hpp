// Codes of one factor of a design for every row of a chunk.
#pragma once

#include <cstdint>
#include <vector>

#include "base/chunk.hpp"
#include "base/levels.hpp"
#include "design/design.hpp"

namespace insitu {

class FactorCodes {
 public:
  // `table` labels the factor's codes and grows if the factor is open; it outlives this.
  FactorCodes(const DesignFactor& factor, LevelTable& table);

  // Encodes column `index` of the chunk. Returns how many rows hold a label outside the frozen
  // levels.
  uint64_t encode(const Chunk& chunk, size_t index);
  const uint32_t* codes() const { return codes_.data(); }
  // True if no row of [begin, begin + n) is missing or unseen.
  bool complete(uint64_t begin, size_t n) const;

 private:
  void encode_number(const Chunk& chunk, const Column& column);

  const DesignFactor& factor_;
  LevelTable& table_;
  LevelEncoder encoder_;
  std::vector<uint32_t> codes_;
  bool any_missing_ = false;
};

}  // namespace insitu
