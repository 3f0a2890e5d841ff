// Families that a fit knows more of than their variance: expected numbers are of R 4.2 (glm, and
// MASS 7.3 for theta), at epsilon 1e-15.
#include <gtest/gtest.h>

#include <cmath>

#include "family/negative_binomial.hpp"
#include "glm/glm_testing.hpp"

namespace insitu {
namespace {

using namespace glm_testing;

const std::vector<double> kX = {0.2, 1.1, -0.7, 0.5, 1.9, -1.3, 0.0, 0.8,  -0.4, 1.5, 2.2,  -0.9,
                                0.3, 1.0, -1.8, 0.6, 1.3, -0.2, 0.9, -1.1, 0.4,  1.7, -0.6, 0.1};
const std::vector<double> kN = {3, 0,  1, 9, 14, 0, 2, 1, 4,  25, 7, 0,
                                0, 12, 1, 6, 2,  3, 0, 0, 11, 5,  0, 2};
const std::vector<double> kSuccess = {0, 1, 2, 5, 9, 0, 1, 1, 2, 10, 7, 0,
                                      0, 6, 0, 3, 2, 2, 0, 0, 6, 5,  0, 1};
const std::vector<double> kFailure = {2, 0, 3, 4, 5, 6, 2, 0, 4, 3, 0, 0,
                                      5, 6, 4, 3, 0, 1, 0, 8, 5, 0, 3, 2};

Table the_table() {
  Table table(24);
  std::vector<double> w, half, share;
  std::vector<int32_t> g;
  for (size_t i = 0; i < 24; ++i) {
    w.push_back(std::vector<double>{1, 2, 0.5, 3}[i % 4]);
    g.push_back(static_cast<int32_t>(i % 3));
    half.push_back(kN[i] + 0.5);
    share.push_back((kN[i] + 0.5) / 30);
  }
  table.doubles("x", kX).doubles("n", kN).doubles("w", w).doubles("half", half);
  table.doubles("share", share).doubles("s", kSuccess).doubles("f", kFailure);
  table.dictionary("g", {"a", "b", "c"}, g);
  return table;
}

Json columns() {
  return {numeric("x"),     numeric("n"), numeric("w"), numeric("half"),
          numeric("share"), numeric("s"), numeric("f"), factor("g")};
}

Json fitted(const std::string& formula, const Json& family, const Json& more = Json::object()) {
  Json spec = {{"formula", formula},
               {"columns", columns()},
               {"family", family},
               {"drop_first", true},
               {"max_iterations", 100}};
  spec.update(more);
  return fit(spec, the_table(), 7);
}

void expect_estimates(const Json& model, const std::vector<double>& estimates,
                      const std::vector<double>& errors, double digits = 1e-9) {
  EXPECT_TRUE(model["converged"]);
  const std::vector<std::string> names = {"(Intercept)", "x", "g=b", "g=c"};
  for (size_t i = 0; i < estimates.size(); ++i) {
    EXPECT_NEAR(estimate(model, names[i]) / estimates[i], 1.0, digits) << names[i];
    EXPECT_NEAR(estimate(model, names[i], "std_error") / errors[i], 1.0, 1e-7) << names[i];
  }
}

// Its SE.theta is of the step before the last one; these are of the same information at its theta.
TEST(GlmTheta, AsGlmNb) {
  const Json model = fitted("n ~ x + g", {{"name", "negative.binomial"}, {"link", nullptr}});
  expect_estimates(model,
                   {0.639545425410230, 1.350555306059459, -0.871993887986586, 0.724022665543283},
                   {0.435574753476482, 0.335308228394672, 0.538878712537892, 0.653723689713747});
  EXPECT_NEAR(model["deviance"].get<double>(), 25.56753306157715, 1e-7);
  EXPECT_NEAR(model["null_deviance"].get<double>(), 47.02039036847588, 1e-7);
  EXPECT_NEAR(model["family"]["theta"].get<double>(), 1.41897840782950, 1e-8);
  EXPECT_NEAR(model["theta_std_error"].get<double>(), 0.650597707039686, 1e-9);
  EXPECT_NEAR(2.0 * model["log_likelihood"].get<double>(), -107.69368130497058, 1e-9);
  EXPECT_NEAR(model["aic"].get<double>(), 117.69368130497058, 1e-9);
  EXPECT_NEAR(model["bic"].get<double>(), 123.58395045671031, 1e-9);
  EXPECT_EQ(model["warnings"], Json::array());
  EXPECT_LE(model["passes"].get<int>(), 16);
}

TEST(GlmTheta, WeightsOffsetsAndLinks) {
  const Json weighted =
      fitted("n ~ x + g", {{"name", "negative.binomial"}, {"link", nullptr}}, {{"pweights", "w"}});
  expect_estimates(weighted,
                   {0.827243767585143, 1.453176285389929, -1.075670779331972, 0.235949774871474},
                   {0.358070565435626, 0.288028893866265, 0.397831520931857, 0.528111384116820});
  EXPECT_NEAR(weighted["null_deviance"].get<double>(), 82.310335824021948, 1e-7);
  EXPECT_NEAR(weighted["family"]["theta"].get<double>(), 1.516172634448612, 1e-8);
  EXPECT_NEAR(weighted["theta_std_error"].get<double>(), 0.539417867762652, 1e-9);
  EXPECT_NEAR(2.0 * weighted["log_likelihood"].get<double>(), -172.687404592283968, 1e-9);

  const Json root = fitted("n ~ x + offset(x / 5)",
                           {{"name", "negative.binomial"}, {"link", "sqrt"}, {"theta", nullptr}});
  expect_estimates(root, {1.720733097342881, 0.494667728628419},
                   {0.200177632333402, 0.188132334685471});
  EXPECT_NEAR(root["null_deviance"].get<double>(), 34.730910771905762, 1e-6);
  EXPECT_NEAR(root["family"]["theta"].get<double>(), 1.098025751175668, 1e-8);
  EXPECT_NEAR(root["theta_std_error"].get<double>(), 0.478176632863165, 1e-9);
}

// Counts that vary less than Poisson's: the search ends there, and says so.
TEST(GlmTheta, WithoutOverdispersionIsPoisson) {
  Table table(6);
  table.doubles("y", {1, 2, 4, 5, 6, 9}).doubles("x", {0, 1, 2, 3, 4, 5});
  Json spec = {{"formula", "y ~ x"},
               {"columns", {numeric("y"), numeric("x")}},
               {"family", {{"name", "negative.binomial"}, {"link", nullptr}}}};
  const Json model = fit(spec, table);
  spec["family"] = {{"name", "poisson"}, {"link", nullptr}};
  const Json poisson = fit(spec, table);
  EXPECT_EQ(model["family"]["theta"], "Infinity");
  EXPECT_EQ(model["theta_std_error"], nullptr);
  EXPECT_TRUE(model["converged"]);
  EXPECT_NEAR(estimate(model, "x"), estimate(poisson, "x"), 1e-12);
  EXPECT_NEAR(estimate(model, "x", "std_error"), estimate(poisson, "x", "std_error"), 1e-7);
  EXPECT_NEAR(model["log_likelihood"].get<double>(), poisson["log_likelihood"].get<double>(),
              1e-12);
  EXPECT_EQ(model["warnings"][0].get<std::string>().substr(0, 36),
            "the responses are not overdispersed:");
}

// mpmath 1.3, 50 digits.
TEST(GlmTheta, TermsKeepTheirDigits) {
  struct Known {
    double theta, y, digamma, trigamma, saturated;
  };
  const std::vector<Known> values = {
      {0.01, 3.0, 95.780501182963058, 9901.5600405888044, -5.7558990752175066},
      {0.7, 1.0, 0.54126823357052585, 1.2004801920768309, -1.5084154315015347},
      {1.42, 300.0, 0.39006998277326037, 0.30170086257983306, -6.5075752681756861},
      {15.99, 2.0, 0.0035447176667837429, 0.0004227694136899396, -1.3663582654893308},
      {16.0, 1.0, 0.0018753781835651574, 0.00022977941176470588, -1.0306185708793923},
      {16.0, 255.0, 0.029729240765987564, 0.0019869668429464022, -5.1095623053060909},
      {123.5, 7.0, 0.00021773578542849214, 3.4360144131773569e-6, -1.9313925470293548},
      {1000000.0, 3.0, 1.49999600001125e-12, 2.9999880000449998e-18, -1.4959241032217259},
      {1000000000000.0, 5.0, 2.4999999999883333e-24, 4.999999999965e-36, -1.7403021806140441},
      {3.5, 1000000000.0, 0.14960632735012481, 0.04464347038594915, -21.039569051309697},
      {1000000000.0, 1000000000.0, 2.500000000625e-10, 3.7500000014583333e-19, -11.627145042082851},
      {2.5, 4.5, 0.14000827727206571, 0.079669720998040175, -2.2255415542901066},
      {1e-06, 1.0, 999986.18448844208, 999999000001.00009, -13.815525373475332}};
  for (const Known& known : values) {
    const ThetaTerms terms = theta_terms(known.theta, known.y);
    EXPECT_NEAR(terms.digamma / known.digamma, 1.0, 1e-12) << known.theta << " " << known.y;
    EXPECT_NEAR(terms.trigamma / known.trigamma, 1.0, 1e-12) << known.theta << " " << known.y;
    EXPECT_NEAR(terms.saturated / known.saturated, 1.0, 1e-13) << known.theta << " " << known.y;
  }
}

TEST(GlmQuasi, AsR) {
  struct Known {
    const char *response, *link, *variance;
    std::vector<double> estimates, errors;
    double deviance, null_deviance, dispersion;
  };
  const std::vector<Known> cases = {
      {"half",
       "log",
       "constant",
       {1.150504890178893, 0.889209104659634, -0.660431535689921, 0.514899239686171},
       {0.502325976964977, 0.340652077933356, 0.417917432570780, 0.660071319041432},
       520.2006691169839,
       840.0,
       26.0100334152741},
      {"share",
       "cloglog",
       "mu(1-mu)",
       {-2.320980390707681, 1.118702487371383, -0.773376977119418, 0.602548250092424},
       {0.461891145081694, 0.334824287835179, 0.495875546745740, 0.667443912639468},
       3.319719353966555,
       5.949965694967971,
       0.161056637532017},
      {"half",
       "sqrt",
       "mu",
       {1.853775195397020, 0.896384498981543, -0.515928956054161, 0.392595213336861},
       {0.383794738536108, 0.245667942678990, 0.483822025785721, 0.580764095582894},
       74.0362311317485,
       135.4756524438553,
       3.7331186127092},
      {"half",
       "log",
       "mu^2",
       {0.993022106856225, 1.023126750112729, -0.646927114691976, 0.528713247806345},
       {0.333733672610192, 0.213623733002625, 0.420713692352978, 0.505010921406316},
       17.427563591916634,
       33.560042878133821,
       0.705689766830941}};
  for (const Known& known : cases) {
    const Json family = {{"name", "quasi"}, {"link", known.link}, {"variance", known.variance}};
    // R needs the same help to begin with.
    Json more = Json::object();
    if (known.variance == std::string("constant"))
      more["initial_values"] = {1.0, 0.1, 0.0, 0.0, 0.0};
    const Json model = fitted(std::string(known.response) + " ~ x + g", family, more);
    expect_estimates(model, known.estimates, known.errors, 1e-7);
    EXPECT_NEAR(model["deviance"].get<double>() / known.deviance, 1.0, 1e-9);
    EXPECT_NEAR(model["null_deviance"].get<double>() / known.null_deviance, 1.0, 1e-9);
    EXPECT_NEAR(model["dispersion"].get<double>() / known.dispersion, 1.0, 1e-6);
    for (const char* key : {"log_likelihood", "aic", "bic"}) EXPECT_EQ(model[key], nullptr);
    EXPECT_EQ(model["family"]["variance"], known.variance);
  }
}

TEST(GlmQuasi, WhatItDoesNotHave) {
  const auto said = [&](const Json& family) {
    return told({{"formula", "half ~ x"}, {"columns", columns()}, {"family", family}}, the_table());
  };
  EXPECT_EQ(said({{"name", "quasi"}, {"link", nullptr}, {"variance", "mu^4"}}),
            "the family quasi has no variance 'mu^4'; it has constant, mu(1-mu), mu, mu^2, mu^3");
  EXPECT_EQ(said({{"name", "quasi"}, {"link", nullptr}, {"variance", "mu(1-mu)"}}).substr(0, 34),
            "the response \"half\" is 3.5 in row ");
}

TEST(GlmCounts, AsR) {
  const Json model = fitted("cbind(s, f) ~ x + g", binomial());
  expect_estimates(model,
                   {-1.223450630040495, 1.736574260057216, -0.568502840788574, 1.062166314976945},
                   {0.441789403589508, 0.353619651491739, 0.542167755139684, 0.612654858652338});
  EXPECT_NEAR(model["deviance"].get<double>(), 22.1454327217471, 1e-9);
  EXPECT_NEAR(model["null_deviance"].get<double>(), 68.1653555932122, 1e-9);
  EXPECT_NEAR(model["aic"].get<double>(), 56.0209618329761, 1e-9);
  // R's BIC counts the two rows without trials, its nobs() does not.
  EXPECT_NEAR(model["bic"].get<double>(), 2.0 * 24.0104809164880 + 4.0 * std::log(22.0), 1e-9);
  EXPECT_NEAR(model["log_likelihood"].get<double>(), -24.0104809164880, 1e-9);
  EXPECT_EQ(model["df"][1], 18.0);
  EXPECT_EQ(model["n_valid_obs"], 22);
  EXPECT_EQ(model["n_zero_weight"], 2);
  EXPECT_EQ(model["response"], "cbind(s, f)");

  const Json weighted = fitted("cbind(s, f) ~ x + g", binomial(), {{"pweights", "w"}});
  expect_estimates(weighted,
                   {-1.041320778996062, 1.738810709582657, -0.647941737865515, 0.759394105050680},
                   {0.329219391188241, 0.294690328225556, 0.396130195164218, 0.488399841917355});
  EXPECT_NEAR(weighted["deviance"].get<double>(), 31.2925225398342, 1e-9);
  EXPECT_NEAR(weighted["null_deviance"].get<double>(), 104.7659595014651, 1e-9);
  EXPECT_NEAR(weighted["aic"].get<double>(), 83.9097541296390, 1e-9);
}

TEST(GlmCounts, AreSharesWithTrialsAsWeights) {
  Table table = the_table();
  std::vector<double> share, trials;
  for (size_t i = 0; i < 24; ++i) {
    trials.push_back(kSuccess[i] + kFailure[i]);
    share.push_back(trials[i] > 0 ? kSuccess[i] / trials[i] : 0.0);
  }
  table.doubles("q", share).doubles("t", trials);
  Json listed = columns();
  listed.push_back(numeric("q"));
  listed.push_back(numeric("t"));
  Json spec = {
      {"formula", "q ~ x + g"}, {"columns", listed}, {"family", binomial()}, {"pweights", "t"}};
  const Json shares = fit(spec, table);
  spec["pweights"] = nullptr;
  spec["formula"] = "cbind(s, t - s) ~ x + g";
  const Json counts = fit(spec, table);
  // Counts tell more digits than their share.
  const auto expect_near = [](const Json& one, const Json& other) {
    const double value = number_from_json(one, "one");
    EXPECT_NEAR(value, number_from_json(other, "other"), 1e-14 * (1.0 + std::abs(value)));
  };
  for (const char* key : {"estimate", "std_error"}) {
    for (size_t i = 0; i < 4; ++i)
      expect_near(shares["coefficients"][key][i], counts["coefficients"][key][i]);
  }
  for (const char* key : {"deviance", "log_likelihood", "n_valid_obs", "null_deviance"})
    expect_near(shares[key], counts[key]);
}

TEST(GlmCounts, WhatIsRefused) {
  const auto said = [&](const std::string& formula, const Json& family, const Json& more) {
    Json spec = {{"formula", formula}, {"columns", columns()}, {"family", family}};
    spec.update(more);
    return told(spec, the_table());
  };
  const Json none = Json::object();
  EXPECT_EQ(
      said("cbind(s, f) ~ x", {{"name", "poisson"}, {"link", nullptr}}, none),
      "formula \"cbind(s, f) ~ x\": cbind() is the response of a binomial family at character "
      "1; several responses are not supported yet: fit one model for each");
  EXPECT_EQ(said("cbind(s, f) ~ x", binomial(), {{"fweights", "n"}}),
            "\"cbind(s, f)\" counts trials already: give no fweights, or multiply both counts by "
            "them");
  EXPECT_EQ(said("cbind(s, f - 1) ~ x", binomial(), none),
            "\"cbind(s, f - 1)\" has a count below 0 at row 2; successes and failures "
            "are counts");
  EXPECT_EQ(said("cbind(x, -x) ~ g", binomial(), none).substr(0, 37),
            "\"cbind(x, -x)\" has a count below 0 at");
}

// brglm 0.7 of R, at br.epsilon 1e-13. The first is completely separated by x.
TEST(GlmFirth, AsBrglm) {
  Table table = the_table();
  std::vector<double> y;
  for (const double x : kX) y.push_back(x > 0.45 ? 1.0 : 0.0);
  table.doubles("y", y);
  Json listed = columns();
  listed.push_back(numeric("y"));
  const Json separated = fit({{"formula", "y ~ x + g"},
                              {"columns", listed},
                              {"family", binomial()},
                              {"drop_first", true},
                              {"method", "firth"},
                              {"max_iterations", 100}},
                             table, 7);
  expect_estimates(separated,
                   {-1.20635161543341, 2.89122493473421, 1.05587054885352, -1.27333396910868},
                   {1.08153833896797, 1.41472963271220, 1.85916227294098, 1.97186044640728}, 1e-8);
  EXPECT_NEAR(separated["deviance"].get<double>(), 6.84394837585656, 1e-7);
  EXPECT_NEAR(-2.0 * separated["penalized_log_likelihood"].get<double>(), 9.29034935513379, 1e-7);
  EXPECT_EQ(separated["warnings"], Json::array());
  const Json counts = fitted("cbind(s, f) ~ x + g", binomial(), {{"method", "firth"}});
  expect_estimates(
      counts, {-1.155866307884234, 1.641720994856798, -0.519743043037250, 0.999741025507003},
      {0.433910245604137, 0.339631968665049, 0.531603011358377, 0.605426936327417}, 1e-8);
  EXPECT_NEAR(counts["log_likelihood"].get<double>(), -24.0490819399888, 1e-7);
}

TEST(GlmFirth, IsOfLogisticRegression) {
  const auto said = [&](const Json& more) {
    Json spec = {{"formula", "share ~ x"},
                 {"columns", columns()},
                 {"family", {{"name", "binomial"}, {"link", "probit"}}},
                 {"method", "firth"}};
    spec.update(more);
    return told(spec, the_table());
  };
  EXPECT_EQ(said(Json::object()),
            "method='firth' is for logistic regression, and the family is binomial-probit: take "
            "method='ml'");
  EXPECT_EQ(said({{"family", binomial()}, {"cov_type", "HC0"}}),
            "method='firth' has no cov_type='HC0': leave one of them out");
}

}  // namespace
}  // namespace insitu
