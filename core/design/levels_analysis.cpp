#include "design/levels_analysis.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/erased.hpp"
#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/sum_groups.hpp"

namespace insitu {
namespace {

constexpr size_t kEncodedRows = 2048;  // at a time, so that codes stay in the first cache

// The labels of a table that began as `labels`.
void take_labels(const LevelTable& table, std::vector<std::string>& labels) {
  if (table.size() == labels.size()) return;
  labels = table.labels();
  std::sort(labels.begin(), labels.end());
}

DesignFactor factor_of(const std::string& column) {
  DesignFactor factor;
  factor.label = column;
  factor.column = column;
  return factor;
}

std::vector<std::string> published(const std::vector<std::string>& labels) {
  std::vector<std::string> sorted;
  for (const uint32_t code : sorted_order(labels)) sorted.push_back(labels[code]);
  return sorted;
}

}  // namespace

LevelsAnalysis::LevelsAnalysis(std::vector<std::string> columns) : columns_(std::move(columns)) {
  if (columns_.empty()) throw SpecError("an analysis of levels needs at least one column");
  std::set<std::string> seen;
  for (const std::string& column : columns_) {
    if (!seen.insert(column).second)
      throw SpecError("column \"" + column + "\" is listed twice; list it once");
  }
}

LevelsAnalysis LevelsAnalysis::from_spec(const Json& spec) {
  SpecReader reader(spec, "levels");
  auto columns = reader.texts("columns");
  reader.finish();
  return LevelsAnalysis(std::move(columns));
}

Json LevelsAnalysis::spec() const { return {{"columns", columns_}}; }

LevelsState LevelsAnalysis::empty() const {
  LevelsState state;
  state.labels.resize(columns_.size());
  return state;
}

void LevelsAnalysis::update(State& into, const Chunk& chunk) const {
  std::vector<uint32_t> codes(kEncodedRows);
  for (size_t c = 0; c < columns_.size(); ++c) {
    LevelTable table(into.labels[c]);
    LevelEncoder encoder(table, true);
    for (uint64_t begin = 0; begin < chunk.rows(); begin += kEncodedRows) {
      const auto n = static_cast<size_t>(std::min<uint64_t>(kEncodedRows, chunk.rows() - begin));
      encoder.encode(chunk.column(c), begin, n, codes.data());
    }
    take_labels(table, into.labels[c]);
  }
}

void LevelsAnalysis::merge(State& into, const State& from) const {
  for (size_t c = 0; c < columns_.size(); ++c) {
    LevelTable table(into.labels[c]);
    for (const std::string& label : from.labels[c]) table.add(label, columns_[c]);
    take_labels(table, into.labels[c]);
  }
}

Json LevelsAnalysis::finalize(const State& state) const {
  Json levels = Json::object();
  for (size_t c = 0; c < columns_.size(); ++c) levels[columns_[c]] = published(state.labels[c]);
  return {{"levels", std::move(levels)}};
}

Json LevelsAnalysis::sums() const {
  Design design;
  std::vector<SumTable> tables;
  for (const std::string& column : columns_) {
    tables.push_back({{design.factors.size()}, {}, {}});
    design.factors.push_back(factor_of(column));
  }
  return sum_request(design, {.response = false, .complete = false}, tables);
}

LevelsState LevelsAnalysis::from_sums(const Json& facts, const Chunk& answer) const {
  std::vector<DesignFactor> factors;
  for (const std::string& column : columns_) factors.push_back(factor_of(column));
  const SumGroups groups(factors, 0, false, facts, answer);
  State state = empty();
  for (size_t c = 0; c < columns_.size(); ++c) {
    state.labels[c] = groups.labels(c);
    std::sort(state.labels[c].begin(), state.labels[c].end());
  }
  return state;
}

// The labels are not known yet: an understatement that the engine's budget tolerates.
uint64_t LevelsAnalysis::state_bytes() const { return 64 + 256 * columns_.size(); }

void LevelsAnalysis::validate(const State& state) const {
  if (state.labels.size() != columns_.size()) {
    throw StateError("expected the levels of " + std::to_string(columns_.size()) +
                     " columns, got those of " + std::to_string(state.labels.size()));
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    const std::vector<std::string>& labels = state.labels[c];
    const bool ascending =
        std::adjacent_find(labels.begin(), labels.end(), std::greater_equal<>()) == labels.end();
    if (!ascending || labels.size() > kMaxLevels) {
      throw StateError("the levels of \"" + columns_[c] +
                       "\" are out of order, repeated, or too many; the state is damaged");
    }
  }
}

AnalysisPtr levels_pass(const Design& design) {
  std::vector<std::string> columns = design.open_codes();
  return columns.empty() ? nullptr : erase(LevelsAnalysis(std::move(columns)));
}

Design with_levels(const Design& design, const AnyAnalysis& pass, const AnyState& state) {
  const auto& found = state_cast<LevelsState>(pass, state);
  Design frozen = design;
  for (size_t c = 0; c < pass.columns().size(); ++c)
    frozen.set_levels(pass.columns()[c], published(found.labels[c]));
  return frozen;
}

}  // namespace insitu
