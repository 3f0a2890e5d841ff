#include "robust/robust_covariance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/cancel.hpp"
#include "base/erased.hpp"
#include "robust/cluster_scores.hpp"
#include "robust/score_squares.hpp"
#include "solve/model_covariance.hpp"
#include "solve/raw_basis.hpp"

namespace insitu {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
// Of the classical variance: below it a robust one is made of rounding errors.
constexpr double kLeastVariance = 1e-13;

constexpr double kRoundingOfSquares = 0x1p-50;
constexpr double kWorstError = 1e-7;

// outer inner outer, of symmetric matrices.
SymmetricMatrix sandwich(const SymmetricMatrix& outer, const SymmetricMatrix& inner) {
  const size_t k = outer.size;
  AlignedDoubles hi(k * k);
  AlignedDoubles lo(k * k);
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < k; ++j) {
      const DoubleDouble x = inner.at(i, j);
      hi[i * k + j] = x.hi;
      lo[i * k + j] = x.lo;
    }
  }
  std::vector<double> half_hi(k);
  std::vector<double> half_lo(k);
  SymmetricMatrix result(k);
  for (size_t i = 0; i < k; ++i) {
    check_cancelled();
    std::fill(half_hi.begin(), half_hi.end(), 0.0);
    std::fill(half_lo.begin(), half_lo.end(), 0.0);
    for (size_t c = 0; c < k; ++c)
      dd_axpy(outer.at(i, c), &hi[c * k], &lo[c * k], k, half_hi.data(), half_lo.data());
    for (size_t j = i; j < k; ++j) {
      DoubleDouble sum;
      for (size_t c = 0; c < k; ++c) sum += DoubleDouble(half_hi[c], half_lo[c]) * outer.at(c, j);
      result.set(i, j, sum);
    }
  }
  return result;
}

// Adds the square of A^-1 s for every cluster's s, times `factor`, to a packed matrix. The inverse
// comes first: squares of sums of nearly dependent columns would lose twice the digits.
class ClusterSquares {
 public:
  explicit ClusterSquares(const LinearSolution& solution)
      : kept_(solution.kept),
        inverse_(solution.inverse),
        sums_(kept_.size() * kStride),
        moved_(kept_.size() * kStride),
        squares_(packed_size(kept_.size())) {}

  void add(const std::vector<uint64_t>& counts, const std::vector<DoubleDouble>& sums,
           double factor, std::vector<double>& into) {
    const size_t width = counts.empty() ? 0 : sums.size() / counts.size();
    size_t filled = 0;
    for (size_t cell = 0; cell < counts.size(); ++cell) {
      if (counts[cell] == 0) continue;
      for (size_t i = 0; i < kept_.size(); ++i)
        sums_[i * kStride + filled] = sums[cell * width + kept_[i]].hi;
      if (++filled < kBlock) continue;
      square(filled, factor, into);
      filled = 0;
    }
    if (filled > 0) square(filled, factor, into);
  }

 private:
  static constexpr size_t kBlock = 256;  // clusters
  static constexpr size_t kStride = kBlock | 8;

  void square(size_t clusters, double factor, std::vector<double>& into) {
    check_cancelled();
    const size_t k = kept_.size();
    const size_t rows = round_up_8(clusters);
    std::fill(moved_.begin(), moved_.end(), 0.0);
    for (size_t i = 0; i < k; ++i) {
      std::fill_n(&sums_[i * kStride + clusters], rows - clusters, 0.0);
      for (size_t j = 0; j < k; ++j)
        add_scaled(inverse_.at(i, j).hi, &sums_[i * kStride], 0.0, rows, &moved_[j * kStride]);
    }
    gram(moved_.data(), rows, kStride, k, squares_.data());
    for (size_t p = 0; p < into.size(); ++p) into[p] += factor * squares_[p];
  }

  const std::vector<size_t>& kept_;
  const SymmetricMatrix& inverse_;
  AlignedDoubles sums_;   // per kept column, of the clusters of a block
  AlignedDoubles moved_;  // the same times the inverse
  std::vector<double> squares_;
};

}  // namespace

CovarianceOptions CovarianceOptions::read(SpecReader& reader) {
  CovarianceOptions options;
  options.type =
      reader.one_of("cov_type", {"classical", "HC0", "HC1", "HC2", "HC3", "cluster"}, "classical");
  if (reader.optional("clusters") != nullptr) options.clusters = reader.texts("clusters");
  if ((options.type == "cluster") == options.clusters.empty()) {
    throw SpecError(options.clusters.empty()
                        ? "cov_type='cluster' needs the columns that rows are clustered by"
                        : "clusters are given, and cov_type is '" + options.type +
                              "': it must be 'cluster'");
  }
  if (options.clusters.size() > 2) {
    throw SpecError("rows are clustered by one or two columns, and " +
                    std::to_string(options.clusters.size()) + " are given");
  }
  return options;
}

