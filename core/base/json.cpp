#include "json.hpp"

#include <cmath>
#include <limits>

#include "envelope.hpp"
#include "names.hpp"

namespace insitu {

namespace {

// The start of a value as it is shown in an error.
std::string excerpt(const Json& value) {
  constexpr size_t kLongest = 60;
  if (value.is_object()) return "an object of " + std::to_string(value.size()) + " keys";
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kLongest) return text;
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// What nlohmann's parser lets pass and we do not: deep nesting and repeated keys.
class StrictWatch {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
      if (depth >= kMaxJsonDepth) {
        throw SpecError("is nested more than " + std::to_string(kMaxJsonDepth) + " levels deep");
      }
    }
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) throw SpecError("has the key '" + key + "' twice");
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;
};

// "… parse error at line 1, column 5: syntax error …" without the library's own prefix.
std::string parser_sentence(const Json::exception& error) {
  std::string text = error.what();
  if (const size_t end = text.find("] "); end != std::string::npos) text.erase(0, end + 2);
  return text;
}

template <class ErrorType>
Json parse(std::string_view text, std::string_view what) {
  const std::string begin = "the " + std::string(what) + " ";
  if (text.size() > kMaxJsonBytes) {
    throw ErrorType(begin + "has " + std::to_string(text.size()) + " bytes, at most " +
                    std::to_string(kMaxJsonBytes) + " are read");
  }
  try {
    StrictWatch watch;
    return Json::parse(text.begin(), text.end(),
                       [&](int depth, Json::parse_event_t event, Json& parsed) {
                         return watch(depth, event, parsed);
                       });
  } catch (const SpecError& error) {
    throw ErrorType(begin + error.what());
  } catch (const Json::exception& error) {
    throw ErrorType(begin + "is not JSON: " + parser_sentence(error));
  }
}

}  // namespace

Json number_to_json(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value == 0.0 ? 0.0 : value;
}

Json count_to_json(double count) {
  const bool whole = std::fabs(count) < 0x1p53 && count == std::trunc(count);
  return whole ? Json(static_cast<int64_t>(count)) : number_to_json(count);
}

Json numbers_to_json(std::span<const double> values) {
  Json out = Json::array();
  out.get_ref<Json::array_t&>().reserve(values.size());
  for (const double value : values) out.push_back(number_to_json(value));
  return out;
}

double number_from_json(const Json& value, std::string_view what) {
  if (value.is_number()) return value.get<double>();
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw SpecError(std::string(what) + " must be a number, null or an infinity, got " +
                  excerpt(value));
}

std::vector<double> numbers_from_json(const Json& value, std::string_view what) {
  if (!value.is_array())
    throw SpecError(std::string(what) + " must be a list of numbers, got " + excerpt(value));
  std::vector<double> out;
  out.reserve(value.size());
  for (const Json& item : value) out.push_back(number_from_json(item, what));
  return out;
}

uint64_t index_from_json(const Json& value, std::string_view what, uint64_t end) {
  const bool natural =
      value.is_number_unsigned() || (value.is_number_integer() && value.get<int64_t>() >= 0);
  if (!natural || value.get<uint64_t>() >= end) {
    throw SpecError(std::string(what) + " must be a whole number below " + std::to_string(end) +
                    ", got " + excerpt(value));
  }
  return value.get<uint64_t>();
}

std::vector<size_t> indices_from_json(const Json& value, std::string_view what, size_t end) {
  if (!value.is_array())
    throw SpecError(std::string(what) + " must be a list of whole numbers, got " + excerpt(value));
  std::vector<size_t> out;
  out.reserve(value.size());
  for (const Json& item : value) out.push_back(index_from_json(item, what, end));
  return out;
}

Json parse_json(std::string_view text, std::string_view what) {
  return parse<SpecError>(text, what);
}
Json parse_saved_json(std::string_view text, std::string_view what) {
  return parse<StateError>(text, what);
}

std::string dump_json(const Json& value) {
  try {
    return value.dump();
  } catch (const Json::exception&) {
    throw SpecError("a text is not valid UTF-8; re-encode it");
  }
}

uint64_t spec_fingerprint(std::string_view name, const Json& spec) {
  std::string text(name);
  text += '\0';
  text += dump_json(spec);
  return checksum64(as_bytes(text));
}

SpecReader::SpecReader(const Json& spec, std::string what) : spec_(spec), what_(std::move(what)) {
  if (!spec.is_object())
    throw SpecError("the " + what_ + " must be an object, got " + excerpt(spec));
}

void SpecReader::fail(std::string_view key, std::string_view expected, const Json& got) const {
  throw SpecError("'" + std::string(key) + "' of the " + what_ + " must be " +
                  std::string(expected) + ", got " + excerpt(got));
}

const Json* SpecReader::optional(std::string_view key) {
  known_.emplace(key);
  const auto found = spec_.find(key);
  return found == spec_.end() || found->is_null() ? nullptr : &*found;
}

const Json& SpecReader::required(std::string_view key) {
  if (const Json* value = optional(key)) return *value;
  throw SpecError("the " + what_ + " needs '" + std::string(key) + "'");
}

std::string SpecReader::text(std::string_view key) {
  const Json& value = required(key);
  if (!value.is_string()) fail(key, "a text", value);
  return value.get<std::string>();
}

std::optional<std::string> SpecReader::text_or_none(std::string_view key) {
  if (optional(key) == nullptr) return std::nullopt;
  return text(key);
}

bool SpecReader::flag(std::string_view key, bool otherwise) {
  const Json* value = optional(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail(key, "true or false", *value);
  return value->get<bool>();
}

double SpecReader::number(std::string_view key, double otherwise) {
  const Json* value = optional(key);
  if (value == nullptr) return otherwise;
  if (!value->is_number()) fail(key, "a number", *value);
  return value->get<double>();
}

uint64_t SpecReader::count(std::string_view key, uint64_t otherwise) {
  const Json* value = optional(key);
  if (value == nullptr) return otherwise;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  // A host may write 10 as 10.0.
  const double number = value->is_number() ? value->get<double>() : -1.0;
  if (!(number >= 0.0 && number < 0x1p53 && number == std::floor(number))) {
    fail(key, "a whole number of at least 0", *value);
  }
  return static_cast<uint64_t>(number);
}

std::optional<uint64_t> SpecReader::count_or_none(std::string_view key) {
  if (optional(key) == nullptr) return std::nullopt;
  return count(key, 0);
}

std::vector<std::string> SpecReader::texts(std::string_view key) {
  std::vector<std::string> out;
  for (const Json& item : list(key)) {
    if (!item.is_string()) fail(key, "a list of texts", item);
    out.push_back(item.get<std::string>());
  }
  return out;
}

const Json& SpecReader::list(std::string_view key) {
  const Json& value = required(key);
  if (!value.is_array()) fail(key, "a list", value);
  return value;
}

std::string SpecReader::one_of(std::string_view key,
                               std::initializer_list<std::string_view> choices,
                               std::string_view otherwise) {
  const Json* value = optional(key);
  if (value == nullptr) return std::string(otherwise);
  std::string expected = "one of";
  for (const std::string_view choice : choices) {
    if (*value == choice) return std::string(choice);
    expected += (expected.size() > 6 ? ", '" : " '") + std::string(choice) + "'";
  }
  fail(key, expected, *value);
}

void SpecReader::finish() const {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& [key, value] : spec_.items()) {
    if (known_.contains(key)) continue;
    throw SpecError("the " + what_ + " has an unknown key '" + key + "'" +
                    did_you_mean(key, known));
  }
}

}  // namespace insitu
