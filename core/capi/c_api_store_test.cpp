// Stored states and model files through the border, as a database meets them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "base/envelope.hpp"
#include "base/json.hpp"
#include "insitu/c_api.h"

namespace insitu {
namespace {

std::string taken(insitu_bytes& bytes) {
  std::string out(bytes.data, bytes.size);
  insitu_bytes_free(&bytes);
  return out;
}

constexpr std::string_view kFit =
    R"({"formula": "y ~ x", "columns": [{"name": "x", "kind": "numeric"}, {"name": "y", "kind": "numeric"}]})";

// An analysis, its spec, and the bytes of its empty state.
struct Pass {
  insitu_analysis* analysis = nullptr;
  std::string spec;
  std::string saved;

  Pass() {
    insitu_error error;
    insitu_fit* fit = nullptr;
    insitu_state* state = nullptr;
    insitu_bytes bytes{};
    EXPECT_EQ(INSITU_OK, insitu_fit_make("linear", kFit.data(), kFit.size(), &fit, &error));
    EXPECT_EQ(INSITU_OK, insitu_fit_next(fit, &analysis, &error));
    EXPECT_EQ(INSITU_OK, insitu_analysis_describe(analysis, &bytes, &error));
    const Json described = Json::parse(taken(bytes));
    spec = Json({{"analysis", described["name"]}, {"spec", described["spec"]}}).dump();
    EXPECT_EQ(INSITU_OK, insitu_state_empty(analysis, &state, &error));
    EXPECT_EQ(INSITU_OK, insitu_state_save(analysis, state, &bytes, &error));
    saved = taken(bytes);
    insitu_state_free(state);
    insitu_fit_free(fit);
  }
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;
  ~Pass() { insitu_analysis_free(analysis); }
};

struct Opened {
  insitu_code code = INSITU_OK;
  std::string message;
  const char* spec = "not touched";
  size_t spec_size = 1;
  const char* state = "not touched";
  size_t state_size = 1;

