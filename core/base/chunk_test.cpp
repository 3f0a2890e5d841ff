#include "chunk.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "bitmap.hpp"
#include "errors.hpp"
#include "testing/arrow_builder.hpp"

namespace insitu {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the builders

const double kNaN = std::numeric_limits<double>::quiet_NaN();

// The column whole, sliced by the array's own offset, by the struct's offset, and cut into segments
// must read the same.
void expect_reads(const ArrowColumn& column, const std::vector<double>& expected) {
  const auto rows = static_cast<int64_t>(expected.size());
  const auto same = [&](const Column& read, int64_t first, int64_t count) {
    std::vector<double> out(static_cast<size_t>(count) + 1, -12345.0);
    read.read_doubles(0, static_cast<size_t>(count), out.data());
    for (int64_t i = 0; i < count; ++i) {
      const double want = expected[static_cast<size_t>(first + i)];
      const double got = out[static_cast<size_t>(i)];
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(got)) << column.format << " row " << first + i << ": " << got;
      } else {
        EXPECT_EQ(got, want) << column.format << " row " << first + i;
      }
    }
    EXPECT_EQ(out.back(), -12345.0);
  };
  for (int64_t first = 0; first <= rows; ++first) {
    for (const int64_t count : {rows - first, (rows - first) / 2}) {
      ArrowTable own;
      own.add("x", sliced(column, first, count));
      same(own.chunk().column(0), first, count);
      ArrowTable whole;
      whole.add("x", column);
      ArrowTable outer = whole.sliced(first, count);
      same(outer.chunk().column(0), first, count);
    }
  }
  ArrowTable whole;
  whole.add("x", column);
  Column cut("x", ColumnKind::kNumeric);
  std::deque<ArrowTable> pieces;
  for (int64_t first = 0; first < rows; first += 2) {
    const Chunk& piece =
        pieces.emplace_back(whole.sliced(first, std::min<int64_t>(2, rows - first))).chunk();
    for (const Segment& segment : piece.column(0).segments()) cut.append(segment);
  }
  same(cut, 0, rows);
}

template <class T>
void expect_limits() {
  const T low = std::numeric_limits<T>::lowest();
  const T high = std::numeric_limits<T>::max();
  expect_reads(numbers<T>({T{0}, low, std::nullopt, high, T{7}, std::nullopt, T{1}}),
               {0, static_cast<double>(low), kNaN, static_cast<double>(high), 7, kNaN, 1});
  expect_reads(plain<T>({low, T{5}, high}),
               {static_cast<double>(low), 5, static_cast<double>(high)});
}

TEST(ReadDoubles, EveryWidthOfIntegersAndFloats) {
  expect_limits<int8_t>();
  expect_limits<uint8_t>();
  expect_limits<int16_t>();
  expect_limits<uint16_t>();
  expect_limits<int32_t>();
  expect_limits<uint32_t>();
  expect_limits<int64_t>();
  expect_limits<uint64_t>();
  expect_limits<float>();
  expect_limits<double>();
  expect_reads(plain<double>({kNaN, INFINITY, -0.0}), {kNaN, INFINITY, -0.0});
}

// IEEE 754 binary16 from its definition, by ldexp.
double half_by_definition(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double value = 0;
  if (exponent == 31) {
    value = fraction == 0 ? INFINITY : kNaN;
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

TEST(ReadDoubles, AllHalfFloats) {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  ArrowTable table;
  table.add("x", plain<uint16_t>(all, "e"));
  std::vector<double> out(all.size());
  table.chunk().column(0).read_doubles(0, all.size(), out.data());
  for (size_t i = 0; i < all.size(); ++i) {
    const double want = half_by_definition(all[i]);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(out[i])) << i;
    } else {
      ASSERT_EQ(out[i], want) << i;
    }
  }
  expect_reads(numbers<uint16_t>({0x3C00, std::nullopt, 0xC000}, "e"), {1.0, kNaN, -2.0});
}

TEST(ReadDoubles, BooleansAreZeroAndOne) {
  expect_reads(
      booleans({true, std::nullopt, false, true, false, false, true, true, std::nullopt, true}),
      {1, kNaN, 0, 1, 0, 0, 1, 1, kNaN, 1});
}

