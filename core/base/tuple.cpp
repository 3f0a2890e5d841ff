#include <algorithm>

#include "compose.hpp"
#include "erased.hpp"

namespace insitu {

namespace {

constexpr std::string_view kTupleName = "tuple";

struct TupleState final : StampedState {
  using StampedState::StampedState;
  std::vector<std::unique_ptr<AnyState>> parts;
};

class Tuple final : public AnyAnalysis {
 public:
  explicit Tuple(std::vector<AnalysisPtr> parts) : parts_(std::move(parts)) {
    if (parts_.empty()) throw SpecError("a tuple needs at least one part, got 0");
    for (const AnalysisPtr& part : parts_) {
      for (const std::string& name : part->columns()) {
        if (std::find(columns_.begin(), columns_.end(), name) == columns_.end()) {
          columns_.push_back(name);
        }
      }
    }
    fingerprint_ = spec_fingerprint(kTupleName, spec());
  }

  const std::vector<AnalysisPtr>& parts() const { return parts_; }
  std::string_view name() const override { return kTupleName; }
  Json spec() const override {
    Json list = Json::array();
    for (const AnalysisPtr& part : parts_) {
      list.push_back({{"name", part->name()}, {"spec", part->spec()}});
    }
    return {{"parts", std::move(list)}};
  }
  uint64_t fingerprint() const override { return fingerprint_; }
  const std::vector<std::string>& columns() const override { return columns_; }
  uint64_t state_bytes() const override {
    uint64_t sum = 0;
    for (const AnalysisPtr& part : parts_) sum += part->state_bytes();
    return sum;
  }

  std::unique_ptr<AnyState> empty() const override {
    auto state = std::make_unique<TupleState>(fingerprint_);
    for (const AnalysisPtr& part : parts_) state->parts.push_back(part->empty());
    return state;
  }
  // Each part finds its own columns in the chunk.
  void update(AnyState& state, const Chunk& chunk) const override {
    TupleState& into = typed(state);
    for (size_t i = 0; i < parts_.size(); ++i) parts_[i]->update(*into.parts[i], chunk);
  }
  void merge(AnyState& into, const AnyState& from) const override {
    TupleState& mine = typed(into);
    const TupleState& theirs = typed(from);
    for (size_t i = 0; i < parts_.size(); ++i) parts_[i]->merge(*mine.parts[i], *theirs.parts[i]);
  }
  Json finalize(const AnyState& state) const override {
    Json results = Json::array();
    for (size_t i = 0; i < parts_.size(); ++i) {
      results.push_back(parts_[i]->finalize(*typed(state).parts[i]));
    }
    return results;
  }
  uint64_t smallest_cell(const AnyState& state) const override {
    uint64_t least = kNoCell;
    for (size_t i = 0; i < parts_.size(); ++i)
      least = std::min(least, parts_[i]->smallest_cell(*typed(state).parts[i]));
    return least;
  }
  std::string save(const AnyState& state) const override {
    std::vector<std::string> saved;
    for (size_t i = 0; i < parts_.size(); ++i)
      saved.push_back(parts_[i]->save(*typed(state).parts[i]));
    return seal(kStateKind, kTupleName, fingerprint_, encode(saved));
  }
  std::unique_ptr<AnyState> load(std::span<const std::byte> bytes) const override {
    const Envelope envelope = unseal(bytes, kStateKind, kTupleName, fingerprint_);
    const auto saved = decode<std::vector<std::string>>(envelope.payload);
    if (saved.size() != parts_.size()) {
      throw StateError("expected a tuple of " + std::to_string(parts_.size()) + " parts, got " +
                       std::to_string(saved.size()));
    }
    auto state = std::make_unique<TupleState>(fingerprint_);
    for (size_t i = 0; i < parts_.size(); ++i)
      state->parts.push_back(parts_[i]->load(as_bytes(saved[i])));
    return state;
  }
  double distance(const AnyState& a, const AnyState& b) const override {
    double largest = 0.0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      largest = std::max(largest, parts_[i]->distance(*typed(a).parts[i], *typed(b).parts[i]));
    }
    return largest;
  }
  std::string debug_string(const AnyState& state) const override {
    std::string out;
    for (size_t i = 0; i < parts_.size(); ++i) {
      out += (i == 0 ? "(" : ", ") + parts_[i]->debug_string(*typed(state).parts[i]);
    }
    return out + ")";
  }

  const TupleState& typed(const AnyState& state) const {
    require_same_spec(*this, state);
    return dynamic_cast<const TupleState&>(state);
  }

 private:
  TupleState& typed(AnyState& state) const {
    return const_cast<TupleState&>(typed(std::as_const(state)));
  }

  std::vector<AnalysisPtr> parts_;
  std::vector<std::string> columns_;
  uint64_t fingerprint_ = 0;
};

const Tuple& as_tuple(const AnyAnalysis& analysis) {
  if (const auto* tuple = dynamic_cast<const Tuple*>(&analysis)) return *tuple;
  throw InternalError("'" + std::string(analysis.name()) + "' is not a tuple");
}

}  // namespace

AnalysisPtr tuple_of(std::vector<AnalysisPtr> parts) {
  return std::make_shared<const Tuple>(std::move(parts));
}

const std::vector<AnalysisPtr>& tuple_parts(const AnyAnalysis& tuple) {
  return as_tuple(tuple).parts();
}

const AnyState& tuple_part(const AnyAnalysis& tuple, const AnyState& state, size_t index) {
  return *as_tuple(tuple).typed(state).parts.at(index);
}

}  // namespace insitu
