#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "bitmap.hpp"
#include "errors.hpp"
#include "level_table.hpp"
#include "levels.hpp"
#include "segment_read.hpp"
#include "utf8.hpp"
#include "value_codes.hpp"

namespace insitu {
namespace {

constexpr size_t kBlock = 1024;           // rows whose codes stay in the first cache
constexpr size_t kMaxDictionaries = 256;  // beyond, the translations are forgotten

// Marks in a translation table; both below kUnseenCode and above every code.
constexpr uint32_t kUnassigned = 0xFFFFFFFCu;  // not met yet
constexpr uint32_t kBadIndex = 0xFFFFFFFDu;    // outside the dictionary
bool needs_work(uint32_t code) { return code - kUnassigned < 2; }

// Codes of one dictionary's values, filled in as rows need them, with kBadIndex behind the last.
struct Translation {
  uint64_t id = 0;
  const void* values = nullptr;
  const void* offsets = nullptr;
  uint64_t rows = 0;
  int64_t offset = 0;
  std::vector<uint32_t> codes;

  explicit Translation(const Segment& dictionary, uint64_t dictionary_id)
      : id(dictionary_id),
        values(dictionary.values),
        offsets(dictionary.offsets),
        rows(dictionary.rows),
        offset(dictionary.offset),
        codes(dictionary.rows + 1, kUnassigned) {
    codes.back() = kBadIndex;
  }
  bool is_of(const Segment& dictionary, uint64_t dictionary_id) const {
    if (rows != dictionary.rows || id != dictionary_id) return false;
    return id != 0 || (values == dictionary.values && offsets == dictionary.offsets &&
                       offset == dictionary.offset);
  }
};

[[noreturn]] void throw_not_factor(const Segment& s, Place place) {
  throw DataError("column \"" + std::string(place.column) + "\" holds values of type " +
                  std::string(type_name(s.type)) +
                  ", which cannot be levels; cast it to text or to an integer");
}

}  // namespace

struct LevelEncoder::Impl {
  LevelTable& table;
  bool open;
  std::array<uint32_t, 2> bool_codes = {kUnassigned, kUnassigned};
  std::vector<Translation> translations = {};
  ValueCodes signed_codes = {};
  ValueCodes unsigned_codes = {};
  ValueCodes double_codes = {};
  ValueCodes float_codes = {};

  LevelTable::Impl& levels() const { return *table.impl_; }

  // A label not met through the fast ways.
  uint32_t resolve(const LabelKey& key, std::string_view text, Place place) {
    const uint32_t code = levels().find(key, text);
    if (code != kUnseenCode || !open) return code;
    if (!is_utf8(text)) {
      throw DataError(describe(place) +
                      ": the text is not valid UTF-8; convert the column to UTF-8");
    }
    return levels().add(key, text, place.column);
  }
  uint32_t resolve(std::string_view text, Place place) {
    return resolve(key_of(text), text, place);
  }