TEST(ReadDoubles, DatesAreDaysAndTimestampsSeconds) {
  expect_reads(numbers<int32_t>({19000, std::nullopt, -1}, "tdD"), {19000, kNaN, -1});
  expect_reads(numbers<int64_t>({864000000, std::nullopt, -86400000}, "tdm"), {10, kNaN, -1});
  expect_reads(numbers<int64_t>({1700000000, std::nullopt}, "tss:UTC"), {1700000000, kNaN});
  expect_reads(numbers<int64_t>({1500, std::nullopt, -250}, "tsm:"), {1.5, kNaN, -0.25});
  expect_reads(plain<int64_t>({1700000000123456}, "tsu:"), {1700000000.123456});
  // Beyond 2^53 nanoseconds the count is split: dividing it as one double would round twice, here
  // to the wrong neighbour. The literals are the digits, rounded once.
  expect_reads(plain<int64_t>({1700000001000000000, -1700000001000000000, 1700000000144272509,
                               -1700000000144272509},
                              "tsn:"),
               {1700000001.0, -1700000001.0, 1700000000.144272509, -1700000000.144272509});
}

TEST(ReadDoubles, DecimalsAreCorrectlyRounded) {
  expect_reads(decimals({12345, std::nullopt, -1, 0}, 10, 2), {123.45, kNaN, -0.01, 0.0});
  // 9007199254740993 = 2^53 + 1 and its like: the literal is what a correctly rounding compiler
  // makes of the digits.
  expect_reads(decimals({9007199254740993, 9223372036854775807}, 38, 1),
               {900719925474099.3, 922337203685477580.7});
  expect_reads(decimals({7}, 10, -3), {7000.0});
  expect_reads(decimals({123}, 38, 30), {1.23e-28});
  // 2^127 - 1 and -2^127 at scale 5.
  ArrowColumn wide{"d:38,5", 2, 0, 0, {nullptr}, {}, {}};
  wide.buffers.push_back(buffer_of<int64_t>({-1, INT64_MAX, 0, INT64_MIN}));
  expect_reads(
      wide, {1701411834604692317316873037158841.05727, -1701411834604692317316873037158841.05728});
  expect_reads(numbers<int32_t>({150, std::nullopt}, "d:9,2,32"), {1.5, kNaN});
  expect_reads(numbers<int64_t>({-150, std::nullopt}, "d:18,2,64"), {-1.5, kNaN});
}

TEST(ReadDoubles, DictionariesOfNumbersWithNullsInBoth) {
  const ArrowColumn values = numbers<double>({10.5, std::nullopt, -3});
  expect_reads(dictionary(numbers<int8_t>({2, 0, std::nullopt, 1, 0}), values),
               {-3, 10.5, kNaN, kNaN, 10.5});
  expect_reads(dictionary(numbers<uint64_t>({2, 0, std::nullopt, 1, 0}), values),
               {-3, 10.5, kNaN, kNaN, 10.5});
  expect_reads(dictionary(plain<uint16_t>({1, 0}), sliced(plain<int32_t>({7, 8, 9}), 1, 2)),
               {9, 8});
  expect_reads(dictionary(plain<int32_t>({1, 0}), booleans({false, true})), {1, 0});
  // No values at all: every row must be null.
  expect_reads(dictionary(numbers<int8_t>({std::nullopt, std::nullopt}), plain<double>({})),
               {kNaN, kNaN});
  expect_reads(dictionary(plain<int8_t>({0, 0}), nulls(1)), {kNaN, kNaN});
}

TEST(ReadDoubles, NullColumnIsMissing) { expect_reads(nulls(5), {kNaN, kNaN, kNaN, kNaN, kNaN}); }

TEST(ReadDoubles, IndicesOutsideTheirDictionaryAreDataErrors) {
  const auto read = [](ArrowColumn indices) {
    ArrowTable table;
    table.add("d", dictionary(std::move(indices), plain<double>({1, 2})));
    std::array<double, 2> out{};
    table.chunk().column(0).read_doubles(0, 2, out.data());
  };
  EXPECT_THROW(read(plain<int8_t>({0, 2})), DataError);
  EXPECT_THROW(read(plain<int8_t>({0, -1})), DataError);
  EXPECT_THROW(read(plain<int64_t>({int64_t{1} << 32, 0})), DataError);
  EXPECT_THROW(read(plain<uint64_t>({0, UINT64_MAX})), DataError);
  EXPECT_NO_THROW(read(numbers<int8_t>({0, std::nullopt}, "c", -1)));
}

TEST(ReadDoubles, TextIsNotNumeric) {
  ArrowTable table;
  table.add("t", text({"a"})).add("d", dictionary(plain<int8_t>({0}), text_views({"a"})));
  double out = 0;
  EXPECT_THROW(table.chunk().column(0).read_doubles(0, 1, &out), DataError);
  EXPECT_THROW(table.chunk().column(1).read_doubles(0, 1, &out), DataError);
}

