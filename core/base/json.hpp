// JSON at the border: strict parsing, canonical text, numbers that are not finite, and specs read
// key by key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis.hpp"
#include "errors.hpp"

namespace insitu {

inline constexpr size_t kMaxJsonBytes = size_t{1} << 30;
inline constexpr int kMaxJsonDepth = 64;

// NaN becomes null, infinities "Infinity" and "-Infinity". -0 becomes 0: databases that store JSON
// lose its sign, and a spec must stay what it was.
Json number_to_json(double value);
// A count: an integer where it is whole; sums of weights need not be.
Json count_to_json(double count);
Json numbers_to_json(std::span<const double> values);
// The inverse; SpecError naming `what` for anything else.
double number_from_json(const Json& value, std::string_view what);
std::vector<double> numbers_from_json(const Json& value, std::string_view what);

// A whole number below `end`, and a list of them; SpecError naming `what` for anything else.
uint64_t index_from_json(const Json& value, std::string_view what, uint64_t end);
std::vector<size_t> indices_from_json(const Json& value, std::string_view what, size_t end);

// Strict: UTF-8, one value, no repeated keys, no comments, at most kMaxJsonBytes and kMaxJsonDepth.
// SpecError says what `what` is and where it is wrong.
Json parse_json(std::string_view text, std::string_view what);
// The same for bytes that we saved ourselves: StateError.
Json parse_saved_json(std::string_view text, std::string_view what);

// Keys sorted, no spaces, shortest numbers that read back the same: equal values give equal text.
std::string dump_json(const Json& value);

// Hash of a name and a canonical spec: what states are stamped with.
uint64_t spec_fingerprint(std::string_view name, const Json& spec);

// One object of a spec, read key by key. Each getter raises SpecError naming the key, what is
// expected and what came; a key with null counts as absent. Call finish() at the end: a key that
// nobody asked for is a SpecError with near names.
class SpecReader {
 public:
  SpecReader(const Json& spec, std::string what);  // SpecError unless an object; borrows `spec`

  const Json& required(std::string_view key);
  const Json* optional(std::string_view key);  // null if absent

  std::string text(std::string_view key);
  std::optional<std::string> text_or_none(std::string_view key);
  bool flag(std::string_view key, bool otherwise);
  double number(std::string_view key, double otherwise);
  uint64_t count(std::string_view key, uint64_t otherwise);  // a whole number >= 0
  std::optional<uint64_t> count_or_none(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  const Json& list(std::string_view key);
  std::string one_of(std::string_view key, std::initializer_list<std::string_view> choices,
                     std::string_view otherwise);
  void finish() const;

  [[noreturn]] void fail(std::string_view key, std::string_view expected, const Json& got) const;

 private:
  const Json& spec_;
  std::string what_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace insitu
