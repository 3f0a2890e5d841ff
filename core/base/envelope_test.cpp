#include "envelope.hpp"

#include <gtest/gtest.h>

#include "errors.hpp"

namespace insitu {
namespace {

std::string message_of(const std::string& bytes) {
  try {
    unseal(as_bytes(bytes), "state", "toy", 7);
  } catch (const StateError& error) {
    return error.what();
  }
  return "";
}

TEST(Envelope, ChecksumIsTheCatalogued) {
  // The check value of CRC-64/XZ in the catalogue of parametrised CRC algorithms.
  EXPECT_EQ(0x995DC9BBDF1939FAu, checksum64(as_bytes("123456789")));
  EXPECT_EQ(0u, checksum64({}));
}

TEST(Envelope, GivesBackWhatWasSealed) {
  const std::string bytes = seal("state", "toy", 7, "payload");
  const Envelope envelope = unseal(as_bytes(bytes), "state", "toy", 7);
  EXPECT_EQ("toy", envelope.name);
  EXPECT_EQ(7u, envelope.fingerprint);
  EXPECT_EQ("payload", as_text(envelope.payload));
  EXPECT_EQ("", as_text(unseal(as_bytes(seal("model", "", 0, "")), "model").payload));
}

TEST(Envelope, EveryPrefixFlipAndExtraByteIsAStateError) {
  const std::string bytes = seal("state", "toy", 7, "payload");
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

TEST(Envelope, EachFaultHasItsSentence) {
  const std::string bytes = seal("state", "toy", 7, "payload");
  const auto says = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_PRED2(says, message_of("PK\3\4 a zip file of some length that is not ours"),
               "are not a saved state of insitu");
  EXPECT_PRED2(says, message_of(""), "expected at least 8 bytes, got 0");
  EXPECT_PRED2(says, message_of(bytes.substr(0, 20)), "got 20: the bytes are cut short");
  EXPECT_PRED2(says, message_of(bytes + "xyz"), "something was appended");
  EXPECT_PRED2(says, message_of(seal("model", "toy", 7, "")),
               "expected a saved state, got a saved model");
  EXPECT_PRED2(says, message_of(seal("state", "top", 7, "")),
               "expected a state of 'toy', got one of 'top'");
  EXPECT_PRED2(says, message_of(seal("state", "toy", 8, "")),
               "expected fingerprint 0000000000000007, got 0000000000000008");
  std::string versioned = bytes;
  versioned[8] = 2;
  EXPECT_PRED2(says, message_of(versioned), "format version 2, this insitu reads version 1");
  std::string damaged = bytes;
  damaged[bytes.size() - 9] ^= 1;
  EXPECT_PRED2(says, message_of(damaged), "damaged after saving");
}

}  // namespace
}  // namespace insitu
