#include "levels.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "errors.hpp"
#include "testing/arrow_builder.hpp"
#include "utf8.hpp"

namespace insitu {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the builders

using Labels = std::vector<std::string>;
using Codes = std::vector<uint32_t>;

Codes encode_all(LevelEncoder& encoder, const Column& column) {
  Codes codes(column.rows(), 12345);
  encoder.encode(column, 0, codes.size(), codes.data());
  return codes;
}

// Labels of every row of an open encoding; null as "<null>".
Labels read_labels(const ArrowColumn& column, LevelTable& levels, bool open = true) {
  ArrowTable table;
  table.add("x", column);
  LevelEncoder encoder(levels, open);
  Labels labels;
  for (const uint32_t code : encode_all(encoder, table.chunk().column(0))) {
    if (code == kMissingCode) {
      labels.emplace_back("<null>");
    } else if (code == kUnseenCode) {
      labels.emplace_back("<unseen>");
    } else {
      labels.emplace_back(levels.label(code));
    }
  }
  return labels;
}

// Reads back each label; whole and in every slice.
void expect_labels(const ArrowColumn& column, const Labels& expected) {
  LevelTable levels;
  EXPECT_EQ(read_labels(column, levels), expected) << column.format;
  const auto rows = static_cast<int64_t>(expected.size());
  for (int64_t first = 0; first <= rows; ++first) {
    LevelTable own;
    EXPECT_EQ(read_labels(sliced(column, first, rows - first), own),
              Labels(expected.begin() + first, expected.end()));
    LevelTable shorter;
    EXPECT_EQ(read_labels(sliced(column, 0, first), shorter),
              Labels(expected.begin(), expected.begin() + first));
  }
}

const Texts kTexts = {"a",
                      "",
                      "seven77",
                      "eight888",
                      "nine99999",
                      "twelve_bytes",
                      std::nullopt,
                      "thirteen_byte",
                      "exactly_16_bytes",
                      "exactly_17_bytes!",
                      "a",
                      std::nullopt,
                      "a label of far more than thirty-two bytes, for the long way",
                      "a label of far more than thirty-two bytes, for the long way!",
                      "Zürich",
                      "東京",
                      "🙂",
                      "exactly_16_byteS",
                      "exactly_17_bytes?",
                      "nine99999"};

Labels labels_of(const Texts& texts) {
  Labels labels;
  for (const auto& text : texts) labels.push_back(text.value_or("<null>"));
  return labels;
}

TEST(LevelEncoder, TextOfEveryLengthInEveryLayout) {
  const Labels expected = labels_of(kTexts);
  expect_labels(text(kTexts), expected);
  expect_labels(large_text(kTexts), expected);
  expect_labels(text_views(kTexts), expected);
  Optionals<int16_t> codes;
  for (size_t i = 0; i < kTexts.size(); ++i) codes.push_back(static_cast<int16_t>(i));
  codes[3] = std::nullopt;
  Labels through = expected;
  through[3] = "<null>";
  for (const ArrowColumn& values : {text(kTexts), large_text(kTexts), text_views(kTexts)}) {
    expect_labels(dictionary(numbers<int16_t>(codes), values), through);
  }
}

TEST(LevelEncoder, LabelsThatDifferInOneByteOrOneZeroAreDistinct) {
  LevelTable levels;
  Texts texts;
  for (size_t size = 0; size < 40; ++size) {
    texts.emplace_back(std::string(size, '\0'));
    for (size_t at = 0; at < size; ++at) {
      std::string one(size, 'x');
      one[at] = 'y';
      texts.emplace_back(one);
    }
  }
  EXPECT_EQ(read_labels(text(texts), levels), labels_of(texts));
  EXPECT_EQ(levels.size(), texts.size());
}

TEST(LevelEncoder, BooleansAndDictionariesOfThem) {
  expect_labels(booleans({true, std::nullopt, false, true}), {"True", "<null>", "False", "True"});
  expect_labels(dictionary(plain<uint8_t>({1, 0, 2}), booleans({true, std::nullopt, false})),
                {"<null>", "True", "False"});
  LevelTable levels;
  read_labels(booleans({true, true}), levels);
  EXPECT_EQ(levels.labels(), Labels{"True"});  // only labels of the rows read
}

TEST(LevelEncoder, IntegersByTheirDigits) {
  expect_labels(numbers<int8_t>({-128, std::nullopt, 7, -128}), {"-128", "<null>", "7", "-128"});
  expect_labels(plain<int64_t>({INT64_MIN, INT64_MAX, 0}),
                {"-9223372036854775808", "9223372036854775807", "0"});
  expect_labels(plain<uint64_t>({UINT64_MAX, 1}), {"18446744073709551615", "1"});
  expect_labels(dictionary(plain<int8_t>({1, 0}), plain<int32_t>({100000, -3})), {"-3", "100000"});
}

TEST(LevelEncoder, FloatsByShortestDigitsAndWholeOnesAsIntegers) {
  expect_labels(numbers<double>({3.0, std::nullopt, 0.1, 100000.0, -0.0, 1e15, 2.5, -7.0, 1e22}),
                {"3", "<null>", "0.1", "100000", "0", "1000000000000000", "2.5", "-7", "1e+22"});
  expect_labels(plain<double>({std::nan(""), 1.0}), {"<null>", "1"});
  expect_labels(plain<float>({0.1f, 3.0f}), {"0.1", "3"});
  expect_labels(plain<uint16_t>({0x3C00, 0x3800}, "e"), {"1", "0.5"});
  expect_labels(decimals({150, 200}, 10, 2), {"1.5", "2"});
  LevelTable levels;
  EXPECT_THROW(read_labels(plain<double>({INFINITY}), levels), DataError);
}

TEST(LevelEncoder, TheSameNumberHasOneCodeInEveryType) {
  LevelTable levels;
  for (const ArrowColumn& column :
       {plain<int8_t>({5}), plain<uint64_t>({5}), plain<double>({5}), plain<float>({5}),
        text({"5"}), dictionary(plain<int8_t>({0}), text_views({"5"}))}) {
    EXPECT_EQ(read_labels(column, levels), Labels{"5"});
  }
  EXPECT_EQ(levels.size(), 1u);
}

TEST(LevelEncoder, NullColumnsAreMissingAndDatesAreRefused) {
  expect_labels(nulls(3), {"<null>", "<null>", "<null>"});
  LevelTable levels;
  EXPECT_THROW(read_labels(plain<int32_t>({0}, "tdD"), levels), DataError);
  EXPECT_THROW(read_labels(plain<int64_t>({0}, "tss:"), levels), DataError);
}

TEST(LevelEncoder, FrozenTablesDoNotGrow) {
  for (const auto& layout : {text, large_text, text_views}) {
    LevelTable levels({"b", "a"});
    EXPECT_EQ(read_labels(layout({"a", "c", std::nullopt, "b", "\xFF"}), levels, false),
              (Labels{"a", "<unseen>", "<null>", "b", "<unseen>"}));
    EXPECT_EQ(levels.labels(), (Labels{"b", "a"}));
  }
  LevelTable levels({"2", "True"});
  EXPECT_EQ(read_labels(plain<int32_t>({1, 2, 1}), levels, false),
            (Labels{"<unseen>", "2", "<unseen>"}));
  EXPECT_EQ(read_labels(booleans({true, false}), levels, false), (Labels{"True", "<unseen>"}));
  EXPECT_EQ(read_labels(dictionary(plain<int32_t>({1, 0, 1}), text({"2", "x"})), levels, false),
            (Labels{"<unseen>", "2", "<unseen>"}));
  EXPECT_EQ(levels.size(), 2u);
}

TEST(LevelEncoder, OnlyLabelsOfTheRowsReadAreAdded) {
  ArrowTable table;
  table.add("d", dictionary(plain<int32_t>({3, 1, 3, 0}), text({"a", "b", "c", "d"})));
  table.add("t", text({"p", "q", "r", "s"}));
  LevelTable levels;
  LevelEncoder encoder(levels, true);
  Codes codes(2);
  encoder.encode(table.chunk().column(0), 1, 2, codes.data());
  encoder.encode(table.chunk().column(1), 1, 2, codes.data());
  EXPECT_EQ(levels.labels(), (Labels{"b", "d", "q", "r"}));
}

// Any cut into pieces, by any type of column, gives the same labels for the same rows and the same
// codes.
TEST(LevelEncoder, CutsDoNotMatter) {
  std::mt19937 random(11);
  Texts texts;
  Optionals<int32_t> indices;
  Texts pool;
  for (int i = 0; i < 300; ++i) {
    pool.emplace_back(std::string(static_cast<size_t>(i) % 23, 'q') + std::to_string(i));
  }
  for (int i = 0; i < 5000; ++i) {
    const auto pick = static_cast<int32_t>(random() % pool.size());
    const bool missing = random() % 10 == 0;
    texts.push_back(missing ? std::nullopt : pool[static_cast<size_t>(pick)]);
    indices.push_back(missing ? std::nullopt : std::optional<int32_t>(pick));
  }
  LevelTable whole;
  const Labels expected = read_labels(text(texts), whole);
  ASSERT_EQ(expected, labels_of(texts));
  for (const ArrowColumn& column : {text(texts), large_text(texts), text_views(texts),
                                    dictionary(numbers<int32_t>(indices), text_views(pool))}) {
    ArrowTable table;
    table.add("x", column);
    Column cut("x", ColumnKind::kFactor);
    std::deque<ArrowTable> pieces;
    for (int64_t first = 0; first < 5000;) {
      const int64_t count = std::min<int64_t>(5000 - first, static_cast<int64_t>(random() % 700));
      const Chunk& piece = pieces.emplace_back(table.sliced(first, count)).chunk();
      for (const Segment& segment : piece.column(0).segments()) cut.append(segment);
      first += count;
    }
    ASSERT_EQ(cut.rows(), 5000u);
    LevelTable levels;
    LevelEncoder encoder(levels, true);
    Codes codes(5000);
    for (size_t first = 0; first < 5000;) {
      const size_t count = std::min<size_t>(5000 - first, random() % 900);
      encoder.encode(cut, first, count, codes.data() + first);
      first += count;
    }
    EXPECT_EQ(levels.labels(), whole.labels()) << column.format;
    for (size_t i = 0; i < 5000; ++i) {
      ASSERT_EQ(codes[i] == kMissingCode ? "<null>" : levels.label(codes[i]), expected[i]) << i;
    }
    LevelEncoder frozen(levels, false);
    EXPECT_EQ(encode_all(frozen, cut), codes);
  }
}

// Appended, not added: g++ 12 warns falsely (-Wrestrict) about "a" + std::to_string(…).
std::string numbered(char letter, int number) {
  return std::string(1, letter).append(std::to_string(number));
}

// Dictionaries that differ from batch to batch, in one encoder.
TEST(LevelEncoder, EachDictionaryHasItsOwnTranslation) {
  std::deque<ArrowTable> tables;
  Column column("d", ColumnKind::kFactor);
  Labels expected;
  for (int i = 0; i < 600; ++i) {
    ArrowTable& table = tables.emplace_back();
    const std::string a = numbered('a', i % 7);
    const std::string b = numbered('b', i % 5);
    table.add("d", dictionary(plain<int8_t>({1, 0}), text({a, b})));
    expected.insert(expected.end(), {b, a});
    column.append(table.chunk().column(0).segments()[0]);
  }
  LevelTable levels;
  LevelEncoder encoder(levels, true);
  const Codes codes = encode_all(encoder, column);
  for (size_t i = 0; i < codes.size(); ++i) ASSERT_EQ(levels.label(codes[i]), expected[i]);
  EXPECT_EQ(levels.size(), 12u);
}

template <class E>
void expect_says(ArrowColumn column, const std::string& part) {
  LevelTable levels;
  try {
    read_labels(column, levels);
    ADD_FAILURE() << "no error: " << part;
  } catch (const E& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(LevelEncoder, HostileBuffersAreDataErrors) {
  const auto spoiled = [](ArrowColumn column, size_t buffer, auto values) {
    column.buffers[buffer] = buffer_of(values);
    return column;
  };
  const ArrowColumn good = text({"aa", "bb", "cc"});
  using Offsets = std::vector<int32_t>;
  expect_says<DataError>(spoiled(good, 1, Offsets{0, 4, 2, 6}),
                         "row 1 of its batch: the text offsets 4 and 2");
  expect_says<DataError>(spoiled(good, 1, Offsets{0, 900, 901, 6}),
                         "row 0 of its batch: the text offsets 0 and 900");
  expect_says<DataError>(spoiled(good, 1, Offsets{0, 5, -3, 6}), "row 1 of its batch");
  expect_says<DataError>(spoiled(good, 1, Offsets{-2, 2, 4, 6}), "run from -2 to 6");
  expect_says<DataError>(spoiled(good, 1, Offsets{6, 2, 4, 0}), "run from 6 to 0");
  expect_says<DataError>(sliced(spoiled(good, 1, Offsets{4, 6, 2, 6}), 0, 3), "row 1 of its batch");
  ArrowColumn no_bytes = good;
  no_bytes.buffers[2] = nullptr;
  expect_says<DataError>(no_bytes, "the text has 6 bytes but no buffer");
  ArrowColumn null_first = text({std::nullopt, "b", "c"});
  expect_says<DataError>(spoiled(null_first, 1, Offsets{2, 1, 5, 6}), "row 1 of its batch");

  const std::string long_text = "longer than twelve";
  const ArrowColumn view = text_views({long_text});
  using View = std::vector<int32_t>;
  expect_says<DataError>(spoiled(view, 1, View{18, 0, 5, 0}), "buffer 5 of 2");
  expect_says<DataError>(spoiled(view, 1, View{18, 0, 2, 0}), "buffer 2 of 2");
  expect_says<DataError>(spoiled(view, 1, View{18, 0, -1, 0}), "buffer -1 of 2");
  expect_says<DataError>(spoiled(view, 1, View{18, 0, 0, 1}), "bytes 1 … 19 of a buffer of 18");
  expect_says<DataError>(spoiled(view, 1, View{18, 0, 0, -1}), "bytes -1 … 17");
  expect_says<DataError>(spoiled(view, 1, View{INT32_MAX, 0, 0, INT32_MAX}), "of a buffer of 18");
  expect_says<DataError>(spoiled(view, 1, View{-18, 0, 0, 0}), "size -18");

  expect_says<DataError>(dictionary(plain<int8_t>({0, 2}), text({"a", "b"})),
                         "index 2 is outside 0 … 2");
  expect_says<DataError>(dictionary(plain<int64_t>({-1}), text({"a", "b"})), "index -1 is outside");
  expect_says<DataError>(dictionary(plain<uint64_t>({UINT64_MAX}), text({"a"})),
                         "index 18446744073709551615");
  expect_says<DataError>(dictionary(plain<int8_t>({0}), text({})), "index 0 is outside 0 … 0");
  LevelTable levels;
  EXPECT_EQ(
      read_labels(dictionary(numbers<int8_t>({0, std::nullopt}, "c", -1), text({"a"})), levels),
      (Labels{"a", "<null>"}));
}

TEST(LevelEncoder, ViewsWithJunkBehindTheirTextAreEqual) {
  ArrowColumn view = text_views({"ab", "ab"});
  (*view.buffers[1])[10] = 'z';
  LevelTable levels;
  EXPECT_EQ(read_labels(view, levels), (Labels{"ab", "ab"}));
  EXPECT_EQ(levels.size(), 1u);
}

TEST(LevelEncoder, TextMustBeUtf8AndTheRowIsNamed) {
  for (const auto& layout : {text, large_text, text_views}) {
    expect_says<DataError>(layout({"ok", "b\xC3", "c"}),
                           "column \"x\", row 1 of its batch: the text is not valid UTF-8");
  }
  // An encoder goes on after an error.
  ArrowTable table;
  table.add("d", dictionary(plain<int8_t>({0, 1}), text({"a", "\xFF"})));
  LevelTable levels;
  LevelEncoder encoder(levels, true);
  Codes codes(2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(encoder.encode(table.chunk().column(0), 0, 2, codes.data()), DataError);
  }
  EXPECT_EQ(levels.labels(), Labels{"a"});
}

TEST(LevelEncoder, MoreThanAMillionLabelsAreASpecErrorThatNamesTheColumn) {
  std::vector<int32_t> ids(kMaxLevels + 1);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i);
  expect_says<SpecError>(plain<int32_t>(ids),
                         "column \"x\" has more than 1,000,000 distinct labels, the limit of a "
                         "factor; use it as numeric, bin it, or drop it");
  ids.pop_back();
  LevelTable levels;
  EXPECT_EQ(read_labels(plain<int32_t>(ids), levels).back(), "999999");
}

TEST(LevelTable, GivenLevelsKeepTheirOrderAndRefuseRepeats) {
  const LevelTable levels({"Monday", "Tuesday", ""});
  EXPECT_EQ(levels.size(), 3u);
  EXPECT_EQ(levels.find("Tuesday"), 1u);
  EXPECT_EQ(levels.find(""), 2u);
  EXPECT_EQ(levels.find("monday"), kUnseenCode);
  EXPECT_THROW(LevelTable({"a", "b", "a"}), SpecError);
}

TEST(LevelTable, CopiesAreIndependent) {
  LevelTable first({"a"});
  LevelTable second = first;
  second.add("b", "x");
  EXPECT_EQ(first.size(), 1u);
  first = second;
  second.add("c", "x");
  EXPECT_EQ(first.labels(), (Labels{"a", "b"}));
  const LevelTable third = std::move(first);
  EXPECT_EQ(third.find("b"), 1u);
}

TEST(LevelTable, AgreesWithAMapOnRandomLabels) {
  std::mt19937_64 random(5);
  LevelTable levels;
  std::map<std::string, uint32_t> model;
  for (int i = 0; i < 200000; ++i) {
    std::string label(random() % 40, ' ');
    for (char& c : label) c = static_cast<char>('a' + random() % 2);
    if (label.size() > 6 && random() % 4 != 0) label.resize(6);
    const auto [known, is_new] = model.emplace(label, static_cast<uint32_t>(model.size()));
    ASSERT_EQ(levels.find(label), is_new ? kUnseenCode : known->second);
    ASSERT_EQ(levels.add(label, "x"), known->second);
  }
  for (const auto& [label, code] : model) ASSERT_EQ(levels.label(code), label);
}

TEST(SortedOrder, IntegersByValueOthersByBytes) {
  const auto sorted = [](const Labels& labels) {
    Labels result;
    for (const uint32_t code : sorted_order(labels)) result.push_back(labels[code]);
    return result;
  };
  EXPECT_EQ(sorted({"10", "9", "-1", "-10", "0"}), (Labels{"-10", "-1", "0", "9", "10"}));
  EXPECT_EQ(sorted({"10", "9", "x"}), (Labels{"10", "9", "x"}));
  EXPECT_EQ(sorted({"10", "9", "1.5"}), (Labels{"1.5", "10", "9"}));
  EXPECT_EQ(sorted({"10", "9", ""}), (Labels{"", "10", "9"}));
  EXPECT_EQ(sorted({"-", "1"}), (Labels{"-", "1"}));
  EXPECT_EQ(sorted({"7", "07", "007", "6"}), (Labels{"6", "007", "07", "7"}));
  EXPECT_EQ(sorted({"0", "-0", "-1"}), (Labels{"-1", "-0", "0"}));
  EXPECT_EQ(sorted({"123456789012345678901234567890", "99999999999999999999"}),
            (Labels{"99999999999999999999", "123456789012345678901234567890"}));
  EXPECT_EQ(sorted({"é", "z", "Z", "a"}), (Labels{"Z", "a", "z", "é"}));
  EXPECT_EQ(sorted({}), Labels{});
}

TEST(Utf8, WellFormedAsTheUnicodeTableSays) {
  for (const char* good : {"", "plain ascii of some length", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
                           "\xF4\x8F\xBF\xBF", "12345678\xC3\xA9"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x7F", "\xE0\x9F\xBF", "\xE0\xA0",
        "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
        "\xF0\x90\x80", "12345678\xC3", "1234567\xC3"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace insitu
