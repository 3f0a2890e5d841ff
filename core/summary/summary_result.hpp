// The result of a summary as JSON (docs/architecture.md, fit "summary").
#pragma once

#include "summary/summary_analysis.hpp"

namespace insitu {

// `state` has its cells over the levels of the frozen design.
Json summary_result(const Design& frozen, bool by_term, Weighting weighting,
                    const SummaryState& state);

}  // namespace insitu