void CovarianceOptions::require_possible(const LinearSolution& solution) const {
  if (robust()) require_covariance(solution, "cov_type='" + type + "'");
}

RobustFit::RobustFit(Input input)
    : input_(std::move(input)), plan_(CellPlan::make(input_.design, true)) {
  SolverOptions direct = input_.solver;
  direct.direct_columns = kMostCovarianceColumns;
  solved_.emplace(solve(input_.design, plan_, input_.products, direct));
  const LinearSolution& solution = solved_->solution;
  input_.options.require_possible(solution);
  FittedPoint point{input_.family, predictor_of(solved_->system, solution)};
  for (const auto& [column, value] : input_.infinite) point.predictor.coefficients[column] = value;
  df_ = input_.observations - static_cast<double>(solution.rank + input_.more_rank);
  if (!input_.options.clusters.empty()) {
    pass_ = erase(ClusterScoresAnalysis(input_.design, std::move(point)));
    return;
  }
  Leverage leverage;
  if (input_.options.type == "HC2") leverage.power = 1;
  if (input_.options.type == "HC3") leverage.power = 2;
  if (leverage.power > 0) {
    leverage.columns = solution.kept;
    leverage.inverse = solution.inverse.hi;
  }
  pass_ = erase(ScoreSquaresAnalysis(input_.design, std::move(point), std::move(leverage)));
}

SymmetricMatrix RobustFit::sandwich_of_squares(const AnyState& any) {
  const auto& state = state_cast<ScoreSquaresState>(*pass_, any);
  full_leverage_ = state.full_leverage;
  const std::vector<size_t>& kept = solution().kept;
  SymmetricMatrix inner(kept.size());
  if (state.products.weight.hi > 0.0) {
    const CrossProducts products = align_levels(input_.design, plan_, state.products);
    const LinearSystem squares = system().of(products);
    DoubleDouble factor = 1.0;
    if (input_.options.type == "HC1")
      factor = DoubleDouble(input_.observations) / DoubleDouble(df_);
    for (size_t i = 0; i < kept.size(); ++i) {
      for (size_t j = i; j < kept.size(); ++j)
        inner.set(i, j, squares.entry(kept[i], kept[j]) * factor);
    }
  }
  return sandwich(solution().inverse, inner);
}

SymmetricMatrix RobustFit::sandwich_of_clusters(const AnyState& any) {
  const auto& state = state_cast<ClusterScoresState>(*pass_, any);
  const std::vector<size_t>& kept = solution().kept;
  const size_t k = kept.size();
  SymmetricMatrix result(k);
  ClusterSquares squares(solution());
  std::vector<uint64_t> clusters;
  for (size_t set = 0; set < state.counts.size(); ++set) {
    const std::vector<uint64_t>& counts = state.counts[set];
    const auto groups =
        counts.size() - static_cast<size_t>(std::count(counts.begin(), counts.end(), 0));
    if (set < input_.options.clusters.size()) clusters.push_back(groups);
    if (groups < 2) {
      throw DataError("the " + std::to_string(state.used) + " rows that were used have " +
                      std::to_string(groups) + " value of \"" +
                      input_.options.clusters[std::min(set, input_.options.clusters.size() - 1)] +
                      "\", and covariances by cluster need at least 2: take another column, or "
                      "cov_type='HC1'");
    }
    const auto g = static_cast<double>(groups);
    const double factor = g / (g - 1.0) * (input_.observations - 1.0) / df_;
    squares.add(counts, state.sums[set], set == 2 ? -factor : factor, result.hi);
  }
  groups_ = std::move(clusters);
  return result;
}

// What may be cancelled comes first: until it is done nothing changes.
void RobustFit::accept(const AnyState& state) {
  const double residual_df = df_;
  SymmetricMatrix covariance =
      input_.options.clusters.empty() ? sandwich_of_squares(state) : sandwich_of_clusters(state);
  LinearSolution& solution = solved_->solution;
  SymmetricMatrix raw =
      raw_inverse(RawBasis(solved_->system, solution.aliased), solution.kept, covariance);
  const SymmetricMatrix classical = std::exchange(solution.raw_inverse, std::move(raw));
  solution.inverse = std::move(covariance);
  if (!groups_.empty())
    df_ = static_cast<double>(*std::min_element(groups_.begin(), groups_.end())) - 1.0;
  for (size_t i = 0; i < solution.kept.size(); ++i)
    solution.variances[solution.kept[i]] = solution.raw_inverse.at(i, i);
  wald_ = kUnknown;
  if (residual_df > 0.0) {
    forget_rounding(classical);
    if (input_.wald && degenerate_.empty()) wald_ = wald_of_coefficients();
    return;
  }
  for (size_t i = 0; i < solution.kept.size(); ++i) forget(i);
}

