// A Design says which columns of numbers a formula makes from which columns of a source. It is
// plain, immutable and serialisable; once its levels are frozen every worker, pass and scorer
// builds the same columns from it.
//
// A term is numeric (a feature), categorical (one or more factors: one column per cell of their
// levels) or a feature within cells (one slope per cell). One-hot columns are never expanded: they
// stay codes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/analysis.hpp"
#include "base/chunk.hpp"
#include "design/columns.hpp"
#include "formula/expression.hpp"
#include "formula/formula.hpp"

namespace insitu {

// A categorical variable: a factor column, or the whole parts of a number by F().
struct DesignFactor {
  // Places of the first and the last level of F(f, first, last), from 1.
  struct Window {
    int64_t first = 1;
    int64_t last = 1;
  };
  std::string label;    // canonical, "F(x)"
  std::string display;  // prefix of coefficient names, "F_x"
  std::string column;
  bool from_number = false;      // F() of a number: its whole parts
  bool exact = false;            // of a number whose every value is a level: clusters
  std::optional<Window> window;  // F() of a factor: other levels are missing
  std::optional<std::vector<std::string>> levels;  // absent: found in the data (open)
};

// A numeric variable: a column or an expression of columns.
struct DesignFeature {
  std::string label;
  ExprPtr expr;
  NumericProgram program;
};

struct DesignTerm {
  std::string label;
  std::vector<size_t> factors;    // indices into Design::factors, distinct, as written
  std::optional<size_t> feature;  // index into Design::features
  std::string feature_label;      // "x", "x:z"
};

// More cells than this in one interaction is a SpecError.
inline constexpr uint64_t kMaxCells = 10'000'000;

struct Design {
  std::string formula;
  std::vector<DesignColumn> columns;  // those used: of the formula, weights, clusters
  bool intercept = true;
  std::vector<DesignFactor> factors;
  std::vector<DesignFeature> features;
  std::vector<DesignTerm> terms;
  std::optional<DesignFeature> response;
  std::vector<DesignFeature> offsets;
  std::string weight;
  // Of a response cbind(success, failure), which is the share of successes: the number of trials,
  // below 0 where a count is. Rows weigh as much, times `weight`.
  std::optional<DesignFeature> trials;
  // Factors that rows are clustered by, for covariances; they need not be in a term. A row without
  // its cluster is incomplete.
  std::vector<size_t> clusters;

  // Builds the design of a formula over the columns of a source; of the columns `clusters` each
  // value is a cluster. SpecError for what the formula or the columns cannot do.
  static Design make(const std::string& formula, const std::vector<DesignColumn>& columns,
                     const std::string& weight, const std::vector<std::string>& clusters = {});
  static Design from_json(const Json& json);
  Json to_json() const;

  // Whether rows weigh differently.
  bool weighted() const { return !weight.empty() || trials.has_value(); }
  // SpecError where the response is cbind(…), for what takes numbers only.
  void refuse_counts() const;
  // The same without clusters, and without the columns that only they need.
  Design without_clusters() const;

  // True if every factor, and every column whose levels are positions, has its levels.
  bool frozen() const;
  // The same design with the levels of each factor fixed: found[k] belongs to factors[k].
  Design freeze(const std::vector<std::vector<std::string>>& found) const;
  // StateError unless a state's labels of each factor, in any order, can be levels of this design.
  void validate_levels(const std::vector<std::vector<std::string>>& found) const;
  // Fixes the levels of one factor column.
  void set_levels(const std::string& column, const std::vector<std::string>& labels);
  // Columns whose levels are positions, in N() or in bounds of F(), each once.
  std::vector<std::string> code_columns() const;
  // Those whose levels are not known; rows cannot be read before
  // levels_pass (levels_analysis.hpp) has found them.
  std::vector<std::string> open_codes() const;
  // SpecError naming the first of them.
  void require_codes() const;
  // Names of the columns to read for scoring: without response and weight.
  std::vector<std::string> predictor_columns() const;
  std::vector<std::string> column_names() const;
  // Whether a factor is in a term; others are clusters only.
  bool in_terms(size_t factor) const;
  const DesignColumn* find_column(const std::string& name) const;
  // The name of one column: "x", "f=a", "f=a, g=b", "x for f=a". cell: mixed-radix code, first
  // factor fastest.
  std::string coefficient_name(const DesignTerm& term, uint64_t cell) const;
  // The cell of term `within`, all of whose factors are in `term`, that a cell of `term` lies in.
  uint64_t cell_within(const DesignTerm& term, uint64_t cell, const DesignTerm& within) const;
  // Number of columns of a term; all its factors must have levels.
  uint64_t cells(const DesignTerm& term) const;
};

}  // namespace insitu
