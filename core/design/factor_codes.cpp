#include "design/factor_codes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string>
#include <unordered_map>

#include "base/errors.hpp"

namespace insitu {
namespace {

constexpr size_t kPiece = 2048;
constexpr double kMostExact = 0x1p53;
constexpr uint32_t kUnassigned = 0xFFFFFFFDu;

// Least and greatest floor of the finite values; false if there is none. DataError on an infinite
// value or one beyond 2^53.
bool floor_range(const DesignFactor& factor, const std::vector<double>& values, double* low,
                 double* high) {
  bool any = false;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    if (!(std::fabs(value) <= kMostExact)) {
      throw DataError(factor.label + ": column \"" + factor.column + "\" holds " +
                      std::to_string(value) + "; F() needs numbers within 2^53");
    }
    *low = any ? std::min(*low, std::floor(value)) : std::floor(value);
    *high = any ? std::max(*high, std::floor(value)) : std::floor(value);
    any = true;
  }
  return any;
}

// The shortest decimal that reads back the same. Beyond 2^53 whole numbers were rounded on the way.
std::string exact_label(const DesignFactor& factor, double value) {
  if (!(std::fabs(value) < kMostExact)) {
    std::ostringstream text;
    text << "column \"" << factor.column << "\" holds " << value
         << ", and as clusters numbers must lie within 2^53: make text of it by transforms";
    throw DataError(text.str());
  }
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value + 0.0).ptr;
  return {buffer.data(), end};
}

}  // namespace

FactorCodes::FactorCodes(const DesignFactor& factor, LevelTable& table, bool adopt)
    : factor_(factor),
      table_(table),
      encoder_(table, !factor.levels.has_value()),
      adopt_(adopt && !factor.from_number) {}

uint64_t FactorCodes::bind(const Chunk& chunk, size_t index) {
  const Column& column = chunk.column(index);
  column_ = index;
  adopted_ = adopt_ && dictionary_.adopt(column, table_, !factor_.levels.has_value());
  if (adopted_) return 0;
  codes_.resize(chunk.rows());
  if (factor_.from_number) {
    std::vector<double> values(chunk.rows());
    for (uint64_t begin = 0; begin < chunk.rows(); begin += kPiece) {
      const auto n = static_cast<size_t>(std::min<uint64_t>(kPiece, chunk.rows() - begin));
      column.read_doubles(begin, n, values.data() + begin);
    }
    factor_.exact ? encode_exact(values) : encode_number(values);
  } else {
    encoder_.encode(column, 0, chunk.rows(), codes_.data());
  }
  uint64_t unseen = 0;
  uint32_t greatest = 0;
  for (const uint32_t code : codes_) greatest = std::max(greatest, code);
  any_missing_ = greatest >= kUnseenCode;
  if (any_missing_) {
    for (const uint32_t code : codes_) unseen += code == kUnseenCode;
  }
  return unseen;
}

const uint32_t* FactorCodes::read(uint64_t begin, size_t n, bool& complete) {
  if (adopted_) {
    if (codes_.size() < n) codes_.resize(n);
    return dictionary_.read(begin, n, codes_.data(), complete);
  }
  const uint32_t* codes = codes_.data() + begin;
  if (any_missing_) {
    complete =
        complete && std::all_of(codes, codes + n, [](uint32_t code) { return code < kUnseenCode; });
  }
  return codes;
}

void FactorCodes::encode_exact(const std::vector<double>& values) {
  const bool open = !factor_.levels.has_value();
  std::unordered_map<double, uint32_t> code_of;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      codes_[i] = kMissingCode;
      continue;
    }
    const auto [known, added] = code_of.try_emplace(values[i], kUnassigned);
    if (added) {
      const std::string label = exact_label(factor_, values[i]);
      known->second = open ? table_.add(label, factor_.column) : table_.find(label);
    }
    codes_[i] = known->second;
  }
}

void FactorCodes::encode_number(const std::vector<double>& values) {
  double low = 0.0;
  double high = 0.0;
  if (!floor_range(factor_, values, &low, &high)) {
    std::fill(codes_.begin(), codes_.end(), kMissingCode);
    return;
  }
  if (high - low >= kMaxLevels) {
    throw SpecError(factor_.label + " would have " +
                    std::to_string(static_cast<int64_t>(high - low) + 1) + " levels; at most " +
                    std::to_string(kMaxLevels) + " are possible: bin the column, or give bounds");
  }
  const bool open = !factor_.levels.has_value();
  std::vector<uint32_t> code_of(static_cast<size_t>(high - low) + 1, kUnassigned);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      codes_[i] = kMissingCode;
      continue;
    }
    const double whole = std::floor(values[i]);
    uint32_t& code = code_of[static_cast<size_t>(whole - low)];
    if (code == kUnassigned) {
      const std::string label = std::to_string(static_cast<int64_t>(whole));
      code = open ? table_.add(label, factor_.column) : table_.find(label);
    }
    codes_[i] = code;
  }
}

}  // namespace insitu
