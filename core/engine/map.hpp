// The second verb: a stream of rows to a stream of rows, in order, computed ahead on worker
// threads.
//
// Batches are cut into pieces of at most 131,072 rows, so that workers share a large one; each
// piece becomes one batch of the output. Kept columns are passed on without a copy: they share the
// memory of the input batch, whatever their type, and dictionaries stay dictionaries. Outputs are
// float64, null where the row function wrote NaN. At most `queue` pieces are in flight; a reader
// that stops reading stops the map. Notes of the pieces add up: numbers are summed key by key.
#pragma once

#include "base/analysis.hpp"
#include "engine/options.hpp"
#include "insitu/arrow_c.h"

namespace insitu {

// Fills *out; it is released by its reader, which also cancels. Takes *in (moved out, released at
// the end, also on error). The schema is read here: SpecError on missing columns, on kept names
// that clash with outputs, on a wrong number of names.
void start_map(RowFunctionPtr function, ArrowArrayStream* in, const MapOptions& options,
               ArrowArrayStream* out);

// What the row function noticed, once `out` has been read to its end; throws the map's own typed
// error if it ended in one (the stream itself can only hand on its text), SpecError if it has not
// ended. `out` must be the struct that start_map filled or one it was moved to, not yet released: a
// host that lends the stream to a consumer lends a stream of its own.
Json map_notes(const ArrowArrayStream& out);

}  // namespace insitu
