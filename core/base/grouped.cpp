#include <algorithm>
#include <map>

#include "compose.hpp"
#include "erased.hpp"
#include "levels.hpp"

namespace insitu {

namespace {

constexpr std::string_view kGroupedName = "grouped";
constexpr uint64_t kRowsAtOnce =
    16'384;  // bounds the memory of runs, one segment per run and column

struct GroupedState final : StampedState {
  using StampedState::StampedState;
  uint64_t missing_rows = 0;
  std::map<std::string, std::unique_ptr<AnyState>, std::less<>> groups;
};

// What travels: inner states in their own sealed form.
struct SavedGroups {
  uint64_t missing_rows = 0;
  std::map<std::string, std::string> groups;
  static void fields(auto& self, auto&& visit) {
    visit("missing_rows", FieldKind::kExact, self.missing_rows);
    visit("groups", FieldKind::kExact, self.groups);
  }
};

// Rows [begin, begin + n) of a column, appended without a copy.
void append_rows(Column& to, const Column& from, uint64_t begin, size_t n) {
  from.for_each_piece(begin, n, [&](const Segment& segment, uint64_t row, size_t count, size_t) {
    Segment piece = segment;
    piece.offset += static_cast<int64_t>(row);
    piece.rows = count;
    to.append(piece);
  });
}

// The rows of one group in one stretch of a chunk.
struct GroupRows {
  std::vector<Column> columns;
  uint64_t rows = 0;
};

// One entry per code of `codes`: its rows as runs of neighbours.
std::vector<GroupRows> split_rows(const Chunk& chunk, std::span<const uint32_t> codes,
                                  uint32_t groups, uint64_t begin) {
  std::vector<GroupRows> out(groups);
  for (size_t i = 0; i < codes.size();) {
    size_t end = i + 1;
    while (end < codes.size() && codes[end] == codes[i]) ++end;
    if (codes[i] < groups) {
      GroupRows& group = out[codes[i]];
      if (group.columns.empty()) {
        for (const Column& column : chunk.columns())
          group.columns.emplace_back(column.name(), column.kind());
      }
      for (size_t k = 0; k < group.columns.size(); ++k) {
        append_rows(group.columns[k], chunk.column(k), begin + i, end - i);
      }
      group.rows += end - i;
    }
    i = end;
  }
  return out;
}

class Grouped final : public AnyAnalysis {
 public:
  Grouped(std::string key, AnalysisPtr inner, uint64_t max_groups)
      : key_(std::move(key)), inner_(std::move(inner)), max_groups_(max_groups) {
    if (max_groups_ < 1 || max_groups_ > kMaxLevels) {
      throw SpecError("'max_groups' must be between 1 and " + std::to_string(kMaxLevels) +
                      ", got " + std::to_string(max_groups_));
    }
    columns_ = inner_->columns();
    if (std::find(columns_.begin(), columns_.end(), key_) == columns_.end())
      columns_.push_back(key_);
    fingerprint_ = spec_fingerprint(kGroupedName, spec());
  }

  std::string_view name() const override { return kGroupedName; }
  Json spec() const override {
    return {{"key", key_},
            {"analysis", {{"name", inner_->name()}, {"spec", inner_->spec()}}},
            {"max_groups", max_groups_}};
  }
  uint64_t fingerprint() const override { return fingerprint_; }
  const std::vector<std::string>& columns() const override { return columns_; }
  uint64_t state_bytes() const override {
    const uint64_t inner = inner_->state_bytes();
    return inner > UINT64_MAX / max_groups_ ? UINT64_MAX : inner * max_groups_;
  }

  std::unique_ptr<AnyState> empty() const override {
    return std::make_unique<GroupedState>(fingerprint_);
  }

  void update(AnyState& state, const Chunk& chunk) const override {
    GroupedState& into = typed(state);
    const Chunk own = has_columns(chunk, columns_) ? chunk : select(chunk, columns_);
    const Column& keys = own.column(static_cast<size_t>(own.find(key_)));
    LevelTable labels;
    LevelEncoder encoder(labels, true);
    std::vector<uint32_t> codes;
    for (uint64_t begin = 0; begin < own.rows(); begin += kRowsAtOnce) {
      codes.resize(static_cast<size_t>(std::min(kRowsAtOnce, own.rows() - begin)));
      encoder.encode(keys, begin, codes.size(), codes.data());
      into.missing_rows +=
          static_cast<uint64_t>(std::count(codes.begin(), codes.end(), kMissingCode));
      std::vector<GroupRows> groups = split_rows(own, codes, labels.size(), begin);
      for (uint32_t code = 0; code < groups.size(); ++code) {
        if (groups[code].rows == 0) continue;
        inner_->update(group(into, labels.label(code)),
                       Chunk(std::move(groups[code].columns), groups[code].rows));
      }
    }
  }

