#include "registry.hpp"

#include <span>

#include "base/compose.hpp"
#include "base/erased.hpp"
#include "base/json.hpp"
#include "base/model_file.hpp"
#include "base/names.hpp"
#include "design/levels_analysis.hpp"
#include "evaluation/evaluation_fit.hpp"
#include "evaluation/outcome_counts.hpp"
#include "glm/glm_analysis.hpp"
#include "glm/glm_fit.hpp"
#include "glm/glm_tables.hpp"
#include "inference/margins_analysis.hpp"
#include "inference/margins_fit.hpp"
#include "inference/model_terms.hpp"
#include "inference/wald.hpp"
#include "linear/linear_analysis.hpp"
#include "linear/linear_fit.hpp"
#include "linear/linear_tables.hpp"
#include "robust/cluster_scores.hpp"
#include "robust/score_squares.hpp"
#include "score/linear_predict.hpp"
#include "score/linear_sql.hpp"
#include "solve/model_tables.hpp"
#include "summary/summary_analysis.hpp"
#include "summary/summary_fit.hpp"

namespace insitu {

namespace {

template <class Made>
struct Line {
  std::string_view name;
  Made (*make)(const Json& spec);
  std::string_view doc;
};

AnalysisPtr make_tuple(const Json& spec);
AnalysisPtr make_grouped(const Json& spec);

template <class A>
AnalysisPtr analysis_of(const Json& spec) {
  return erase(A::from_spec(spec));
}
template <class F>
FitPtr fit_of(const Json& spec) {
  return std::make_unique<F>(spec);
}

template <class F>
RowFunctionPtr row_function_of(const Json& spec) {
  return std::make_shared<const F>(spec);
}

// One line per algorithm.
constexpr Line<AnalysisPtr> kAnalyses[] = {
    {"tuple", make_tuple, "several analyses in one pass: {parts: [{name, spec}, …]}"},
    {"grouped", make_grouped,
     "one state per label of a column: {key, analysis: {name, spec}, max_groups}"},
    {"levels", analysis_of<LevelsAnalysis>, "the labels of factor columns: {columns}"},
    {"summary", analysis_of<SummaryAnalysis>,
     "moments, counts and moments in cells: {design, by_term, weighting}"},
    {"linear", analysis_of<LinearAnalysis>, "cross-products of a design: {design, precise}"},
    {"glm", analysis_of<GlmAnalysis>,
     "a step of iteratively reweighted least squares: {design, family, predictor, …}"},
    {"score_squares", analysis_of<ScoreSquaresAnalysis>,
     "squared scores of a fitted model, row by row: {design, family, predictor, leverage}"},
    {"cluster_scores", analysis_of<ClusterScoresAnalysis>,
     "scores of a fitted model, summed by cluster: {design, family, predictor}"},
    {"outcome_counts", analysis_of<OutcomeCountsAnalysis>,
     "outcomes by predicted probability: {design, plans}"},
    {"margins", analysis_of<MarginsAnalysis>,
     "means of predictions and slopes, with gradients: {design, family, predictor, quantities}"},
};
constexpr Line<FitPtr> kFits[] = {
    {"summary", fit_of<SummaryFit>,
     "moments and counts by term: {formula, columns, by_term, pweights, fweights}"},
    {"linear", fit_of<LinearFit>, "linear model by least squares: {formula, columns, …}"},
    {"glm", fit_of<GlmFit>, "generalised linear model: {formula, columns, family, …}"},
    {"evaluation", fit_of<EvaluationFit>,
     "predicted probabilities against what happened: {formula, columns, grid, error_bound, …}"},
    {"margins", fit_of<MarginsFit>,
     "average marginal effects of a fitted model: {model, variables, at, type}"},
};
constexpr Line<RowFunctionPtr> kRowFunctions[] = {
    {"linear_predict", row_function_of<LinearPredict>,
     "predictions of a model with a linear predictor: {model, type, std_errors, …}"},
};
constexpr Line<Json> kComputations[] = {
    {"wald_test", wald_test,
     "a test of linear hypotheses: {estimates, covariance, matrix, values, df}"},
    {"tail_areas", tail_areas, "p-values of F and chi-squared: {statistics, df, df_residual}"},
    {"model_terms", model_terms, "coefficients by term of a formula: {design}"},
};
struct ModelKind {
  std::string_view kind;
  Json (*tidy)(const Json& model, double conf_level);
  Json (*glance)(const Json& model);
  std::string (*to_sql)(const Json& model, std::string_view dialect);
};
constexpr ModelKind kModelKinds[] = {
    {"linear_model", tidy_coefficients, glance_linear_model, prediction_to_sql},
    {"glm", tidy_coefficients, glance_glm, prediction_to_sql},
};

// {"name", "spec"}
AnalysisPtr make_named(const Json& json, const std::string& what) {
  SpecReader reader(json, what);
  const std::string name = reader.text("name");
  const Json& spec = reader.required("spec");
  reader.finish();
  return make_analysis(name, spec);
}

AnalysisPtr make_tuple(const Json& spec) {
  SpecReader reader(spec, "tuple spec");
  std::vector<AnalysisPtr> parts;
  for (const Json& part : reader.list("parts"))
    parts.push_back(make_named(part, "part of the tuple"));
  reader.finish();
  return tuple_of(std::move(parts));
}

AnalysisPtr make_grouped(const Json& spec) {
  SpecReader reader(spec, "grouped spec");
  std::string key = reader.text("key");
  AnalysisPtr inner = make_named(reader.required("analysis"), "analysis of the groups");
  const uint64_t max_groups = reader.count("max_groups", kMaxGroups);
  reader.finish();
  return grouped_by(std::move(key), std::move(inner), max_groups);
}

// JSON whose parts have other types than expected is the asker's mistake, wherever it is noticed.
template <class F>
auto told_of_types(const std::string& what, F&& f) {
  try {
    return f();
  } catch (const Json::exception& error) {
    std::string text = error.what();
    if (const size_t end = text.find("] "); end != std::string::npos) text.erase(0, end + 2);
    throw SpecError(what + " has a value of another type than expected: " + text);
  }
}

template <class Made>
Made made_by(const Line<Made>& line, std::string_view kind, const Json& spec) {
  return told_of_types("the spec of the " + std::string(kind) + " '" + std::string(line.name) + "'",
                       [&] { return line.make(spec); });
}

template <class Made>
Made make(std::span<const Line<Made>> lines, std::string_view kind, std::string_view name,
          const Json& spec) {
  std::vector<std::string> names;
  for (const Line<Made>& line : lines) {
    if (line.name == name) return made_by(line, kind, spec);
    names.emplace_back(line.name);
  }
  throw SpecError("there is no " + std::string(kind) + " '" + std::string(name) + "' among the " +
                  std::to_string(names.size()) + " of this insitu" + did_you_mean(name, names));
}

const ModelKind& kind_of(const Json& model) {
  const Json& kind = model_part(model, "kind");
  std::string known;
  for (const ModelKind& line : kModelKinds) {
    if (kind == line.kind) return line;
    known += (known.empty() ? "'" : ", '") + std::string(line.kind) + "'";
  }
  throw SpecError("this cannot be asked of a model of kind " + dump_json(kind) + ", only of " +
                  known);
}

template <class Made>
void append_entries(std::vector<RegistryEntry>& out, std::string_view kind,
                    std::span<const Line<Made>> lines) {
  for (const Line<Made>& line : lines) {
    out.push_back({std::string(kind), std::string(line.name), std::string(line.doc)});
  }
}

}  // namespace

AnalysisPtr make_analysis(std::string_view name, const Json& spec) {
  return make<AnalysisPtr>(kAnalyses, "analysis", name, spec);
}
FitPtr make_fit(std::string_view name, const Json& spec) {
  return make<FitPtr>(kFits, "fit", name, spec);
}
RowFunctionPtr make_row_function(std::string_view name, const Json& spec) {
  return make<RowFunctionPtr>(kRowFunctions, "row function", name, spec);
}
Json compute(std::string_view name, const Json& spec) {
  return make<Json>(kComputations, "computation", name, spec);
}

Json tidy_model(const Json& model, double conf_level) {
  return told_of_types("the model", [&] { return kind_of(model).tidy(model, conf_level); });
}
Json glance_model(const Json& model) {
  return told_of_types("the model", [&] { return kind_of(model).glance(model); });
}
std::string model_to_sql(const Json& model, std::string_view dialect) {
  return told_of_types("the model", [&] { return kind_of(model).to_sql(model, dialect); });
}

std::vector<RegistryEntry> registry_entries() {
  std::vector<RegistryEntry> out;
  append_entries<AnalysisPtr>(out, "analysis", kAnalyses);
  append_entries<FitPtr>(out, "fit", kFits);
  append_entries<RowFunctionPtr>(out, "row_function", kRowFunctions);
  append_entries<Json>(out, "computation", kComputations);
  return out;
}

}  // namespace insitu