  void encode(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place);
  template <class Offset>
  void encode_text(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place);
  void encode_views(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place);
  void encode_bools(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place);
  void encode_numbers(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place);
  template <class T>
  void encode_integers(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place);
  void encode_dictionary(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place);
  void translate_rest(const Segment& s, uint64_t row, size_t n, uint32_t* out, Place place,
                      Translation& translation);
  Translation& translation_of(const Segment& s);
};

// Offsets are checked against each other and the segment's ends as they are read; the bytes of a
// short label that is followed by 16 readable bytes are loaded at once.
template <class Offset>
void LevelEncoder::Impl::encode_text(const Segment& s, uint64_t row, size_t n, uint32_t* out,
                                     Place place) {
  const TextBounds bounds = text_bounds(s, place);
  const int64_t last_padded = bounds.last - int64_t{kInlineLabel};
  const char* bytes = static_cast<const char*>(s.values);
  const uint64_t first = position(s, row);
  const LevelTable::Impl& known = levels();
  for_each_valid_run(s.validity, first, n, [&](size_t begin, size_t count) {
    auto start = static_cast<int64_t>(load<Offset>(s.offsets, first + begin));
    if (start < bounds.first) text_at(s, row + begin, place.plus(begin));  // throws
    for (size_t i = begin; i < begin + count; ++i) {
      const auto end = static_cast<int64_t>(load<Offset>(s.offsets, first + i + 1));
      if (end < start || end > bounds.last) [[unlikely]] {
        text_at(s, row + i, place.plus(i));  // throws
      }
      const auto size = static_cast<size_t>(end - start);
      const std::string_view label(size == 0 ? "" : bytes + start, size);
      const LabelKey key = size <= kInlineLabel && start <= last_padded
                               ? short_key_padded(bytes + start, static_cast<uint32_t>(size))
                               : key_of(label);
      const uint32_t code = known.find(key, label);
      out[i] = code != kUnseenCode ? code : resolve(key, label, place.plus(i));
      start = end;
    }
  });
}

void LevelEncoder::Impl::encode_views(const Segment& s, uint64_t row, size_t n, uint32_t* out,
                                      Place place) {
  const char* views = static_cast<const char*>(s.values);
  const uint64_t first = position(s, row);
  const LevelTable::Impl& known = levels();
  for_each_valid_run(s.validity, first, n, [&](size_t begin, size_t count) {
    for (size_t i = begin; i < begin + count; ++i) {
      const char* view = views + 16 * (first + i);
      const auto size = load<uint32_t>(view, 0);
      std::string_view label(view + 4, size);
      LabelKey key;
      if (size <= 12) [[likely]] {
        key = {load<uint64_t>(view + 4, 0), load<uint32_t>(view + 12, 0), size};
        keep_bytes(key);
      } else {
        label = text_at(s, row + i, place.plus(i));
        key = key_of(label);
      }
      const uint32_t code = known.find(key, label);
      out[i] = code != kUnseenCode ? code : resolve(key, label, place.plus(i));
    }
  });
}

void LevelEncoder::Impl::encode_bools(const Segment& s, uint64_t row, size_t n, uint32_t* out,
                                      Place place) {
  const auto* bits = static_cast<const uint8_t*>(s.values);
  const uint64_t first = position(s, row);
  for_each_valid_run(s.validity, first, n, [&](size_t begin, size_t count) {
    for (size_t i = begin; i < begin + count; ++i) {
      const bool value = bit_at(bits, first + i);
      uint32_t& code = bool_codes[value ? 1 : 0];
      if (code == kUnassigned) code = resolve(value ? "True" : "False", place.plus(i));
      out[i] = code;
    }
  });
}

template <class T>
void LevelEncoder::Impl::encode_integers(const Segment& s, uint64_t row, size_t n, uint32_t* out,
                                         Place place) {
  ValueCodes& codes = std::is_signed_v<T> ? signed_codes : unsigned_codes;
  const uint64_t first = position(s, row);
  for_each_valid_run(s.validity, first, n, [&](size_t begin, size_t count) {
    for (size_t i = begin; i < begin + count; ++i) {
      const T value = load<T>(s.values, first + i);
      out[i] = codes.find_or_make(static_cast<uint64_t>(value), [&] {
        std::array<char, 24> text;
        const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
        return resolve({text.data(), static_cast<size_t>(end - text.data())}, place.plus(i));
      });
    }
  });
}

void LevelEncoder::Impl::encode_numbers(const Segment& s, uint64_t row, size_t n, uint32_t* out,
                                        Place place) {
  const bool narrow = s.type == Physical::kFloat || s.type == Physical::kHalf;
  ValueCodes& codes = narrow ? float_codes : double_codes;
  std::array<double, kBlock> values;
  for (size_t done = 0; done < n; done += kBlock) {
    const size_t count = std::min(kBlock, n - done);
    read_numbers(s, row + done, count, values.data(), place.plus(done));
    for (size_t i = 0; i < count; ++i) {
      const double value = values[i] + 0.0;  // -0 becomes 0
      if (std::isnan(value)) continue;
      out[done + i] = codes.find_or_make(std::bit_cast<uint64_t>(value), [&] {
        if (std::isinf(value)) {
          throw DataError(describe(place.plus(done + i)) +
                          ": an infinite value cannot be a level; make it missing");
        }
        return resolve(label_of(value, narrow).view(), place.plus(done + i));
      });
    }
  }
}

Translation& LevelEncoder::Impl::translation_of(const Segment& s) {
  for (Translation& known : translations) {
    if (known.is_of(*s.dictionary, s.dictionary_id)) return known;
  }
  if (translations.size() >= kMaxDictionaries) translations.clear();
  return translations.emplace_back(*s.dictionary, s.dictionary_id);
}

void LevelEncoder::Impl::encode_dictionary(const Segment& s, uint64_t row, size_t n, uint32_t* out,
                                           Place place) {
  if (s.dictionary->type == Physical::kDictionary) throw_not_factor(*s.dictionary, place);
  Translation& translation = translation_of(s);
  const uint32_t* codes = translation.codes.data();
  const auto size = static_cast<uint32_t>(s.dictionary->rows);
  const uint64_t first = position(s, row);
  for (size_t done = 0; done < n; done += kBlock) {
    const size_t count = std::min(kBlock, n - done);
    uint32_t* block = out + done;
    uint32_t seen = 0;  // marks have the top bit, codes do not
    with_integer(s.index_type, [&](auto type) {
      for (size_t i = 0; i < count; ++i) {
        const auto index = unsigned_index(load<decltype(type)>(s.values, first + done + i));
        const uint32_t code = codes[index < size ? static_cast<uint32_t>(index) : size];
        block[i] = code;
        seen |= code;
      }
    });
    if (s.validity != nullptr) {
      for_each_null(s.validity, first + done, count, [&](size_t i) { block[i] = kMissingCode; });
    }
    if (seen >= kUnassigned)
      translate_rest(s, row + done, count, block, place.plus(done), translation);
  }
}

// Rows whose dictionary value is met for the first time, in row order.
void LevelEncoder::Impl::translate_rest(const Segment& s, uint64_t row, size_t n, uint32_t* out,
                                        Place place, Translation& translation) {
  for (size_t i = 0; i < n; ++i) {
    if (!needs_work(out[i])) continue;
    if (out[i] == kBadIndex) throw_bad_index(s, row + i, place.plus(i));
    uint64_t index = 0;
    with_integer(s.index_type, [&](auto type) {
      index = unsigned_index(load<decltype(type)>(s.values, position(s, row + i)));
    });
    if (translation.codes[index] == kUnassigned) {
      uint32_t code = kMissingCode;
      encode(*s.dictionary, index, 1, &code, place.plus(i));
      translation.codes[index] = code;
    }
    out[i] = translation.codes[index];
  }
}

void LevelEncoder::Impl::encode(const Segment& s, uint64_t row, size_t n, uint32_t* out,
                                Place place) {
  if (s.type == Physical::kDictionary) return encode_dictionary(s, row, n, out, place);
  if (s.validity != nullptr || !is_text(s.type)) std::fill_n(out, n, kMissingCode);
  if (with_integer(s.type,
                   [&](auto type) { encode_integers<decltype(type)>(s, row, n, out, place); })) {
    return;
  }
  switch (s.type) {
    case Physical::kUtf8:
      return encode_text<int32_t>(s, row, n, out, place);
    case Physical::kLargeUtf8:
      return encode_text<int64_t>(s, row, n, out, place);
    case Physical::kUtf8View:
      return encode_views(s, row, n, out, place);
    case Physical::kBool:
      return encode_bools(s, row, n, out, place);
    case Physical::kHalf:
    case Physical::kFloat:
    case Physical::kDouble:
    case Physical::kDecimal32:
    case Physical::kDecimal64:
    case Physical::kDecimal128:
      return encode_numbers(s, row, n, out, place);
    case Physical::kNull:
      return;
    default:
      throw_not_factor(s, place);
  }
}

LevelEncoder::LevelEncoder(LevelTable& table, bool open)
    : impl_(std::make_unique<Impl>(Impl{table, open})) {}
LevelEncoder::~LevelEncoder() = default;
LevelEncoder::LevelEncoder(LevelEncoder&&) noexcept = default;

void LevelEncoder::encode(const Column& column, uint64_t begin, size_t n, uint32_t* out) {
  if (begin > column.rows() || n > column.rows() - begin) {
    throw InternalError("rows " + std::to_string(begin) + " … " + std::to_string(begin + n) +
                        " of column \"" + column.name() + "\", which has " +
                        std::to_string(column.rows()));
  }
  column.for_each_piece(
      begin, n, [&](const Segment& segment, uint64_t row, size_t count, size_t done) {
        impl_->encode(segment, row, count, out + done, Place{column.name(), begin + done});
      });
}

}  // namespace insitu
