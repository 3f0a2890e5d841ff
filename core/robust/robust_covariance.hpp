// Covariances of coefficients that do not trust the model's variances: A^-1 B A^-1 with A = X'WX
// and B the squares of scores, row by row (HC0 to HC3) or of the sums of clusters.
//
// HC1 counts n / (n - p) times, HC2 divides a row's square by 1 - h, HC3 by its square (MacKinnon
// and White, 1985); clusters count G / (G - 1) x (n - 1) / (n - p) times, and tests of theirs have
// G - 1 degrees of freedom; two columns give the sum of both less that of their combinations
// (Cameron, Gelbach and Miller, 2011), and the fewer clusters count.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "design/cross_products.hpp"
#include "family/family.hpp"
#include "robust/score_rows.hpp"
#include "solve/linear_solver.hpp"

namespace insitu {

struct CovarianceOptions {
  std::string type = "classical";     // "HC0" to "HC3", "cluster"
  std::vector<std::string> clusters;  // columns

  bool robust() const { return type != "classical"; }
  // Reads "cov_type" and "clusters". SpecError where they do not fit each other.
  static CovarianceOptions read(SpecReader& reader);
  // SpecError where a robust covariance of so many coefficients is not possible.
  void require_possible(const LinearSolution& solution) const;
};

// A fitted model and the pass that its covariance needs. It owns what its solution refers to.
class RobustFit {
 public:
  struct Input {
    CovarianceOptions options;
    Family family;
    Design design;           // frozen
    CrossProducts products;  // with its levels in order
    SolverOptions solver;
    double observations = 0.0;
    bool wald = false;  // all coefficients are tested together
    // Columns of infinite coefficients, whose rows have no scores, and what they add to the rank.
    std::vector<std::pair<size_t, double>> infinite = {};
    size_t more_rank = 0;
  };
  // SpecError where the covariance of so many coefficients is not possible.
  explicit RobustFit(Input input);
  RobustFit(const RobustFit&) = delete;
  RobustFit& operator=(const RobustFit&) = delete;

  const AnalysisPtr& pass() const { return pass_; }
  // The state of that pass. DataError where there are too few clusters.
  void accept(const AnyState& state);

  const LinearSystem& system() const { return solved_->system; }
  // After accept(): with the robust covariance for (X'WX)^-1, to be taken times 1.
  const LinearSolution& solution() const { return solved_->solution; }
  // Of tests: n - p, or clusters - 1.
  double df() const { return df_; }
  // By Wald, of all coefficients but the intercept; NaN where their covariance has not full rank.
  double wald() const { return wald_; }
  // {"column", "groups"} each.
  Json clusters() const;
  std::vector<std::string> warnings() const;

 private:
  SymmetricMatrix sandwich_of_squares(const AnyState& state);
  SymmetricMatrix sandwich_of_clusters(const AnyState& state);
  double wald_of_coefficients() const;
  void forget(size_t position);
  void forget_rounding(const SymmetricMatrix& classical);

  Input input_;
  CellPlan plan_;
  std::optional<SolvedSystem> solved_;
  AnalysisPtr pass_;
  double df_ = 0.0;
  double wald_ = 0.0;
  uint64_t full_leverage_ = 0;
  std::vector<size_t> degenerate_;  // columns whose variance is not above rounding
  std::vector<uint64_t> groups_;
};

}  // namespace insitu
