#include "design/sum_groups.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/bad_value.hpp"
#include "design/factor_codes.hpp"

namespace insitu {
namespace {

using Pair = std::array<size_t, 2>;

template <class T>
bool holds(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string named(char prefix, size_t index) {
  std::string name(1, prefix);
  return name += std::to_string(index);
}
std::string named(const Pair& product) {
  return named('s', product[0]) += "_" + std::to_string(product[1]);
}

Pair pair_of(const Json& item, size_t values) {
  const std::vector<size_t> both = indices_from_json(item, "a value of a product", values);
  if (both.size() != 2) throw SpecError("a product of sums is two values, not " + item.dump());
  return {std::min(both[0], both[1]), std::max(both[0], both[1])};
}

void refuse_faults(const Json& list) {
  for (const Json& item : list) {
    SpecReader reader(item, "fault in the rows");
    const std::string column = reader.text("column");
    const double value = number_from_json(reader.required("value"), "value");
    const uint64_t rows = reader.count("rows", 0);
    const std::string fault = reader.one_of("fault", {"infinite", "negative", "fraction"}, "");
    reader.finish();
    refuse_value(column, value, "in " + std::to_string(rows) + (rows == 1 ? " row" : " rows"),
                 fault == "infinite"   ? Fault::kInfinite
                 : fault == "negative" ? Fault::kNegativeWeight
                                       : Fault::kFractionOfRows);
  }
}

}  // namespace

SumGroups::SumGroups(std::span<const DesignFactor> factors, size_t values, bool weighted,
                     const Json& facts, const Chunk& answer)
    : weighted_(weighted), codes_(factors.size()) {
  SpecReader reader(facts, "facts of sums");
  origin_ = numbers_from_json(reader.required("origin"), "origin");
  rounding_ = reader.number("rounding", 0.0);
  const Json& blocks = reader.list("blocks");
  const Json* faults = reader.optional("faults");
  reader.finish();
  if (origin_.size() != values || !(rounding_ >= 0.0 && rounding_ <= 1.0)) {
    throw SpecError("the facts of sums need " + std::to_string(values) +
                    " origins and a rounding between 0 and 1");
  }
  read_labels(factors, answer);
  if (faults != nullptr) refuse_faults(*faults);
  read_blocks(blocks, answer);
  read_groups(answer);
}

// As rows are encoded: the same levels, limits and sentences.
void SumGroups::read_labels(std::span<const DesignFactor> factors, const Chunk& answer) {
  for (const DesignFactor& factor : factors) {
    tables_.push_back(factor.levels.has_value() ? LevelTable(*factor.levels) : LevelTable());
  }
  for (size_t f = 0; f < factors.size(); ++f) {
    const int index = answer.find(named('f', f));
    if (index < 0) throw SpecError("the answer has no column \"" + named('f', f) + "\"");
    FactorCodes codes(factors[f], tables_[f], false);
    codes.bind(answer, static_cast<size_t>(index));
    bool complete = true;
    const uint32_t* first = codes.read(0, answer.rows(), complete);
    codes_[f].assign(first, first + answer.rows());
  }
}

void SumGroups::read_blocks(const Json& list, const Chunk& answer) {
  const size_t values = origin_.size() + 1;
  for (const Json& item : list) {
    SpecReader reader(item, "block of sums");
    Block& block = blocks_.emplace_back();
    block.factors = indices_from_json(reader.list("factors"), "a factor of sums", codes_.size());
    block.shared = indices_from_json(reader.list("shared"), "a shared value of sums", values);
    for (const Json& product : reader.list("products"))
      block.products.push_back(pair_of(product, values));
    block.described =
        indices_from_json(reader.list("described"), "a described value of sums", values);
    reader.finish();
    std::sort(block.factors.begin(), block.factors.end());
  }
  read_numbers(answer);
}

void SumGroups::read_numbers(const Chunk& answer) {
  std::vector<std::string> wanted = {"block", "status", "rows"};
  if (weighted_) wanted.emplace_back("weight");
  for (const Block& block : blocks_) {
    for (const size_t value : block.shared) wanted.push_back(named('v', value));
    for (const Pair& product : block.products) {
      if (product[1] > 0) wanted.push_back(named(product));
    }
    for (const size_t value : block.described) {
      for (const char prefix : {'n', 'l', 'g'}) wanted.push_back(named(prefix, value));
      for (const char prefix : {'w', 'm'}) {
        if (weighted_) wanted.push_back(named(prefix, value));
      }
    }
  }
  // Asked for by some only.
  for (const Column& column : answer.columns()) {
    if (column.name() == "log_weight" || column.name().starts_with("o"))
      wanted.push_back(column.name());
  }
  for (const std::string& name : wanted) {
    const int index = answer.find(name);
    if (index < 0) throw SpecError("the answer has no column \"" + name + "\"");
    std::vector<double>& numbers = numbers_[name];
    numbers.resize(answer.rows());
    answer.column(static_cast<size_t>(index)).read_doubles(0, answer.rows(), numbers.data());
  }
}

// Every group's block, status and counts make sense.
void SumGroups::read_groups(const Chunk& answer) {
  const std::vector<double>& block = column("block");
  const std::vector<double>& status = column("status");
  const std::vector<double>& rows = column("rows");
  for (size_t group = 0; group < answer.rows(); ++group) {
    const double at = block[group];
    const bool good = at >= 0.0 && at < static_cast<double>(blocks_.size()) &&
                      at == std::floor(at) && status[group] >= 0.0 && status[group] <= 2.0 &&
                      rows[group] >= 0.0 && rows[group] < 0x1p63;
    if (!good) {
      throw SpecError("row " + std::to_string(group + 1) +
                      " of the answer has no block, status or count that its facts know");
    }
    blocks_[static_cast<size_t>(at)].groups.push_back(group);
  }
}

const std::vector<double>& SumGroups::column(const std::string& name) const {
  const auto found = numbers_.find(name);
  if (found == numbers_.end()) throw SpecError("the answer has no column \"" + name + "\"");
  return found->second;
}

bool SumGroups::serves(const Block& block, const SumTable& table) const {
  const auto has_factor = [&](size_t factor) { return holds(block.factors, factor); };
  const auto has_product = [&](const Pair& product) {
    const auto [a, b] = product;
    const bool a_known = a == 0 || holds(block.shared, a);
    const bool b_known = b == 0 || holds(block.shared, b);
    if (a_known && b_known) return true;
    if (a_known || b_known) return holds(block.products, Pair{0, a_known ? b : a});
    return holds(block.products, Pair{std::min(a, b), std::max(a, b)});
  };
  const auto describes = [&](size_t value) { return holds(block.described, value); };
  return std::all_of(table.factors.begin(), table.factors.end(), has_factor) &&
         std::all_of(table.products.begin(), table.products.end(), has_product) &&
         std::all_of(table.described.begin(), table.described.end(), describes);
}

const SumGroups::Block& SumGroups::block_for(const SumTable& table) const {
  const Block* best = nullptr;
  for (const Block& block : blocks_) {
    if (!serves(block, table)) continue;
    if (best == nullptr || block.groups.size() < best->groups.size()) best = &block;
  }
  if (best == nullptr) throw SpecError("the sums lack a table that the analysis asks for");
  return *best;
}

SumGroups::Status SumGroups::status(const Block& block, size_t group) const {
  const auto status = static_cast<Status>(static_cast<int>(column("status")[group]));
  if (status != Status::kUsed) return status;
  const bool missing = std::any_of(block.factors.begin(), block.factors.end(), [&](size_t factor) {
    return codes_[factor][group] >= kUnseenCode;
  });
  return missing ? Status::kMissing : Status::kUsed;
}

uint64_t SumGroups::rows(size_t group) const {
  return static_cast<uint64_t>(column("rows")[group]);
}

double SumGroups::weight(size_t group) const {
  return column(weighted_ ? "weight" : "rows")[group];
}

SumGroups::Product SumGroups::product(const Block& block, size_t a, size_t b) const {
  const bool a_known = a == 0 || holds(block.shared, a);
  const bool b_known = b == 0 || holds(block.shared, b);
  if (a_known && b_known) return {nullptr, {a, b}};
  if (a_known) return {&column(named(Pair{0, b})), {a, 0}};
  if (b_known) return {&column(named(Pair{0, a})), {b, 0}};
  return {&column(named(Pair{std::min(a, b), std::max(a, b)})), {0, 0}};
}

DoubleDouble SumGroups::value(const Product& product, size_t group) const {
  DoubleDouble sum = product.sums == nullptr ? weight(group) : (*product.sums)[group];
  for (const size_t value : product.by) {
    if (value > 0) sum *= distance(value, group);
  }
  return sum;
}

const std::vector<double>& SumGroups::described(char prefix, size_t value) const {
  return column(named(prefix, value));
}

double SumGroups::origin_of(size_t value, size_t group) const {
  const auto own = numbers_.find(named('o', value));
  return own == numbers_.end() || std::isnan(own->second[group]) ? origin_[value - 1]
                                                                 : own->second[group];
}

DoubleDouble SumGroups::distance(size_t value, size_t group) const {
  return two_sum(column(named('v', value))[group], -origin_[value - 1]);
}

}  // namespace insitu
