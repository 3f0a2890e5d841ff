// The border as a host meets it: the whole of it from plain C, and what it answers to mistakes.
#include "insitu/c_api.h"

#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <string>

#include "base/json.hpp"
#include "border.hpp"
#include "testing/arrow_builder.hpp"
#include "testing/tables.hpp"

extern "C" const char* insitu_c_drive(void);

namespace insitu {
namespace {

std::string message_of(const insitu_error& error) { return error.message; }

std::string taken(insitu_bytes& bytes) {
  std::string out(bytes.data, bytes.size);
  insitu_bytes_free(&bytes);
  return out;
}

constexpr std::string_view kFit =
    R"({"formula": "y ~ x", "columns": [{"name": "x", "kind": "numeric"}, {"name": "y", "kind": "numeric"}]})";

insitu_analysis* first_pass() {
  insitu_fit* fit = nullptr;
  insitu_analysis* pass = nullptr;
  insitu_error error;
  EXPECT_EQ(INSITU_OK, insitu_fit_make("linear", kFit.data(), kFit.size(), &fit, &error))
      << error.message;
  EXPECT_EQ(INSITU_OK, insitu_fit_next(fit, &pass, &error)) << error.message;
  insitu_fit_free(fit);
  return pass;
}

TEST(CApi, IsPlainCAndWorksFromIt) { EXPECT_STREQ(nullptr, insitu_c_drive()); }

TEST(CApi, ListsItsAlgorithms) {
  insitu_bytes json{};
  ASSERT_EQ(INSITU_OK, insitu_registry(&json, nullptr));
  const Json entries = Json::parse(taken(json));
  ASSERT_TRUE(entries.is_array());
  for (const Json& entry : entries) EXPECT_FALSE(entry.at("doc").get<std::string>().empty());
  EXPECT_NE(std::string::npos, entries.dump().find("\"grouped\""));
  EXPECT_NE(nullptr, insitu_version());
}

TEST(CApi, OffersNearNames) {
  insitu_analysis* made = reinterpret_cast<insitu_analysis*>(1);
  insitu_error error;
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_analysis_make("groupd", "{}", 2, &made, &error));
  EXPECT_EQ(nullptr, made);
  EXPECT_NE(std::string::npos, message_of(error).find("no analysis 'groupd'")) << error.message;
  EXPECT_NE(std::string::npos, message_of(error).find("did you mean 'grouped'?")) << error.message;
}

TEST(CApi, SaysWhatIsWrongWithASpec) {
  insitu_analysis* made = nullptr;
  insitu_error error;
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_analysis_make("tuple", "{", 1, &made, &error));
  EXPECT_NE(std::string::npos, message_of(error).find("the spec is not JSON")) << error.message;
  const std::string spec = R"({"parts": [{"name": "tuple", "spec": {"parts": []}}]})";
  EXPECT_EQ(INSITU_SPEC_ERROR,
            insitu_analysis_make("tuple", spec.data(), spec.size(), &made, &error));
  EXPECT_STREQ("a tuple needs at least one part, got 0", error.message);
  const std::string extra = R"({"key": "k", "analysis": {"name": "tuple", "spec": {}, "sepc": 1}})";
  EXPECT_EQ(INSITU_SPEC_ERROR,
            insitu_analysis_make("grouped", extra.data(), extra.size(), &made, &error));
  EXPECT_STREQ("the analysis of the groups has an unknown key 'sepc'; did you mean 'spec'?",
               error.message);
}

TEST(CApi, TellsWhatADatabaseWouldSum) {
  insitu_analysis* pass = first_pass();
  insitu_bytes json{};
  insitu_error error;
  ASSERT_EQ(INSITU_OK, insitu_analysis_sums(pass, &json, &error)) << error.message;
  EXPECT_EQ(R"([{"column":"x"},{"column":"y"}])", Json::parse(taken(json)).at("values").dump());
  insitu_analysis_free(pass);

  const std::string spec =
      R"({"key": "k", "analysis": {"name": "levels", "spec": {"columns": ["f"]}}})";
  insitu_analysis* grouped = nullptr;
  ASSERT_EQ(INSITU_OK, insitu_analysis_make("grouped", spec.data(), spec.size(), &grouped, &error));
  ASSERT_EQ(INSITU_OK, insitu_analysis_sums(grouped, &json, &error));
  EXPECT_EQ("null", taken(json));
  testing::ArrowTable answer;
  answer.add("rows", testing::numbers<double>({1.0}));
  UniqueSchema schema;
  UniqueArray batch;
  answer.export_to(schema.receive(), batch.receive());
  insitu_state* state = nullptr;
  EXPECT_EQ(INSITU_SPEC_ERROR,
            insitu_state_from_sums(grouped, "{}", 2, schema.get(), batch.get(), &state, &error));
  EXPECT_STREQ(
      "the analysis 'grouped' cannot be made of sums that a database takes; give it the rows",
      error.message);
  insitu_analysis_free(grouped);
}

