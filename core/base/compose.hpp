// Analyses made of analyses: several in one pass, and one per group. Contexts and the engine see
// them as any other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis.hpp"

namespace insitu {

// Several analyses in one pass. Its columns are theirs, each once, in order of first use; its
// result is the list of theirs. Spec: {"parts": [{"name", "spec"}, …]}. SpecError without parts.
AnalysisPtr tuple_of(std::vector<AnalysisPtr> parts);
// The parts of a tuple, and of its state: what a Fit reads back. StateError if the state is not of
// this tuple.
const std::vector<AnalysisPtr>& tuple_parts(const AnyAnalysis& tuple);
const AnyState& tuple_part(const AnyAnalysis& tuple, const AnyState& state, size_t index);

inline constexpr uint64_t kMaxGroups = 1000;

// One state of `inner` per label of the factor column `key`, made when the label is first met. Rows
// whose key is missing belong to no group and are counted. Exact in the same sense as `inner`:
// merging unites groups by label. Result: {"key", "missing_rows", "groups": [{"key": label,
// "result": …}, …]} with labels in published order. Cost: rows of a group are handed to `inner` as
// runs of neighbours, without a copy, so keys in order cost least. Memory: groups x inner; more
// than max_groups labels is a SpecError.
AnalysisPtr grouped_by(std::string key, AnalysisPtr inner, uint64_t max_groups = kMaxGroups);

}  // namespace insitu
