#include "stored_state.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "envelope.hpp"
#include "errors.hpp"

namespace insitu {
namespace {

constexpr std::string_view kSpec = R"({"analysis": "toy", "spec": {}})";

std::string saved() { return seal("state", "toy", 7, "sums"); }

std::string message_of(const std::string& bytes) {
  try {
    open_stored_state(as_bytes(bytes));
  } catch (const StateError& error) {
    return error.what();
  }
  return "";
}

// A right checksum around any content.
std::string around(std::string_view payload) { return seal("stored_state", "toy", 7, payload); }
std::string around(uint32_t length, std::string_view rest) {
  std::string payload(4, '\0');
  std::memcpy(payload.data(), &length, 4);
  return around(payload.append(rest));
}

TEST(StoredState, GivesBackWhatWasSealed) {
  const std::string bytes = seal_stored_state(kSpec, saved());
  const StoredState stored = open_stored_state(as_bytes(bytes));
  EXPECT_EQ("toy", stored.analysis);
  EXPECT_EQ(7u, stored.fingerprint);
  EXPECT_EQ(kSpec, stored.spec);
  EXPECT_EQ(saved(), stored.state);
  EXPECT_EQ(bytes.data(), as_text(as_bytes(bytes)).data());
  EXPECT_GE(stored.spec.data(), bytes.data());  // a view, not a copy
  EXPECT_LE(stored.state.data() + stored.state.size(), bytes.data() + bytes.size());
}

TEST(StoredState, LayoutIsAsDocumented) {
  const std::string bytes = seal_stored_state("{}", saved());
  const Envelope envelope = unseal(as_bytes(bytes), "stored_state", "toy", 7);
  EXPECT_EQ(std::string("\2\0\0\0{}", 6) + saved(), as_text(envelope.payload));
}

TEST(StoredState, EveryPrefixFlipAndExtraByteIsAStateError) {
  const std::string bytes = seal_stored_state(kSpec, saved());
  EXPECT_EQ("", message_of(bytes));
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_NE("", message_of(bytes.substr(0, i))) << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      EXPECT_NE("", message_of(flipped)) << i << "." << bit;
    }
  }
  EXPECT_NE("", message_of(bytes + "x"));
}

// The checksum is right in all of these: only what is inside is not.
TEST(StoredState, LengthsInsideAreChecked) {
  const std::string good = std::string(kSpec) + saved();
  EXPECT_EQ("", message_of(around(kSpec.size(), good)));
  for (size_t i = 0; i < good.size(); ++i)
    EXPECT_NE("", message_of(around(kSpec.size(), good.substr(0, i)))) << i;
  EXPECT_NE("", message_of(around(kSpec.size(), good + "x")));
  EXPECT_NE("", message_of(around(kSpec.size() - 1, good)));
  EXPECT_NE("", message_of(around(kSpec.size() + 1, good)));
  EXPECT_EQ(
      "the content of a stored state takes at least 4 bytes, got 3; it was written by "
      "something else",
      message_of(around("abc")));
  EXPECT_EQ(
      "the stored state promises a spec of 4294967295 bytes and holds 5; it was written by "
      "something else",
      message_of(around(0xFFFFFFFFu, "12345")));
  EXPECT_NE("", message_of(around(0, saved())));
}

TEST(StoredState, TheStateInsideIsOfTheAnalysisNamed) {
  const auto holding = [](const std::string& state) {
    return around(kSpec.size(), std::string(kSpec) + state);
  };
  EXPECT_EQ("", message_of(holding(saved())));
  EXPECT_EQ("expected a state of 'toy', got one of 'top'",
            message_of(holding(seal("state", "top", 7, "sums"))));
  EXPECT_NE(std::string::npos,
            message_of(holding(seal("state", "toy", 8, "sums"))).find("another spec"));
  EXPECT_EQ("expected a saved state, got a saved model",
            message_of(holding(seal("model", "toy", 7, "sums"))));
  EXPECT_NE("", message_of(saved()));
}

TEST(StoredState, OnlySavedStatesAreSealed) {
  EXPECT_THROW(seal_stored_state(kSpec, "sums"), StateError);
  EXPECT_THROW(seal_stored_state(kSpec, saved() + "x"), StateError);
  EXPECT_THROW(seal_stored_state("", saved()), SpecError);
}

}  // namespace
}  // namespace insitu