  explicit Opened(std::string_view bytes) {
    insitu_error error;
    code = insitu_stored_state_open(bytes.data(), bytes.size(), &spec, &spec_size, &state,
                                    &state_size, &error);
    message = error.message;
  }
};

TEST(StoredStateOfTheBorder, ComesBackAndLoads) {
  const Pass pass;
  insitu_bytes bytes{};
  insitu_error error;
  ASSERT_EQ(INSITU_OK,
            insitu_stored_state_seal(pass.spec.data(), pass.spec.size(), pass.saved.data(),
                                     pass.saved.size(), &bytes, &error))
      << error.message;
  const std::string stored = taken(bytes);
  const Opened opened(stored);
  ASSERT_EQ(INSITU_OK, opened.code) << opened.message;
  EXPECT_EQ(pass.spec, std::string(opened.spec, opened.spec_size));
  EXPECT_EQ(pass.saved, std::string(opened.state, opened.state_size));
  insitu_state* loaded = nullptr;
  EXPECT_EQ(INSITU_OK,
            insitu_state_load(pass.analysis, opened.state, opened.state_size, &loaded, &error));
  insitu_state_free(loaded);
}

TEST(StoredStateOfTheBorder, DamagedBytesAreStateErrorsAndGiveNothing) {
  const Pass pass;
  insitu_bytes bytes{};
  ASSERT_EQ(INSITU_OK,
            insitu_stored_state_seal(pass.spec.data(), pass.spec.size(), pass.saved.data(),
                                     pass.saved.size(), &bytes, nullptr));
  const std::string stored = taken(bytes);
  for (size_t size = 0; size < stored.size(); ++size) {
    const Opened opened(std::string_view(stored).substr(0, size));
    ASSERT_EQ(INSITU_STATE_ERROR, opened.code) << size;
    ASSERT_EQ(nullptr, opened.spec);
    ASSERT_EQ(nullptr, opened.state);
    ASSERT_EQ(0u, opened.spec_size + opened.state_size);
  }
  EXPECT_EQ(INSITU_STATE_ERROR, Opened(stored + "x").code);
  EXPECT_EQ(INSITU_STATE_ERROR, Opened(pass.saved).code);
  insitu_error error;
  EXPECT_EQ(INSITU_STATE_ERROR,
            insitu_stored_state_seal(pass.spec.data(), pass.spec.size(), "x", 1, &bytes, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_stored_state_seal(nullptr, 0, pass.saved.data(),
                                                        pass.saved.size(), &bytes, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_stored_state_open(stored.data(), stored.size(), nullptr,
                                                        nullptr, nullptr, nullptr, &error));
}

TEST(ModelOfTheBorder, ComesBack) {
  const std::string model = R"({"kind":"linear_model","version":1})";
  insitu_bytes bytes{};
  insitu_error error;
  ASSERT_EQ(INSITU_OK, insitu_model_seal(model.data(), model.size(), &bytes, &error));
  const std::string sealed = taken(bytes);
  ASSERT_EQ(INSITU_OK, insitu_model_open(sealed.data(), sealed.size(), &bytes, &error));
  EXPECT_EQ(model, taken(bytes));
  for (size_t size = 0; size < sealed.size(); ++size)
    ASSERT_EQ(INSITU_STATE_ERROR, insitu_model_open(sealed.data(), size, &bytes, &error)) << size;
  const std::string state = seal("state", "linear_model", 0, "");
  EXPECT_EQ(INSITU_STATE_ERROR, insitu_model_open(state.data(), state.size(), &bytes, &error));
  EXPECT_STREQ("expected a saved model, got a saved state", error.message);
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_model_seal("{}", 2, &bytes, &error));
  EXPECT_STREQ("the model needs 'kind'", error.message);
}

TEST(ModelOfTheBorder, IsAskedByItsKind) {
  const std::string model =
      R"({"kind":"linear_model","df":[1,18,1],"coefficients":{"names":["x"],"estimate":[2.0],)"
      R"("std_error":[1.0],"t_value":[2.0],"p_value":[0.06]}})";
  insitu_bytes json{};
  insitu_error error;
  ASSERT_EQ(INSITU_OK, insitu_model_tidy(model.data(), model.size(), 0.95, &json, &error))
      << error.message;
  // 2 - qt(0.975, 18)
  EXPECT_NEAR(-0.10092204024096, Json::parse(taken(json))["conf_low"][0].get<double>(), 1e-13);
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_model_tidy(model.data(), model.size(), 1.5, &json, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_model_glance(model.data(), model.size(), &json, &error));
  EXPECT_STREQ("the model lacks \"r_squared\"; it is damaged or of another kind", error.message);
  const std::string other = R"({"kind":"summary"})";
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_model_glance(other.data(), other.size(), &json, &error));
  EXPECT_STREQ("this cannot be asked of a model of kind \"summary\", only of 'linear_model', 'glm'",
               error.message);
  // 2 - qnorm(0.975): a table of z values is normal
  const std::string glm =
      R"({"kind":"glm","df":[1,18,1],"coefficients":{"names":["x"],"estimate":[2.0],)"
      R"("std_error":[1.0],"z_value":[2.0],"p_value":[0.06]}})";
  ASSERT_EQ(INSITU_OK, insitu_model_tidy(glm.data(), glm.size(), 0.95, &json, &error));
  EXPECT_NEAR(0.04003601545994579, Json::parse(taken(json))["conf_low"][0].get<double>(), 1e-13);
  // Parts of another type are the asker's mistake too.
  const std::string typed = R"({"kind":"linear_model","design":{"formula":3}})";
  EXPECT_EQ(INSITU_SPEC_ERROR,
            insitu_model_to_sql(typed.data(), typed.size(), "tsql", &json, &error));
  EXPECT_NE(nullptr, std::strstr(error.message, "the model has a value of another type"));
  EXPECT_EQ(INSITU_SPEC_ERROR,
            insitu_model_to_sql(typed.data(), typed.size(), nullptr, &json, &error));
  EXPECT_STREQ("the argument 'dialect' is null; pass a valid pointer", error.message);
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_model_glance("[", 1, &json, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_model_glance("[]", 2, &json, &error));
}

TEST(ComputationsOfTheBorder, AreFoundByName) {
  const std::string spec = R"({"statistics":[0.5],"df":[1],"df_residual":[null]})";
  insitu_bytes json{};
  insitu_error error;
  ASSERT_EQ(INSITU_OK, insitu_compute("tail_areas", spec.data(), spec.size(), &json, &error))
      << error.message;
  EXPECT_NEAR(std::erfc(0.5), Json::parse(taken(json))["p_values"][0].get<double>(), 1e-15);
  EXPECT_EQ(INSITU_SPEC_ERROR,
            insitu_compute("tail_area", spec.data(), spec.size(), &json, &error));
  EXPECT_NE(nullptr, std::strstr(error.message, "did you mean 'tail_areas'?"));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_compute("tail_areas", "[", 1, &json, &error));
  EXPECT_EQ(INSITU_SPEC_ERROR, insitu_compute(nullptr, spec.data(), spec.size(), &json, &error));
}

}  // namespace
}  // namespace insitu
