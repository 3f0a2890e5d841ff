#include "levels.hpp"

#include <algorithm>
#include <numeric>

#include "errors.hpp"
#include "level_table.hpp"

namespace insitu {
namespace {

// A label that is an integer, as sign and digits without leading zeros: integers of any length
// compare without overflow.
struct IntegerLabel {
  bool negative = false;
  std::string_view digits;
};

bool is_integer(std::string_view label) {
  if (label.starts_with('-')) label.remove_prefix(1);
  return !label.empty() &&
         std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

IntegerLabel parse_integer(std::string_view label) {
  const bool negative = label.starts_with('-');
  if (negative) label.remove_prefix(1);
  label.remove_prefix(std::min(label.find_first_not_of('0'), label.size()));
  return {negative && !label.empty(), label};
}

// Below zero if a < b, above if a > b.
int compare_integers(const IntegerLabel& a, const IntegerLabel& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int order = a.digits.compare(b.digits);
  if (a.digits.size() != b.digits.size()) order = a.digits.size() < b.digits.size() ? -1 : 1;
  return a.negative ? -order : order;
}

constexpr uint32_t kSparseLabels = 4096;  // above, speed is the memory's anyway

}  // namespace

void check_level_count(uint64_t count, std::string_view column) {
  if (count <= kMaxLevels) return;
  throw SpecError("column \"" + std::string(column) +
                  "\" has more than 1,000,000 distinct labels, the limit of a factor; use it as "
                  "numeric, bin it, or drop it");
}

LevelTable::LevelTable() : impl_(std::make_unique<Impl>()) {}

LevelTable::LevelTable(const std::vector<std::string>& labels) : LevelTable() {
  for (const std::string& label : labels) {
    const uint32_t before = size();
    if (add(label, "(given levels)") < before) {
      throw SpecError("the level \"" + label + "\" is given twice; give each level once");
    }
  }
}

LevelTable::~LevelTable() = default;
LevelTable::LevelTable(const LevelTable& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
LevelTable& LevelTable::operator=(const LevelTable& other) {
  if (this != &other) *this = LevelTable(other);
  return *this;
}
LevelTable::LevelTable(LevelTable&&) noexcept = default;
LevelTable& LevelTable::operator=(LevelTable&&) noexcept = default;

uint32_t LevelTable::size() const { return impl_->size(); }
std::string_view LevelTable::label(uint32_t code) const { return impl_->label(code); }

std::vector<std::string> LevelTable::labels() const {
  std::vector<std::string> all;
  all.reserve(size());
  for (uint32_t code = 0; code < size(); ++code) all.emplace_back(label(code));
  return all;
}

uint32_t LevelTable::find(std::string_view label) const {
  return impl_->find(key_of(label), label);
}

uint32_t LevelTable::add(std::string_view label, std::string_view column) {
  return impl_->add(key_of(label), label, column);
}

uint32_t LevelTable::Impl::add(const LabelKey& key, std::string_view text,
                               std::string_view column) {
  const uint64_t slot = slot_of(key, text);
  if (slots[slot].code != kUnseenCode) return slots[slot].code;
  if (text.size() >= kNoLabel) {
    throw DataError("column \"" + std::string(column) + "\" holds a text of " +
                    std::to_string(text.size()) + " bytes; a level takes at most 4,294,967,294");
  }
  const uint32_t code = size();
  check_level_count(uint64_t{code} + 1, column);
  bytes.insert(bytes.end(), text.begin(), text.end());
  starts.push_back(bytes.size());
  slots[slot] = {key, code};
  const uint64_t room = code < kSparseLabels ? 8 : 2;
  if (room * starts.size() > slots.size()) grow();
  return code;
}

void LevelTable::Impl::grow() {
  std::vector<Slot> larger(4 * slots.size());
  const uint64_t larger_mask = larger.size() - 1;
  for (const Slot& old : slots) {
    if (old.code == kUnseenCode) continue;
    uint64_t at = hash_of(old.key) & larger_mask;
    while (larger[at].code != kUnseenCode) at = (at + 1) & larger_mask;
    larger[at] = old;
  }
  slots = std::move(larger);
}

std::vector<uint32_t> sorted_order(const std::vector<std::string>& labels) {
  std::vector<uint32_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0u);
  if (!std::all_of(labels.begin(), labels.end(), is_integer)) {
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return labels[a] < labels[b]; });
    return order;
  }
  std::vector<IntegerLabel> integers;
  integers.reserve(labels.size());
  for (const std::string& label : labels) integers.push_back(parse_integer(label));
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const int by_value = compare_integers(integers[a], integers[b]);
    return by_value != 0 ? by_value < 0 : labels[a] < labels[b];  // "7" and "07": by bytes
  });
  return order;
}

}  // namespace insitu