// A coefficient has no variance, and no covariances.
void RobustFit::forget(size_t position) {
  LinearSolution& solution = solved_->solution;
  solution.variances[solution.kept[position]] = kUnknown;
  for (size_t j = 0; j < solution.kept.size(); ++j) solution.raw_inverse.set(position, j, kUnknown);
}

// A coefficient that rows fit exactly has scores of rounding errors, whose squares tell nothing;
// and those of two columns of clusters may be below zero.
void RobustFit::forget_rounding(const SymmetricMatrix& classical) {
  LinearSolution& solution = solved_->solution;
  const double dispersion = static_cast<double>(solution.residual_squares) /
                            (input_.observations - static_cast<double>(solution.rank));
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    DoubleDouble& variance = solution.variances[solution.kept[i]];
    if (variance.hi > kLeastVariance * classical.at(i, i).hi * dispersion) continue;
    if (dispersion == 0.0) {
      variance = 0.0;  // the model fits every row
      continue;
    }
    forget(i);
    degenerate_.push_back(solution.kept[i]);
  }
}

double RobustFit::wald_of_coefficients() const {
  const LinearSolution& solution = solved_->solution;
  // Without an intercept a factor may have taken up the response's center.
  const bool centred = system().intercept();
  const SymmetricMatrix& covariance = centred ? solution.inverse : solution.raw_inverse;
  const std::vector<DoubleDouble>& values = centred ? solution.centred : solution.coefficients;
  std::vector<size_t> tested;
  for (size_t i = 0; i < solution.kept.size(); ++i) {
    if (!centred || solution.kept[i] != 0) tested.push_back(i);
  }
  const size_t q = tested.size();
  if (!groups_.empty() && static_cast<double>(q) > df_) return kUnknown;
  SymmetricMatrix matrix(q + 1);
  FactorRequest request;
  request.responses = {q};
  for (size_t i = 0; i < q; ++i) {
    request.order.push_back(i);
    for (size_t j = i; j < q; ++j) matrix.set(i, j, covariance.at(tested[i], tested[j]));
    matrix.set(i, q, values[solution.kept[tested[i]]]);
  }
  const Factorisation factorisation(matrix, request);
  if (factorisation.kept().size() < q || !factorisation.suspicious().empty()) return kUnknown;
  const std::vector<DoubleDouble> solved = factorisation.solution(0);
  DoubleDouble sum;
  for (size_t i = 0; i < q; ++i) sum += solved[i] * matrix.at(factorisation.kept()[i], q);
  return static_cast<double>(sum);
}

Json RobustFit::clusters() const {
  Json list = Json::array();
  for (size_t k = 0; k < groups_.size(); ++k)
    list.push_back({{"column", input_.options.clusters[k]}, {"groups", groups_[k]}});
  return list;
}

std::vector<std::string> RobustFit::warnings() const {
  std::vector<std::string> list;
  // Squares of scores are summed in double, and A^-1 on both sides multiplies their rounding.
  const double error = kRoundingOfSquares * solution().condition;
  if (input_.options.clusters.empty() && error > kWorstError) {
    list.push_back("columns are nearly combinations of others: cov_type='" + input_.options.type +
                   "' may keep as few as " +
                   std::to_string(std::max(0, static_cast<int>(-std::log10(error)))) +
                   " digits of their standard errors; take numbers about their means, or fewer "
                   "powers");
  }
  if (full_leverage_ > 0) {
    list.push_back(std::to_string(full_leverage_) +
                   " rows have a coefficient of their own (a leverage of 1): cov_type='" +
                   input_.options.type + "' is not defined there, and they are left out of it");
  }
  if (!degenerate_.empty()) {
    const bool two = input_.options.clusters.size() == 2;
    list.push_back("the " + input_.options.type + " variance of " +
                   std::to_string(degenerate_.size()) + " of " + std::to_string(solution().rank) +
                   " coefficients (\"" + system().name(degenerate_.front()) + "\" first) is " +
                   (two ? "not above zero, which two columns of clusters can do: their standard "
                          "errors are missing; cluster by one of the columns"
                        : "not above rounding, as where one row alone is fitted exactly: their "
                          "standard errors "
                          "are missing"));
  }
  const size_t tested = solution().rank - (system().intercept() ? 1 : 0);
  if (input_.wald && !groups_.empty() && static_cast<double>(tested) > df_) {
    list.push_back("F is not defined: " + std::to_string(tested) +
                   " coefficients cannot be tested "
                   "at once with " +
                   std::to_string(static_cast<uint64_t>(df_) + 1) + " clusters");
  }
  return list;
}

}  // namespace insitu
