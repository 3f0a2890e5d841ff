// The rows of one chunk into the state of a summary.
#pragma once

#include "summary/summary_analysis.hpp"

namespace insitu {

// Adds the chunk's rows. The levels of its factors join the state's.
void summarise(const Design& design, bool by_term, const Chunk& chunk, SummaryState& into);

}  // namespace insitu
