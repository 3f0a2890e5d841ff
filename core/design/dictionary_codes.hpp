// A dictionary column whose indices already are codes of a LevelTable: nothing is looked up row by
// row.
#pragma once

#include <cstdint>
#include <vector>

#include "base/chunk.hpp"
#include "base/levels.hpp"

namespace insitu {

class DictionaryCodes {
 public:
  // True if all rows of the column share one dictionary whose labels, in its order, are those of
  // `table`; or become them, where `open` and the table is empty. Labels that no row has are then
  // in the table too: whoever publishes levels leaves them out. The column outlives this.
  bool adopt(const Column& column, LevelTable& table, bool open);
  // Codes of rows [begin, begin + n): where they lie, or in `buffer`. `complete` becomes false if
  // one is missing. DataError on an index outside the dictionary.
  const uint32_t* read(uint64_t begin, size_t n, uint32_t* buffer, bool& complete) const;

 private:
  const Column* column_ = nullptr;
};

}  // namespace insitu
