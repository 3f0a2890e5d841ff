// ErasedAnalysis<A>: any type that satisfies the Analysis concept as the AnyAnalysis that hosts
// see.
//
// Optional members, found by concept:
//   void A::validate(const State&) const   throws StateError where sizes inside a loaded state do
//   not fit the spec; load void State::check(const A&) const      calls it, so that hostile bytes
//   under a good checksum cannot reach update. double State::distance(const State&) const   see
//   compare.hpp
//   uint64_t A::smallest_cell(const State&) const   see analysis.hpp; without it 0, "not counted"
//   Json A::sums() const, State A::from_sums(const Json&, const Chunk&) const   see AnyAnalysis
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis.hpp"
#include "compare.hpp"
#include "envelope.hpp"
#include "errors.hpp"
#include "json.hpp"
#include "select.hpp"

namespace insitu {

inline constexpr std::string_view kStateKind = "state";

// A state stamped with the fingerprint of its spec.
class StampedState : public AnyState {
 public:
  explicit StampedState(uint64_t fingerprint) : fingerprint_(fingerprint) {}
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  uint64_t fingerprint_;
};

template <class State>
class HeldState final : public StampedState {
 public:
  HeldState(uint64_t fingerprint, State state)
      : StampedState(fingerprint), value(std::move(state)) {}
  State value;
};

// StateError unless the state was made by an analysis of this name and spec.
void require_same_spec(const AnyAnalysis& analysis, const AnyState& state);

// The typed state inside: what a Fit does in accept(). StateError if it is another analysis's.
template <class State>
const State& state_cast(const AnyAnalysis& analysis, const AnyState& state) {
  require_same_spec(analysis, state);
  const auto* held = dynamic_cast<const HeldState<State>*>(&state);
  if (held == nullptr)
    throw InternalError("two state types share the fingerprint of '" +
                        std::string(analysis.name()) + "'");
  return held->value;
}
template <class State>
State& state_cast(const AnyAnalysis& analysis, AnyState& state) {
  return const_cast<State&>(state_cast<State>(analysis, std::as_const(state)));
}

template <Analysis A>
class ErasedAnalysis final : public AnyAnalysis {
 public:
  using State = typename A::State;

  explicit ErasedAnalysis(A analysis)
      : analysis_(std::move(analysis)),
        columns_(analysis_.columns()),
        fingerprint_(spec_fingerprint(A::kName, analysis_.spec())) {}

  const A& inner() const { return analysis_; }
  std::string_view name() const override { return A::kName; }
  Json spec() const override { return analysis_.spec(); }
  uint64_t fingerprint() const override { return fingerprint_; }
  const std::vector<std::string>& columns() const override { return columns_; }
  uint64_t state_bytes() const override { return analysis_.state_bytes(); }

  std::unique_ptr<AnyState> empty() const override { return hold(analysis_.empty()); }

  // Columns are found by name if the chunk does not hold exactly columns().
  void update(AnyState& state, const Chunk& chunk) const override {
    State& into = state_cast<State>(*this, state);
    if (has_columns(chunk, columns_)) {
      analysis_.update(into, chunk);
    } else {
      analysis_.update(into, select(chunk, columns_));
    }
  }
  void merge(AnyState& into, const AnyState& from) const override {
    analysis_.merge(state_cast<State>(*this, into), state_cast<State>(*this, from));
  }
  Json finalize(const AnyState& state) const override {
    return analysis_.finalize(state_cast<State>(*this, state));
  }
  uint64_t smallest_cell(const AnyState& state) const override {
    if constexpr (requires { analysis_.smallest_cell(state_cast<State>(*this, state)); }) {
      return analysis_.smallest_cell(state_cast<State>(*this, state));
    }
    return 0;
  }
  std::string save(const AnyState& state) const override {
    return seal(kStateKind, A::kName, fingerprint_, encode(state_cast<State>(*this, state)));
  }
  std::unique_ptr<AnyState> load(std::span<const std::byte> bytes) const override {
    State state = decode<State>(unseal(bytes, kStateKind, A::kName, fingerprint_).payload);
    if constexpr (requires { analysis_.validate(state); }) analysis_.validate(state);
    if constexpr (requires { state.check(analysis_); }) state.check(analysis_);
    return hold(std::move(state));
  }
  double distance(const AnyState& a, const AnyState& b) const override {
    return insitu::distance(state_cast<State>(*this, a), state_cast<State>(*this, b));
  }
  std::string debug_string(const AnyState& state) const override {
    return std::string(A::kName) + " " + insitu::debug_string(state_cast<State>(*this, state));
  }
  Json sums() const override {
    if constexpr (requires { analysis_.sums(); }) return analysis_.sums();
    return AnyAnalysis::sums();
  }
  std::unique_ptr<AnyState> from_sums(const Json& facts, const Chunk& answer) const override {
    if constexpr (requires { analysis_.from_sums(facts, answer); })
      return hold(analysis_.from_sums(facts, answer));
    return AnyAnalysis::from_sums(facts, answer);
  }

 private:
  std::unique_ptr<AnyState> hold(State state) const {
    return std::make_unique<HeldState<State>>(fingerprint_, std::move(state));
  }

  A analysis_;
  std::vector<std::string> columns_;
  uint64_t fingerprint_;
};

template <Analysis A>
AnalysisPtr erase(A analysis) {
  return std::make_shared<const ErasedAnalysis<A>>(std::move(analysis));
}

}  // namespace insitu