  void merge(AnyState& into, const AnyState& from) const override {
    GroupedState& mine = typed(into);
    const GroupedState& theirs = typed(from);
    mine.missing_rows += theirs.missing_rows;
    for (const auto& [label, state] : theirs.groups) inner_->merge(group(mine, label), *state);
  }

  Json finalize(const AnyState& state) const override {
    const GroupedState& from = typed(state);
    std::vector<std::string> labels;
    for (const auto& [label, ignored] : from.groups) labels.push_back(label);
    Json groups = Json::array();
    for (const uint32_t index : sorted_order(labels)) {
      groups.push_back(
          {{"key", labels[index]}, {"result", inner_->finalize(*from.groups.at(labels[index]))}});
    }
    return {{"key", key_}, {"missing_rows", from.missing_rows}, {"groups", std::move(groups)}};
  }

  uint64_t smallest_cell(const AnyState& state) const override {
    uint64_t least = kNoCell;
    for (const auto& [label, group] : typed(state).groups)
      least = std::min(least, inner_->smallest_cell(*group));
    return least;
  }

  std::string save(const AnyState& state) const override {
    SavedGroups saved;
    saved.missing_rows = typed(state).missing_rows;
    for (const auto& [label, inner] : typed(state).groups)
      saved.groups.emplace(label, inner_->save(*inner));
    return seal(kStateKind, kGroupedName, fingerprint_, encode(saved));
  }

  std::unique_ptr<AnyState> load(std::span<const std::byte> bytes) const override {
    const auto saved =
        decode<SavedGroups>(unseal(bytes, kStateKind, kGroupedName, fingerprint_).payload);
    if (saved.groups.size() > max_groups_) {
      throw StateError("expected at most " + std::to_string(max_groups_) + " groups, got " +
                       std::to_string(saved.groups.size()));
    }
    auto state = std::make_unique<GroupedState>(fingerprint_);
    state->missing_rows = saved.missing_rows;
    for (const auto& [label, inner] : saved.groups)
      state->groups.emplace(label, inner_->load(as_bytes(inner)));
    return state;
  }

  double distance(const AnyState& a, const AnyState& b) const override {
    const GroupedState& x = typed(a);
    const GroupedState& y = typed(b);
    if (x.missing_rows != y.missing_rows || x.groups.size() != y.groups.size()) return detail::kFar;
    double largest = 0.0;
    for (const auto& [label, state] : x.groups) {
      const auto other = y.groups.find(label);
      if (other == y.groups.end()) return detail::kFar;
      largest = std::max(largest, inner_->distance(*state, *other->second));
    }
    return largest;
  }

  std::string debug_string(const AnyState& state) const override {
    std::string out = "{missing_rows: " + std::to_string(typed(state).missing_rows);
    for (const auto& [label, inner] : typed(state).groups) {
      out += ", '" + label + "': " + inner_->debug_string(*inner);
    }
    return out + "}";
  }

 private:
  const GroupedState& typed(const AnyState& state) const {
    require_same_spec(*this, state);
    return dynamic_cast<const GroupedState&>(state);
  }
  GroupedState& typed(AnyState& state) const {
    return const_cast<GroupedState&>(typed(std::as_const(state)));
  }

  AnyState& group(GroupedState& into, std::string_view label) const {
    if (const auto found = into.groups.find(label); found != into.groups.end())
      return *found->second;
    if (into.groups.size() >= max_groups_) {
      throw SpecError("the column '" + key_ + "' has more than " + std::to_string(max_groups_) +
                      " groups; raise 'max_groups' or group by a coarser column");
    }
    return *into.groups.emplace(label, inner_->empty()).first->second;
  }

  std::string key_;
  AnalysisPtr inner_;
  uint64_t max_groups_;
  std::vector<std::string> columns_;
  uint64_t fingerprint_ = 0;
};

}  // namespace

AnalysisPtr grouped_by(std::string key, AnalysisPtr inner, uint64_t max_groups) {
  return std::make_shared<const Grouped>(std::move(key), std::move(inner), max_groups);
}

}  // namespace insitu
