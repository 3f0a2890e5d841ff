// Format strings of the Arrow C data interface.
#pragma once

#include "arrow_import.hpp"

namespace insitu {

// Reads the schema of one column; an unsupported type becomes a refusal. DataError on a malformed
// schema.
BatchColumn parse_column(const ArrowSchema& schema);

}  // namespace insitu
