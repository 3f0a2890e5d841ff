// The aggregation fuzzer: a random analysis on a random table, run as equivalent plans that must
// agree (in one pass, cut, split and merged, saved and loaded, by the engine on one and on several
// threads, from a cache).
#pragma once

#include <string>
#include <vector>

#include "arrow_builder.hpp"
#include "base/compose.hpp"
#include "base/levels.hpp"
#include "capi/registry.hpp"
#include "engine/engine.hpp"
#include "law_checks.hpp"
#include "random_table.hpp"

namespace insitu::laws {

inline constexpr size_t kNumeric = 3;
inline constexpr size_t kFactors = 3;

inline Json columns_of_random_table() {
  Json columns = Json::array();
  const auto add = [&](const std::string& name, const char* kind) {
    columns.push_back({{"name", name}, {"kind", kind}});
  };
  for (size_t k = 0; k < kNumeric; ++k) add(numbered("x", k), "numeric");
  for (size_t k = 0; k < kFactors; ++k) add(numbered("f", k), "factor");
  add("w", "numeric");
  add("n", "numeric");
  return columns;
}

// A sum of one to four random terms.
inline std::string random_terms(Rng& rng) {
  constexpr const char* kTerms[] = {"x1",      "x2",    "f0",    "f1",      "f2",      "x1:f0",
                                    "f0:f1",   "x1:x2", "f1*f2", "I(x1^2)", "log(x2)", "F(n)",
                                    "x2:F(n)", "x1^2",  "N(f0)", "f1:N(f2)"};
  std::string out;
  for (uint64_t left = 1 + rng.below(4); left > 0; --left) {
    out += (out.empty() ? "" : " + ") + std::string(kTerms[rng.below(std::size(kTerms))]);
  }
  return out;
}

// The pass of a fit, behind the one over its levels if it needs one.
inline AnalysisPtr main_pass(Fit& fit, const Table& table) {
  const AnalysisPtr pass = fit.next();
  if (pass->name() != "levels") return pass;
  const StatePtr state = pass->empty();
  pass->update(*state, table.all());
  fit.accept(*state);
  return fit.next();
}

// The first pass of a generalised linear model, or the second, which stands at coefficients.
inline AnalysisPtr random_glm_pass(Rng& rng, const Table& table) {
  Json spec = {{"columns", columns_of_random_table()},
               {"formula", "x0 ~ " + random_terms(rng)},
               {"family", {{"name", "gaussian"}, {"link", nullptr}}}};
  if (rng.chance(0.3)) spec["pweights"] = "w";
  const FitPtr fit = make_fit("glm", spec);
  const AnalysisPtr first = main_pass(*fit, table);
  if (rng.chance(0.5)) return first;
  try {
    const StatePtr state = first->empty();
    first->update(*state, table.all());
    fit->accept(*state);
    if (const AnalysisPtr second = fit->next()) return second;
  } catch (const Error&) {  // too few complete rows for a second
  }
  return first;
}

// The pass over the scores of a fitted model.
inline AnalysisPtr random_score_pass(Rng& rng, const Table& table) {
  constexpr const char* kTypes[] = {"HC0", "HC1", "HC2", "HC3", "cluster", "cluster"};
  const bool linear = rng.chance(0.7);
  Json spec = {{"columns", columns_of_random_table()},
               {"formula", "x0 ~ " + random_terms(rng)},
               {"cov_type", kTypes[rng.below(std::size(kTypes))]}};
  if (linear) spec["precision"] = "double";
  if (!linear) spec["family"] = {{"name", "gaussian"}, {"link", nullptr}};
  if (spec["cov_type"] == "cluster")
    spec["clusters"] = rng.chance(0.5) ? Json({"f0", "f2"}) : Json({"f1"});
  if (rng.chance(0.3)) spec["pweights"] = "w";
  const FitPtr fit = make_fit(linear ? "linear" : "glm", spec);
  AnalysisPtr pass = main_pass(*fit, table);
  try {
    while (pass->name() == "linear" || pass->name() == "glm") {
      const StatePtr state = pass->empty();
      pass->update(*state, table.all());
      fit->accept(*state);
      if (AnalysisPtr next = fit->next()) pass = std::move(next);
    }
  } catch (const Error&) {  // too few complete rows for another pass
  }
  return pass;
}

// Outcomes by predicted probability: the first pass, which keeps rows or counts them, or the next.
inline AnalysisPtr random_outcome_pass(Rng& rng, const Table& table) {
  Json spec = {{"columns", columns_of_random_table()},
               {"formula", "(x0 / abs(x0) + 1) / 2 ~ I(1 / (1 + exp(-x1))) + I(1 / (1 + x2^2))"}};
  if (rng.chance(0.3)) spec["pweights"] = "w";
  if (rng.chance(0.2)) spec["grid"] = 7;
  if (rng.chance(0.5)) spec["most_kept"] = 2 + rng.below(40);
  if (rng.chance(0.4)) spec["rows"] = table.rows();
  const FitPtr fit = make_fit("evaluation", spec);
  AnalysisPtr pass = fit->next();
  try {
    for (uint64_t passes = rng.below(4); passes > 0; --passes) {
      const StatePtr state = pass->empty();
      pass->update(*state, table.all());
      fit->accept(*state);
      if (AnalysisPtr next = fit->next()) pass = std::move(next);
    }
  } catch (const Error&) {  // no rows, or one outcome only
  }
  // The laws copy states many times, and groups have one each: sixty thousand bins are too many.
  constexpr uint64_t kMostBytes = uint64_t{1} << 18;
  if (pass->state_bytes() <= kMostBytes) return pass;
  spec["grid"] = 7;
  return make_fit("evaluation", spec)->next();
}

// A fitted linear model with its covariance, or null where the rows allow none.
inline Json random_model(Rng& rng, const Table& table) {
  const FitPtr fit = make_fit("linear", {{"columns", columns_of_random_table()},
                                         {"formula", "x0 ~ " + random_terms(rng)},
                                         {"cov_coef", true}});
  try {
    while (const AnalysisPtr pass = fit->next()) {
      const StatePtr state = pass->empty();
      pass->update(*state, table.all());
      fit->accept(*state);
    }
    return fit->result();
  } catch (const Error&) {  // too few complete rows
    return nullptr;
  }
}

// The pass over the marginal effects of a fitted model; null where there are none.
inline AnalysisPtr random_margins_pass(Rng& rng, const Table& table) {
  const Json model = random_model(rng, table);
  if (model.is_null()) return nullptr;
  try {
    return make_fit("margins", {{"model", model}, {"response", rng.chance(0.5)}})->next();
  } catch (const Error&) {  // a number that is a factor too, a level without rows
    return nullptr;
  }
}

inline AnalysisPtr random_pass(Rng& rng, const Table& table) {
  if (rng.chance(0.1)) return random_outcome_pass(rng, table);
  if (rng.chance(0.2)) {
    if (AnalysisPtr pass = random_margins_pass(rng, table)) return pass;
  }
  if (rng.chance(0.15)) return random_score_pass(rng, table);
  if (rng.chance(0.1)) return make_analysis("levels", {{"columns", {"f1", "f0"}}});
  if (rng.chance(0.2)) return random_glm_pass(rng, table);
  Json spec = {{"columns", columns_of_random_table()}};
  const bool linear = rng.chance(0.5);
  spec["formula"] = (linear ? "x0 ~ " : "~ ") + random_terms(rng);
  if (linear) {
    spec["precision"] = rng.chance(0.5) ? "double" : "double-double";
    if (rng.chance(0.2)) spec["formula"] = spec["formula"].get<std::string>() + " - 1";
  } else {
    spec["by_term"] = rng.chance(0.5);
  }
  if (rng.chance(0.3)) spec["pweights"] = "w";
  if (!linear && !spec.contains("pweights") && rng.chance(0.3)) spec["fweights"] = "n";
  return main_pass(*make_fit(linear ? "linear" : "summary", spec), table);
}

inline AnalysisPtr random_analysis(Rng& rng, const Table& table, int depth = 0) {
  if (depth < 2 && rng.chance(0.2)) {
    std::vector<AnalysisPtr> parts;
    for (uint64_t left = 1 + rng.below(3); left > 0; --left)
      parts.push_back(random_analysis(rng, table, depth + 1));
    return tuple_of(std::move(parts));
  }
  if (depth < 2 && rng.chance(0.2))
    return grouped_by(numbered("f", rng.below(kFactors)), random_analysis(rng, table, depth + 1));
  return random_pass(rng, table);
}

inline Case random_plan(uint64_t seed, uint64_t most_rows) {
  Rng rng(seed);
  const uint64_t rows = rng.chance(0.1) ? rng.below(3) : rng.below(most_rows + 1);
  Table table = random_table(rng, rows, kNumeric, kFactors);
  AnalysisPtr analysis = random_analysis(rng, table);
  AnalysisPtr other = tuple_of({random_pass(rng, table)});
  return {std::move(analysis), std::move(other), std::move(table)};
}

// The same values as Arrow memory: numbers as doubles, NaN as null; labels as text.
inline insitu::testing::ArrowTable arrow_of(const Table& table, uint64_t begin, uint64_t n) {
  insitu::testing::ArrowTable out;
  const Chunk chunk = table.slice(begin, n);
  for (const Column& column : chunk.columns()) {
    if (column.kind() == ColumnKind::kNumeric) {
      std::vector<double> values(n);
      column.read_doubles(0, n, values.data());
      insitu::testing::Optionals<double> cells;
      for (const double x : values)
        cells.push_back(std::isnan(x) ? std::nullopt : std::optional(x));
      out.add(column.name(), insitu::testing::numbers(cells));
    } else {
      LevelTable labels;
      std::vector<uint32_t> codes(n);
      LevelEncoder(labels, true).encode(column, 0, n, codes.data());
      insitu::testing::Texts cells;
      for (const uint32_t code : codes) {
        cells.push_back(code == kMissingCode ? std::nullopt
                                             : std::optional(std::string(labels.label(code))));
      }
      out.add(column.name(), insitu::testing::text(cells));
    }
  }
  return out;
}

// What is estimated of groups may be more than any machine has.
inline RunOptions without_budget(unsigned threads) {
  RunOptions options;
  options.threads = threads;
  options.memory_budget = uint64_t{1} << 40;
  return options;
}

// The engine's state for the table in random batches.
inline StatePtr engine_state(const Case& c, Rng& rng, unsigned threads, Cache* cache) {
  std::vector<insitu::testing::ArrowTable> batches;
  batches.push_back(arrow_of(c.table, 0, 0));
  for (const auto& [begin, n] : random_cuts(rng, c.table.rows()))
    batches.push_back(arrow_of(c.table, begin, n));
  ArrowArrayStream stream;
  insitu::testing::make_stream(std::move(batches), &stream);
  return Run(c.analysis, &stream, cache, without_budget(threads)).finish();
}

// The same analysis, as another process makes it from its spec.
inline std::string spec_makes_the_same(const Case& c) {
  const Json spec = parse_json(dump_json(c.analysis->spec()), "spec");
  const Case made{make_analysis(c.analysis->name(), spec), c.other, c.table};
  if (made.analysis->fingerprint() != c.analysis->fingerprint())
    return "the analysis made from the spec has the spec " + dump_json(made.analysis->spec());
  return identical(*c.analysis, *whole(c), *whole(made), "as made from the spec");
}

inline std::string engine_agrees(const Case& c, Rng& rng) {
  Cache cache(uint64_t{1} << 30);
  const StatePtr one = engine_state(c, rng, 1, &cache);
  const StatePtr three = engine_state(c, rng, 3, nullptr);
  if (auto found = identical(*c.analysis, *one, *three, "1 and 3 threads"); !found.empty())
    return found;
  const StatePtr again = Run(c.analysis, nullptr, &cache, without_budget(1)).finish();
  if (auto found = identical(*c.analysis, *one, *again, "from the cache"); !found.empty())
    return found;
  return compare(*c.analysis, *whole(c), *one);
}

// The first disagreement of the plans of a seed, or "".
inline std::string plan_violation(uint64_t seed, uint64_t most_rows) {
  const Case subject = random_plan(seed, most_rows);
  std::string found = first_violation(subject, seed, seed % 4 == 0);
  if (found.empty()) {
    Rng rng(seed);
    try {
      found = spec_makes_the_same(subject);
      if (found.empty()) found = engine_agrees(subject, rng);
    } catch (const std::exception& error) {
      found = std::string("threw ") + error.what();
    }
    if (!found.empty()) found.insert(0, "the engine agrees with the whole: ");
  }
  if (found.empty()) return "";
  return "seed " + std::to_string(seed) + ", " + std::to_string(subject.table.rows()) + " rows, " +
         std::string(subject.analysis->name()) + " " + dump_json(subject.analysis->spec()) + ": " +
         found;
}

}  // namespace insitu::laws