TEST(CApi, ValuesOfAnotherTypeAreSpecErrors) {
  insitu_row_function* made = nullptr;
  insitu_error error;
  for (const std::string spec :
       {R"({"model": {"kind": "linear_model", "version": 1, "design": null}})", R"({"model": [1]})",
        R"({"model": {"kind": 3}})", "[]", "null"}) {
    EXPECT_EQ(INSITU_SPEC_ERROR,
              insitu_row_function_make("linear_predict", spec.data(), spec.size(), &made, &error))
        << spec << ": " << error.message;
  }
}

TEST(CApi, NullsAreErrorsNotCrashes) {
  insitu_error error;
  insitu_bytes bytes{};
  insitu_state* state = nullptr;
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_analysis_make(nullptr, nullptr, 0, nullptr, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_state_empty(nullptr, &state, &error));
  EXPECT_STREQ("the argument 'analysis' is null; pass a valid pointer", error.message);
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_state_save(nullptr, nullptr, &bytes, nullptr));
  EXPECT_EQ(INSITU_SPEC_ERROR,
            insitu_run_start(nullptr, nullptr, nullptr, nullptr, 0, nullptr, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_run_finish(nullptr, &state, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_map_start(nullptr, nullptr, nullptr, 0, nullptr, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_fit_result(nullptr, &bytes, &error));
  insitu_analysis_free(nullptr);
  insitu_state_free(nullptr);
  insitu_fit_free(nullptr);
  insitu_row_function_free(nullptr);
  insitu_run_free(nullptr);
  insitu_run_cancel(nullptr);
  insitu_fit_cancel(nullptr);
  insitu_cache_free(nullptr);
  insitu_bytes_free(nullptr);
  EXPECT_EQ(0, insitu_cache_serves(nullptr, nullptr));
}

TEST(CApi, DamagedAndForeignStatesAreRefused) {
  insitu_analysis* pass = first_pass();
  ASSERT_NE(nullptr, pass);
  insitu_state* state = nullptr;
  insitu_state* loaded = nullptr;
  insitu_bytes bytes{};
  insitu_error error;
  ASSERT_EQ(INSITU_OK, insitu_state_empty(pass, &state, &error));
  ASSERT_EQ(INSITU_OK, insitu_state_save(pass, state, &bytes, &error));
  EXPECT_EQ(INSITU_STATE_ERROR,
            insitu_state_load(pass, bytes.data, bytes.size - 1, &loaded, &error));
  EXPECT_EQ(nullptr, loaded);
  EXPECT_EQ(INSITU_STATE_ERROR, insitu_state_load(pass, nullptr, 0, &loaded, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_state_merge(pass, state, state, &error));

  const std::string spec = R"({"key": "k", "analysis": {"name": "linear", "spec": )" + [&] {
    insitu_bytes json{};
    EXPECT_EQ(INSITU_OK, insitu_analysis_describe(pass, &json, &error));
    return Json::parse(taken(json)).at("spec").dump();
  }() + "}}";
  insitu_analysis* grouped = nullptr;
  ASSERT_EQ(INSITU_OK, insitu_analysis_make("grouped", spec.data(), spec.size(), &grouped, &error))
      << error.message;
  EXPECT_EQ(INSITU_STATE_ERROR,
            insitu_state_load(grouped, bytes.data, bytes.size, &loaded, &error));
  EXPECT_EQ(INSITU_STATE_ERROR, insitu_state_finalize(grouped, state, &bytes, &error));
  insitu_bytes_free(&bytes);
  insitu_state_free(state);
  insitu_analysis_free(grouped);
  insitu_analysis_free(pass);
}

TEST(CApi, ACancelledFitStopsSolving) {
  insitu_fit* fit = nullptr;
  insitu_analysis* pass = nullptr;
  insitu_state* state = nullptr;
  insitu_error error;
  ASSERT_EQ(INSITU_OK, insitu_fit_make("linear", kFit.data(), kFit.size(), &fit, &error));
  ASSERT_EQ(INSITU_OK, insitu_fit_next(fit, &pass, &error));
  ASSERT_EQ(INSITU_OK, insitu_state_empty(pass, &state, &error));
  const laws::Table table =
      std::move(laws::Table(3).doubles("x", {1, 2, 4}).doubles("y", {1, 3, 2}));
  state->value = [&] {
    auto filled = pass->value->empty();
    pass->value->update(*filled, table.all());
    return filled;
  }();
  insitu_fit_cancel(fit);
  EXPECT_EQ(INSITU_CANCELLED, insitu_fit_accept(fit, state, &error));
  EXPECT_STREQ("the computation was cancelled before its end", error.message);
  uint64_t rows = 0;
  EXPECT_EQ(INSITU_OK, insitu_state_smallest_cell(pass, state, &rows, &error));
  EXPECT_EQ(3U, rows);
  insitu_fit_free(fit);

  // The same by a flag that a signal handler sets.
  volatile int interrupted = 0;
  insitu_watch(nullptr, &interrupted);
  ASSERT_EQ(INSITU_OK, insitu_fit_make("linear", kFit.data(), kFit.size(), &fit, &error));
  insitu_analysis* again = nullptr;
  ASSERT_EQ(INSITU_OK, insitu_fit_next(fit, &again, &error));
  interrupted = 1;
  EXPECT_EQ(INSITU_CANCELLED, insitu_fit_accept(fit, state, &error));
  interrupted = 0;
  EXPECT_EQ(INSITU_OK, insitu_fit_accept(fit, state, &error)) << error.message;
  insitu_watch(nullptr, nullptr);
  insitu_analysis_free(again);
  insitu_state_free(state);
  insitu_analysis_free(pass);
  insitu_fit_free(fit);
}

TEST(CApi, DescribesAFormula) {
  insitu_bytes json{};
  insitu_error error;
  ASSERT_EQ(INSITU_OK, insitu_formula_describe("y ~ a + b", 9, nullptr, 0, &json, &error))
      << error.message;
  const Json described = Json::parse(taken(json));
  EXPECT_EQ("y", described.at("response"));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_formula_describe("y ~ (", 5, nullptr, 0, &json, &error));
}

TEST(Gate, MapsEveryException) {
  insitu_error error;
  EXPECT_EQ(INSITU_OK, gate(&error, [] {}));
  EXPECT_STREQ("", error.message);
  EXPECT_EQ(INSITU_DATA_ERROR, gate(&error, [] { throw DataError("row 3"); }));
  EXPECT_STREQ("row 3", error.message);
  EXPECT_EQ(INSITU_NUMERIC_ERROR, gate(nullptr, [] { throw NumericError("x"); }));
  EXPECT_EQ(INSITU_SOURCE_ERROR, gate(&error, [] { throw SourceError("x"); }));
  EXPECT_EQ(INSITU_CANCELLED, gate(&error, [] { throw CancelledError("x"); }));
  EXPECT_EQ(INSITU_INTERNAL_ERROR, gate(&error, [] { throw std::bad_alloc(); }));
  EXPECT_EQ(0u, message_of(error).find("memory ran out"));
  EXPECT_EQ(INSITU_INTERNAL_ERROR, gate(&error, [] { throw std::runtime_error("odd"); }));
  EXPECT_NE(std::string::npos, message_of(error).find("odd"));
  EXPECT_EQ(INSITU_INTERNAL_ERROR, gate(&error, [] { throw 3; }));
}

TEST(Gate, MessagesAreCutAtACharacter) {
  insitu_error error;
  for (size_t lead = 0; lead < 4; ++lead) {
    std::string text(lead, 'a');
    while (text.size() < 3000) text += "😀";
    fill_error(&error, ErrorCode::kData, text);
    const std::string cut = error.message;
    EXPECT_LE(cut.size(), sizeof error.message - 1);
    EXPECT_GE(cut.size(), sizeof error.message - 8);
    EXPECT_EQ("…", cut.substr(cut.size() - 3));
    EXPECT_NO_THROW(dump_json(cut));
  }
  const std::string fits(1023, 'x');
  fill_error(&error, ErrorCode::kData, fits);
  EXPECT_EQ(fits, error.message);
  fill_error(&error, ErrorCode::kData, fits + "x");
  EXPECT_EQ(std::string(1020, 'x') + "…", error.message);
  fill_error(&error, ErrorCode::kData, std::string("a\0b\xFF\xC0\xAF\xED\xA0\x80z", 10));
  EXPECT_STREQ("a?b??????z", error.message);
}

}  // namespace
}  // namespace insitu
