// Builds Arrow C structs that own what they show, for whoever receives them.
//
// Every function fills *out, which must be empty, and leaves it empty (release null) if it throws.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/arrow_import.hpp"
#include "insitu/arrow_c.h"

namespace insitu {

// A field without children, such as ("pred", "g").
void export_field(const std::string& name, const std::string& format, int64_t flags,
                  ArrowSchema* out);
// A deep copy, with metadata, children and dictionary.
void export_schema_copy(const ArrowSchema& from, ArrowSchema* out);
// The schema of record batches. The fields are moved from.
void export_struct_schema(std::span<UniqueSchema> fields, ArrowSchema* out);

// Rows [begin, begin + rows) of an array of any type, without a copy; `owner` keeps its memory
// alive.
void export_shared(const ArrowArray& from, int64_t begin, int64_t rows,
                   const std::shared_ptr<const void>& owner, ArrowArray* out);

// Memory for `rows` doubles, uninitialised, on a cache line.
struct DoubleBuffer {
  explicit DoubleBuffer(int64_t rows);
  double* data() const { return values.get(); }

  struct Free {
    void operator()(double* memory) const noexcept;
  };
  std::unique_ptr<double, Free> values;
  int64_t rows = 0;
};
// A float64 array that owns the buffer; NaN becomes null.
void export_doubles(DoubleBuffer buffer, ArrowArray* out);
// A record batch. The columns are moved from.
void export_struct(std::span<UniqueArray> columns, int64_t rows, ArrowArray* out);

}  // namespace insitu