TEST(Column, RowsOutsideAreOurMistake) {
  ArrowTable table;
  table.add("x", plain<double>({1, 2}));
  double out[3];
  EXPECT_THROW(table.chunk().column(0).read_doubles(1, 2, out), InternalError);
  EXPECT_THROW(table.chunk().column(0).read_doubles(3, 0, out), InternalError);
  EXPECT_NO_THROW(table.chunk().column(0).read_doubles(2, 0, out));
}

TEST(Column, BorrowsOnlyContiguousDoublesWithoutNulls) {
  ArrowTable table;
  table.add("x", numbers<double>({1, 2, std::nullopt, 4, 5}))
      .add("i", plain<int64_t>({1, 2, 3, 4, 5}));
  const Column& x = table.chunk().column(0);
  const auto* values = static_cast<const double*>(x.segments()[0].values);
  EXPECT_EQ(x.borrow_doubles(0, 2), values);
  EXPECT_EQ(x.borrow_doubles(3, 2), values + 3);
  EXPECT_EQ(x.borrow_doubles(1, 2), nullptr);
  EXPECT_EQ(x.borrow_doubles(0, 0), nullptr);
  EXPECT_EQ(table.chunk().column(1).borrow_doubles(0, 1), nullptr);

  ArrowTable other;
  other.add("x", plain<double>({6, 7}));
  Column both("x", ColumnKind::kNumeric);
  both.append(table.chunk().column(0).segments()[0]);
  both.append(other.chunk().column(0).segments()[0]);
  EXPECT_EQ(both.rows(), 7u);
  EXPECT_EQ(both.borrow_doubles(4, 2), nullptr);  // over the seam
  ASSERT_NE(both.borrow_doubles(5, 2), nullptr);
  EXPECT_EQ(both.borrow_doubles(5, 2)[1], 7.0);
  std::array<double, 3> out{};
  both.read_doubles(3, 3, out.data());
  EXPECT_EQ(out, (std::array<double, 3>{4, 5, 6}));
  both.clear();
  EXPECT_EQ(both.rows(), 0u);
}

TEST(Column, AnyNullLooksAtTheRowsAskedForAndThroughDictionaries) {
  Optionals<double> values(200, 1.0);
  values[130] = std::nullopt;
  ArrowTable table;
  table.add("x", numbers<double>(values));
  Optionals<int8_t> codes(200, int8_t{0});
  codes[7] = int8_t{1};
  table.add("d", dictionary(numbers<int8_t>(codes), numbers<double>({3.0, std::nullopt})));
  table.add("n", nulls(200)).add("nan", plain<double>(std::vector<double>(200, kNaN)));
  const Chunk& chunk = table.chunk();
  EXPECT_FALSE(chunk.column(0).any_null(0, 130));
  EXPECT_TRUE(chunk.column(0).any_null(0, 131));
  EXPECT_TRUE(chunk.column(0).any_null(130, 1));
  EXPECT_FALSE(chunk.column(0).any_null(131, 69));
  EXPECT_FALSE(chunk.column(1).any_null(0, 7));
  EXPECT_TRUE(chunk.column(1).any_null(7, 1));
  EXPECT_TRUE(chunk.column(2).any_null(0, 1));
  EXPECT_FALSE(chunk.column(2).any_null(5, 0));
  EXPECT_FALSE(chunk.column(3).any_null(0, 200));
}

TEST(Chunk, FindsColumnsByName) {
  ArrowTable table;
  table.add("a", plain<double>({1})).add("b \"x\"", plain<double>({1}));
  EXPECT_EQ(table.chunk().find("b \"x\""), 1);
  EXPECT_EQ(table.chunk().find("c"), -1);
}

// Against one bit at a time, at every alignment.
TEST(Bitmap, WordsRunsAndNullsAgreeWithSingleBits) {
  std::mt19937 random(7);
  for (const int density : {0, 1, 50, 99, 100}) {
    std::vector<bool> bits(300);
    for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<int>(random() % 100) < density;
    const Buffer buffer = bitmap_of(bits);
    for (size_t begin = 0; begin < 70; ++begin) {
      for (const size_t n :
           {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{230}}) {
        std::vector<bool> seen(n, true);
        for_each_null(buffer->data(), begin, n, [&](size_t i) { seen[i] = false; });
        std::vector<bool> runs(n, false);
        for_each_valid_run(buffer->data(), begin, n, [&](size_t first, size_t count) {
          for (size_t i = first; i < first + count; ++i) runs[i] = true;
        });
        bool all = true;
        for (size_t i = 0; i < n; ++i) {
          ASSERT_EQ(seen[i], bits[begin + i]);
          ASSERT_EQ(runs[i], bits[begin + i]);
          all = all && bits[begin + i];
        }
        ASSERT_EQ(all_set(buffer->data(), begin, n), all);
      }
    }
  }
}

}  // namespace
}  // namespace insitu
