// The one abstraction: an Analysis describes one pass over rows that ends in a small State.
//
// An Analysis is immutable and made from a spec (JSON). Its State is plain data with a `fields`
// list. The laws, run on every analysis by testing/laws.hpp:
//   empty     identity of merge, exactly; merge(empty, empty) = empty
//   update    zero rows change nothing; where chunks are cut does not matter
//   merge     any split, any order gives the whole-data state, by the kind of each field; states of
//   another spec refuse save/load load(save(s)) = s; every truncated prefix and one extra byte is a
//   StateError finalize  const, repeatable, defined on the empty state
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chunk.hpp"
#include "fields.hpp"

namespace insitu {

using Json = nlohmann::json;

// What an algorithm writes. `columns()` names the columns it reads: update() finds them in the
// chunk in this order.
template <class A>
concept Analysis = requires(const A& analysis, typename A::State& into,
                            const typename A::State& from, const Chunk& chunk) {
  requires HasFields<typename A::State>;
  { A::kName } -> std::convertible_to<std::string_view>;
  { analysis.spec() } -> std::same_as<Json>;  // canonical: equal specs give equal JSON
  { analysis.columns() } -> std::convertible_to<const std::vector<std::string>&>;
  { analysis.empty() } -> std::same_as<typename A::State>;
  { analysis.update(into, chunk) } -> std::same_as<void>;
  { analysis.merge(into, from) } -> std::same_as<void>;
  { analysis.finalize(from) } -> std::same_as<Json>;
  { analysis.state_bytes() } -> std::same_as<uint64_t>;  // upper estimate before running
};

// A state whose type is known to its analysis only.
class AnyState {
 public:
  virtual ~AnyState() = default;
};

inline constexpr uint64_t kNoCell = std::numeric_limits<uint64_t>::max();

// What contexts, the engine and the C border see: bytes and verbs, never an algorithm.
class AnyAnalysis {
 public:
  virtual ~AnyAnalysis() = default;
  virtual std::string_view name() const = 0;
  virtual Json spec() const = 0;
  // Hash of name and spec: states carry it and refuse to merge with another's.
  virtual uint64_t fingerprint() const = 0;
  virtual const std::vector<std::string>& columns() const = 0;
  virtual uint64_t state_bytes() const = 0;
  virtual std::unique_ptr<AnyState> empty() const = 0;
  virtual void update(AnyState& state, const Chunk& chunk) const = 0;
  virtual void merge(AnyState& into, const AnyState& from) const = 0;
  virtual Json finalize(const AnyState& state) const = 0;
  // Rows behind the smallest part of what the state tells, of those that are not empty: all of it,
  // a group, a cell, a level. kNoCell if there is nothing, 0 where an analysis does not count them.
  virtual uint64_t smallest_cell(const AnyState& state) const = 0;
  // The saved form: magic, format version, name, fingerprint, payload length, payload, checksum.
  virtual std::string save(const AnyState& state) const = 0;
  virtual std::unique_ptr<AnyState> load(std::span<const std::byte> bytes) const = 0;
  // Largest kSum difference of two states in its unit (see fields.hpp), infinity if a kExact field
  // differs.
  virtual double distance(const AnyState& a, const AnyState& b) const = 0;
  virtual std::string debug_string(const AnyState& state) const = 0;
  // What a database would have to sum for a state (docs/architecture.md, Pushdown), and that state
  // of its answer. Null, and a SpecError, for analyses that SQL cannot express.
  virtual Json sums() const;
  virtual std::unique_ptr<AnyState> from_sums(const Json& facts, const Chunk& answer) const;
};

using AnalysisPtr = std::shared_ptr<const AnyAnalysis>;

class RowScorer;  // row_scorer.hpp

// The second verb: columns in, columns out, row by row; order and count kept.
// Outputs are doubles (NaN: missing) written as whole columns.
class RowFunction {
 public:
  virtual ~RowFunction() = default;
  virtual std::string_view name() const = 0;
  virtual Json spec() const = 0;
  virtual const std::vector<std::string>& columns() const = 0;
  virtual const std::vector<std::string>& outputs() const = 0;
  // out[k] has room for chunk.rows() doubles. Thread-safe. Adds what it noticed (unseen levels …)
  // to `notes`.
  virtual void apply(const Chunk& chunk, std::span<double* const> out, Json& notes) const = 0;
  // A faster way for single rows than a chunk of each; null where there is none. make_scorer()
  // (row_scorer.hpp) has one for every row function.
  virtual std::unique_ptr<RowScorer> scorer() const;
};

using RowFunctionPtr = std::shared_ptr<const RowFunction>;

// A model that may need several passes hands out the next analysis and accepts the merged state.
// Pull, never callbacks.
class Fit {
 public:
  virtual ~Fit() = default;
  virtual std::string_view name() const = 0;
  // The next pass, or null when the result is ready.
  virtual AnalysisPtr next() = 0;
  virtual void accept(const AnyState& state) = 0;
  // The model as plain data.
  virtual Json result() const = 0;
};

using FitPtr = std::unique_ptr<Fit>;

}  // namespace insitu
