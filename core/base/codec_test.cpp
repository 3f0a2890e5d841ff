#include "codec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "compare.hpp"
#include "envelope.hpp"
#include "errors.hpp"

namespace insitu {
namespace {

struct Inner {
  std::string label;
  DoubleDouble sum;
  static void fields(auto& self, auto&& visit) {
    visit("label", FieldKind::kExact, self.label);
    visit("sum", FieldKind::kSum, self.sum);
  }
};

struct Every {
  bool flag = false;
  int32_t small = 0;
  uint32_t code = 0;
  int64_t wide = 0;
  uint64_t count = 0;
  double number = 0.0;
  std::vector<double> numbers;
  std::vector<std::vector<uint32_t>> lists;
  std::optional<std::string> maybe;
  std::map<std::string, Inner> named;
  std::vector<Inner> inners;
  std::array<double, 2> pair{};
  static void fields(auto& self, auto&& visit) {
    visit("flag", FieldKind::kExact, self.flag);
    visit("small", FieldKind::kExact, self.small);
    visit("code", FieldKind::kExact, self.code);
    visit("wide", FieldKind::kExact, self.wide);
    visit("count", FieldKind::kExact, self.count);
    visit("number", FieldKind::kExact, self.number);
    visit("numbers", FieldKind::kSum, self.numbers);
    visit("lists", FieldKind::kExact, self.lists);
    visit("maybe", FieldKind::kExact, self.maybe);
    visit("named", FieldKind::kSum, self.named);
    visit("inners", FieldKind::kSum, self.inners);
    visit("pair", FieldKind::kSum, self.pair);
  }
};

struct Nested {
  std::vector<Nested> children;
  static void fields(auto& self, auto&& visit) {
    visit("children", FieldKind::kExact, self.children);
  }
};

Every example() {
  Every e;
  e.flag = true;
  e.small = -7;
  e.code = 0xFFFFFFFEu;
  e.wide = std::numeric_limits<int64_t>::min();
  e.count = std::numeric_limits<uint64_t>::max();
  e.number = std::numeric_limits<double>::quiet_NaN();
  e.numbers = {1.5, -0.0, std::numeric_limits<double>::infinity()};
  e.lists = {{}, {1, 2}, {3}};
  e.maybe = "é";
  e.named = {{"a", {"A", {1.0, 0x1p-60}}}, {"b", {"", 2.0}}};
  e.inners = {{"x", 1e300}};
  e.pair = {0.1, 0.2};
  return e;
}

std::string message_of(const std::string& bytes) {
  try {
    decode<Every>(as_bytes(bytes));
  } catch (const StateError& error) {
    return error.what();
  }
  return "";
}

TEST(Codec, BytesOfASmallStruct) {
  const Inner inner{"ab", {1.0, 0.0}};
  std::string expected("\2\0\0\0\0\0\0\0ab\0\0\0\0\0\0\xF0\x3F\0\0\0\0\0\0\0\0", 26);
  EXPECT_EQ(expected, encode(inner));
  EXPECT_EQ(26u, encoded_size(inner));
}

TEST(Codec, EveryTypeComesBack) {
  const std::string bytes = encode(example());
  EXPECT_EQ(bytes.size(), encoded_size(example()));
  const auto back = decode<Every>(as_bytes(bytes));
  EXPECT_EQ(bytes, encode(back));
  EXPECT_EQ(0.0, distance(example(), back));
  EXPECT_EQ(std::numeric_limits<int64_t>::min(), back.wide);
  EXPECT_EQ(0x1p-60, back.named.at("a").sum.lo);
}

TEST(Codec, TruncatedAndExtendedBytesNameTheField) {
  const std::string bytes = encode(example());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE("", message_of(bytes.substr(0, size))) << size;
  EXPECT_EQ(
      "the field 'small' needs 4 bytes where 2 remain (at byte 1 of 3); the bytes are damaged or "
      "not of this type",
      message_of(bytes.substr(0, 3)));
  EXPECT_NE(std::string::npos, message_of(bytes + "xy").find("2 follow the last field"));
}

TEST(Codec, CountsAreCheckedBeforeAllocation) {
  std::string bytes = encode(std::vector<double>{1.0, 2.0});
  for (const uint64_t count : {uint64_t{3}, uint64_t{1} << 61, ~uint64_t{0}}) {
    std::memcpy(bytes.data(), &count, sizeof count);
    try {
      decode<std::vector<double>>(as_bytes(bytes));
      ADD_FAILURE() << count << " elements were accepted";
    } catch (const StateError& error) {
      const std::string announced = "announces " + std::to_string(count) + " elements";
      EXPECT_NE(std::string::npos, std::string(error.what()).find(announced)) << error.what();
    }
    EXPECT_THROW(decode<std::vector<Inner>>(as_bytes(bytes)), StateError) << count;
    EXPECT_THROW(decode<std::string>(as_bytes(bytes)), StateError) << count;
    EXPECT_THROW((decode<std::map<std::string, double>>(as_bytes(bytes))), StateError) << count;
  }
}

TEST(Codec, MapKeysMustAscend) {
  std::string bytes = encode(std::map<std::string, uint32_t>{{"a", 1}, {"b", 2}});
  bytes[bytes.size() - 5] = 'a';
  EXPECT_THROW((decode<std::map<std::string, uint32_t>>(as_bytes(bytes))), StateError);
}

TEST(Codec, BoolsAreZeroOrOne) { EXPECT_THROW(decode<bool>(as_bytes("\2")), StateError); }

TEST(Codec, NestingIsBounded) {
  std::string bytes;
  for (int depth = 0; depth < 100'000; ++depth) bytes.append("\1\0\0\0\0\0\0\0", 8);
  EXPECT_THROW(decode<Nested>(as_bytes(bytes)), StateError);
}

TEST(Compare, ExactFieldsAreEqualOrInfinitelyFar) {
  Every other = example();
  EXPECT_EQ(0.0, distance(example(), other));
  other.number = 1.0;
  EXPECT_EQ(std::numeric_limits<double>::infinity(), distance(example(), other));
  other = example();
  other.lists[1][0] = 9;
  EXPECT_EQ(std::numeric_limits<double>::infinity(), distance(example(), other));
}

TEST(Compare, SumsAreMeasuredInRoundings) {
  // A vector's scale is its largest magnitude: 4 here, so one ulp of 1.0 (2 x 2^-53) is half a
  // unit.
  const std::vector<double> a{1.0, 4.0};
  const std::vector<double> b{1.0 + 0x1p-52, 4.0};
  EXPECT_DOUBLE_EQ(0.5, distance(a, b));
  EXPECT_DOUBLE_EQ(1.0, distance(DoubleDouble{1.0, 0.0}, DoubleDouble{1.0, 0x1p-53}));
  EXPECT_EQ(0.0, distance(0.0, -0.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(0.0, distance(nan, nan));
  EXPECT_EQ(std::numeric_limits<double>::infinity(), distance(nan, 1.0));
  // An infinity in both says nothing of the others, nor does it set their scale.
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_DOUBLE_EQ(0x1p+52, distance(std::vector<double>{inf, 1.0}, std::vector<double>{inf, 2.0}));
}

TEST(Compare, DebugString) {
  EXPECT_EQ("{label: 'x', sum: 1+0}", debug_string(Inner{"x", 1.0}));
  EXPECT_EQ("[0, 0, 0, 0, 0, 0, 0, 0, … 500 in all]", debug_string(std::vector<double>(500)));
}

}  // namespace
}  // namespace insitu
