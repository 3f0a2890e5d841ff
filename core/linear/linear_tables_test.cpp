#include "linear/linear_tables.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/json.hpp"
#include "linear/linear_fit.hpp"
#include "solve/model_tables.hpp"
#include "testing/tables.hpp"

namespace insitu {
namespace {

// Dobson's plants, the example of R's ?lm. The numbers expected are the closed forms of two means
// of ten, with qt(0.975, 18) = 2.10092204024096 and pt() of R.
Json plants() {
  laws::Table table(20);
  table
      .doubles("weight", {4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14,
                          4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69})
      .doubles("treated", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
      .doubles("twice", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2});
  Json columns = Json::array();
  for (const char* name : {"weight", "treated", "twice"})
    columns.push_back({{"name", name}, {"kind", "numeric"}});
  LinearFit fit({{"formula", "weight ~ treated + twice"}, {"columns", columns}});
  while (const AnalysisPtr pass = fit.next()) {
    const auto state = pass->empty();
    pass->update(*state, table.all());
    fit.accept(*state);
  }
  return fit.result();
}

TEST(LinearTables, CoefficientsAreTidy) {
  const Json tidy = tidy_coefficients(plants(), 0.95);
  EXPECT_EQ(Json({"(Intercept)", "treated", "twice"}), tidy["term"]);
  EXPECT_NEAR(5.032, tidy["estimate"][0].get<double>(), 1e-12);
  EXPECT_NEAR(0.2202177, tidy["std_error"][0].get<double>(), 5e-8);
  EXPECT_NEAR(-1.191260, tidy["statistic"][1].get<double>(), 5e-7);
  EXPECT_NEAR(0.2490232, tidy["p_value"][1].get<double>(), 5e-8);
  EXPECT_NEAR(4.569339790, tidy["conf_low"][0].get<double>(), 5e-9);
  EXPECT_NEAR(5.494660210, tidy["conf_high"][0].get<double>(), 5e-9);
  EXPECT_NEAR(-1.025300343, tidy["conf_low"][1].get<double>(), 5e-9);
  EXPECT_NEAR(0.283300343, tidy["conf_high"][1].get<double>(), 5e-9);
  for (const char* key : {"estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"})
    EXPECT_TRUE(tidy[key][2].is_null()) << key;  // dropped
}

TEST(LinearTables, TheModelAtAGlance) {
  const Json glance = glance_linear_model(plants());
  EXPECT_NEAR(0.0730775990, glance["r_squared"].get<double>(), 5e-11);
  EXPECT_NEAR(0.0215819100, glance["adj_r_squared"].get<double>(), 5e-10);
  EXPECT_NEAR(0.6963895, glance["sigma"].get<double>(), 5e-8);
  EXPECT_NEAR(1.419101, glance["statistic"].get<double>(), 5e-7);
  EXPECT_NEAR(0.2490232, glance["p_value"].get<double>(), 5e-8);
  EXPECT_NEAR(46.1764850, glance["aic"].get<double>(), 5e-8);
  EXPECT_NEAR(49.1636818, glance["bic"].get<double>(), 5e-8);
  EXPECT_EQ("1", glance["df"].dump());
  EXPECT_EQ("18", glance["df_residual"].dump());
  EXPECT_EQ("20", glance["nobs"].dump());
}

TEST(LinearTables, WeightsThatCountRowsAreObservations) {
  Json model = plants();
  model["fweights"] = "n";
  model["sum_of_weights"] = 40.0;
  EXPECT_EQ("40", glance_linear_model(model)["nobs"].dump());
  model["sum_of_weights"] = 40.5;
  EXPECT_EQ("40.5", glance_linear_model(model)["nobs"].dump());
  model["fweights"] = "";
  EXPECT_EQ("20", glance_linear_model(model)["nobs"].dump());
}

TEST(LinearTables, WhatIsNotFiniteStaysSo) {
  Json model = plants();
  model["f_statistic"] = "Infinity";
  model["r_squared"] = nullptr;
  model["test_df"] = 0;
  EXPECT_EQ("Infinity", glance_linear_model(model)["statistic"]);
  EXPECT_TRUE(glance_linear_model(model)["r_squared"].is_null());
  EXPECT_TRUE(tidy_coefficients(model, 0.9)["conf_low"][0].is_null());
}

TEST(LinearTables, DamagedModelsAndLevelsAreRefused) {
  for (const double level : {0.0, 1.0, -1.0, std::nan("")})
    EXPECT_THROW(tidy_coefficients(plants(), level), SpecError) << level;
  Json model = plants();
  model["coefficients"]["p_value"].erase(0);
  EXPECT_THROW(tidy_coefficients(model, 0.95), SpecError);
  model = plants();
  model["df"] = {1, 2};
  EXPECT_THROW(glance_linear_model(model), SpecError);
  model.erase("test_df");  // as in models saved before tests had degrees of freedom of their own
  EXPECT_THROW(tidy_coefficients(model, 0.95), SpecError);
  model.erase("aic");
  EXPECT_THROW(glance_linear_model(model), SpecError);
  EXPECT_THROW(tidy_coefficients(Json::array(), 0.95), SpecError);
}

}  // namespace
}  // namespace insitu
