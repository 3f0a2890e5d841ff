#include "arrow_format.hpp"

#include <array>
#include <charconv>

#include "errors.hpp"

namespace insitu {
namespace {

struct SimpleFormat {
  std::string_view format;
  Physical type;
  ColumnKind kind = ColumnKind::kNumeric;
};

constexpr std::array<SimpleFormat, 18> kSimple = {{
    {"n", Physical::kNull},
    {"b", Physical::kBool, ColumnKind::kFactor},
    {"c", Physical::kInt8},
    {"C", Physical::kUint8},
    {"s", Physical::kInt16},
    {"S", Physical::kUint16},
    {"i", Physical::kInt32},
    {"I", Physical::kUint32},
    {"l", Physical::kInt64},
    {"L", Physical::kUint64},
    {"e", Physical::kHalf},
    {"f", Physical::kFloat},
    {"g", Physical::kDouble},
    {"u", Physical::kUtf8, ColumnKind::kFactor},
    {"U", Physical::kLargeUtf8, ColumnKind::kFactor},
    {"vu", Physical::kUtf8View, ColumnKind::kFactor},
    {"tdD", Physical::kDate32},
    {"tdm", Physical::kDate64},
}};

struct Unsupported {
  std::string_view prefix;
  std::string_view name;
  std::string_view advice;
};

// First match wins, so longer prefixes come first.
constexpr std::array<Unsupported, 17> kUnsupported = {{
    {"vz", "binary view", "cast it to text or drop it"},
    {"z", "binary", "cast it to text or drop it"},
    {"Z", "large binary", "cast it to text or drop it"},
    {"w:", "fixed-size binary", "cast it to text or drop it"},
    {"d:", "decimal of other than 32, 64 or 128 bits", "cast it to double or to decimal128"},
    {"tt", "time of day", "cast it to a number of seconds"},
    {"tD", "duration", "cast it to a number of seconds"},
    {"ti", "interval", "cast it to a number of days or seconds"},
    {"+s", "struct", "select its fields as columns of their own"},
    {"+l", "list", "unnest it or select one element"},
    {"+L", "large list", "unnest it or select one element"},
    {"+v", "list view", "unnest it or select one element"},
    {"+w", "fixed-size list", "select its elements as columns of their own"},
    {"+m", "map", "select its values as columns of their own"},
    {"+u", "union", "cast it to one type"},
    {"+r", "run-end encoded", "decode it to plain values"},
    {"", "unknown", "cast it to a number or to text"},
}};

std::string refusal_of(const std::string& name, std::string_view format, std::string_view where) {
  for (const Unsupported& one : kUnsupported) {
    if (!format.starts_with(one.prefix)) continue;
    return "column \"" + name + "\"" + std::string(where) + " is of type " + std::string(one.name) +
           " (Arrow format \"" + std::string(format) + "\"), which is not supported; " +
           std::string(one.advice);
  }
  return {};
}

bool parse_timestamp(std::string_view format, BatchColumn& column) {
  // "ts", one of s m u n, ":", time zone; values count from the epoch in UTC whatever the zone.
  if (format.size() < 4 || !format.starts_with("ts") || format[3] != ':') return false;
  switch (format[2]) {
    case 's':
      column.units_per_second = 1;
      break;
    case 'm':
      column.units_per_second = 1000;
      break;
    case 'u':
      column.units_per_second = 1000000;
      break;
    case 'n':
      column.units_per_second = 1000000000;
      break;
    default:
      return false;
  }
  column.type = Physical::kTimestamp;
  return true;
}

bool parse_decimal(std::string_view format, BatchColumn& column) {
  if (!format.starts_with("d:")) return false;
  std::array<int32_t, 3> numbers = {0, 0, 128};  // precision, scale, bits
  const char* at = format.data() + 2;
  const char* const end = format.data() + format.size();
  size_t count = 0;
  for (; count < numbers.size(); ++count) {
    const auto [next, error] = std::from_chars(at, end, numbers[count]);
    if (error != std::errc()) return false;
    at = next;
    if (at == end || *at != ',') break;
    ++at;
  }
  const bool complete = at == end && count >= 1 && count < numbers.size();
  if (!complete || numbers[1] < -1000 || numbers[1] > 1000) return false;
  switch (numbers[2]) {
    case 32:
      column.type = Physical::kDecimal32;
      break;
    case 64:
      column.type = Physical::kDecimal64;
      break;
    case 128:
      column.type = Physical::kDecimal128;
      break;
    default:
      return false;
  }
  column.decimal_scale = numbers[1];
  return true;
}

// Fills type and kind; false if the format is not supported.
bool parse_plain(std::string_view format, BatchColumn& column) {
  for (const SimpleFormat& one : kSimple) {
    if (format != one.format) continue;
    column.type = one.type;
    column.kind = one.kind;
    return true;
  }
  return parse_timestamp(format, column) || parse_decimal(format, column);
}

bool is_integer(Physical type) { return type >= Physical::kInt8 && type <= Physical::kUint64; }

void parse_dictionary(const ArrowSchema& schema, BatchColumn& column) {
  if (!is_integer(column.type)) {
    throw DataError("column \"" + column.name +
                    "\" is a dictionary with indices of Arrow format \"" + schema.format +
                    "\"; indices must be integers");
  }
  const ArrowSchema& values = *schema.dictionary;
  auto dictionary = std::make_shared<BatchColumn>();
  if (values.format == nullptr) {
    throw DataError("column \"" + column.name + "\": its dictionary has no Arrow format");
  }
  column.index_type = column.type;
  column.type = Physical::kDictionary;
  column.ordered = (schema.flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0;
  if (values.dictionary != nullptr) {
    column.refusal = "column \"" + column.name +
                     "\" is a dictionary of a dictionary, which is not supported; decode it once";
    return;
  }
  if (!parse_plain(values.format, *dictionary)) {
    column.refusal = refusal_of(column.name, values.format, " (a dictionary)");
  }
  column.kind = dictionary->kind;
  column.dictionary = std::move(dictionary);
}

}  // namespace

BatchColumn parse_column(const ArrowSchema& schema) {
  BatchColumn column;
  column.name = schema.name == nullptr ? "" : schema.name;
  if (schema.format == nullptr) {
    throw DataError("column \"" + column.name + "\" has no Arrow format");
  }
  if (!parse_plain(schema.format, column)) {
    column.refusal = refusal_of(column.name, schema.format, "");
  }
  if (schema.dictionary != nullptr) parse_dictionary(schema, column);
  return column;
}

}  // namespace insitu
