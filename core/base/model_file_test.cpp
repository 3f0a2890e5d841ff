#include "model_file.hpp"

#include <gtest/gtest.h>

#include "envelope.hpp"

namespace insitu {
namespace {

// Keys out of order, a blank, and digits that a parser would write otherwise: kept to the byte.
constexpr std::string_view kModel = R"({"version": 1,"kind":"toy","x":[0.10,1e3,null,"é"]})";

std::string message_of(const std::string& bytes) {
  try {
    open_model(as_bytes(bytes));
  } catch (const StateError& error) {
    return error.what();
  }
  return "";
}

// A right checksum around any content.
std::string around(std::string_view content) { return seal("model", "toy", 0, content); }

TEST(ModelFile, GivesBackWhatWasSealed) {
  const std::string bytes = seal_model(kModel);
  EXPECT_EQ(R"({"format":"insitu-model","kind":"toy","model":)" + std::string(kModel) + "}",
            as_text(unseal(as_bytes(bytes), "model", "toy", 0).payload));
  EXPECT_EQ(Json::parse(kModel), open_model(as_bytes(bytes)));
}

TEST(ModelFile, EveryPrefixFlipAndExtraByteIsAStateError) {
  const std::string bytes = seal_model(kModel);
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

TEST(ModelFile, ContentIsCheckedBehindARightChecksum) {
  const auto says = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_PRED2(says, message_of(around("{")), "the content of the model is not JSON");
  EXPECT_PRED2(says, message_of(around("\xFF")), "not JSON");
  EXPECT_PRED2(says, message_of(around("[]")), "is not an object");
  EXPECT_PRED2(says, message_of(around("{}")), "has no 'format'");
  EXPECT_PRED2(says, message_of(around(std::string(100000, '['))), "nested more than");
  const std::string head = R"({"format":"insitu-model","kind":"toy")";
  EXPECT_PRED2(says, message_of(around(head + "}")), "has no 'model'");
  EXPECT_PRED2(says, message_of(around(head + R"(,"model":[]})")), "'model' in the content");
  EXPECT_PRED2(says, message_of(around(head + R"(,"model":{"kind":"top"}})")), "should be 'toy'");
  EXPECT_PRED2(says, message_of(around(head + R"(,"model":{"kind":"toy","version":2}})")),
               "version 2, and this insitu reads version 1");
  EXPECT_PRED2(says, message_of(around(head + R"(,"kind":"toy","model":{}})")), "twice");
  EXPECT_PRED2(says, message_of(around(R"({"format":"other","kind":"toy","model":{}})")),
               "'format'");
  EXPECT_EQ("", message_of(around(head + R"(,"call":"f","model":{"kind":"toy"}})")));
}

TEST(ModelFile, OnlyModelsAreSealed) {
  for (const char* text : {"", "[]", "{}", R"({"kind":3})", R"({"kind":""})", "{\"kind\":\"a\"",
                           "{\"kind\":\"\xFF\"}"}) {
    EXPECT_THROW(seal_model(text), SpecError) << text;
  }
  EXPECT_THROW(seal_model("{\"kind\":\"" + std::string(257, 'k') + "\"}"), SpecError);
}

}  // namespace
}  // namespace insitu
