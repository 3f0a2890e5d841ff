#include "glm/glm_pace.hpp"

#include <cmath>

#include "linalg/symmetric.hpp"

namespace insitu {
namespace {

constexpr double kInSquares = 0.1;    // steps that shrink by more than this do so in squares
constexpr double kSlowest = 0.7;      // Newton's that shrink by less are given up
constexpr double kLastNewton = 1e-5;  // the square of a step of this size does not count
constexpr double kUncounted = 1e-10;  // nor does what is left after a step of this size
// Parts of the deviance that Fisher's steps take near the end. Linear predictors that are much too
// large fall by 1 a step, which takes a seven hundredth of it at least, and does not shrink.
constexpr double kNear = 1e-2;
constexpr double kVeryNear = 1e-3;
constexpr double kShrinks = 0.5;
constexpr double kMostErrors = 1.0;  // of a step that is mixed, in standard errors
constexpr size_t kMostTold = 6;

}  // namespace

// True where the information stays what it was.
bool GlmPace::choose_information(const Step& step) {
  const double rate = last_ == 0.0 ? 0.0 : step.relative / last_;
  const bool before = observed_;
  if (!observed_) {
    near_end_ =
        step.decrease <= kVeryNear ||
        (step.decrease <= kNear && (near_end_ || rate <= kShrinks || step.in_errors <= 1.0));
    observed_ = newton_ && near_end_;
  } else {
    newton_ = rate <= kSlowest;
    const bool uncounted =
        step.relative <= kUncounted ||
        (told_.size() <= 1 && rate <= kInSquares && step.relative <= kLastNewton);
    observed_ = newton_ && (!uncounted || step.theta_moves);
  }
  last_ = observed_ == before ? step.relative : 0.0;
  return observed_ == before;
}

// Of the places told before, next to the last one's: with steps f_j over their errors the least
// |f + sum g_j (f_j - f)|.
std::vector<double> GlmPace::weights(const LinearSolution& solution) const {
  const std::vector<double>& last = told_.back().step;
  const size_t m = told_.size() - 1;
  std::vector<std::vector<DoubleDouble>> columns(m + 1);
  for (size_t i = 0; i < last.size(); ++i) {
    if (solution.aliased[i]) continue;
    const double error = std::sqrt(static_cast<double>(solution.variances[i]));
    if (!(error > 0.0) || !std::isfinite(error)) continue;
    for (size_t j = 0; j < m; ++j)
      columns[j].push_back(DoubleDouble((told_[m - 1 - j].step[i] - last[i]) / error));
    columns[m].push_back(DoubleDouble(-last[i] / error));
  }
  SymmetricMatrix squares(m + 1);
  for (size_t a = 0; a <= m; ++a) {
    for (size_t b = a; b <= m; ++b) {
      DoubleDouble sum;
      for (size_t i = 0; i < columns[a].size(); ++i) sum += columns[a][i] * columns[b][i];
      squares.set(a, b, sum);
    }
  }
  FactorRequest request;
  for (size_t j = 0; j < m; ++j) request.order.push_back(j);
  request.responses = {m};
  const Factorisation factorisation(squares, request);
  const std::vector<DoubleDouble> solved = factorisation.solution(0);
  std::vector<double> found(m);
  for (size_t k = 0; k < solved.size(); ++k)
    found[m - 1 - factorisation.kept()[k]] = static_cast<double>(solved[k]);
  return found;
}

void GlmPace::restart() {
  told_.clear();
  unmixed_.reset();
  last_ = 0.0;
  if (!newtons_) return;
  observed_ = false;
  near_end_ = false;
}

GlmPlace GlmPace::after(const GlmPlace& at, const GlmPlace& next, const LinearSolution& solution,
                        const Step& step) {
  const double before = last_;
  newtons_ = observed_;
  const bool same = choose_information(step);
  if (canonical_) return next;
  const bool in_squares = before > 0.0 && step.relative <= kInSquares * before;
  const bool mixes = same && near_end_ && step.in_errors <= kMostErrors && !step.theta_moves;
  if (!mixes || in_squares || solution.aliased != aliased_) told_.clear();
  aliased_ = solution.aliased;
  unmixed_.reset();
  if (!mixes) return next;
  Told told{{}, next};
  for (size_t i = 0; i < next.coefficients.size(); ++i)
    told.step.push_back(next.coefficients[i] - at.coefficients[i]);
  told_.push_back(std::move(told));
  if (told_.size() > kMostTold) told_.erase(told_.begin());
  if (told_.size() == 1) return next;
  unmixed_ = next;
  std::vector<GlmPlace> places;
  for (const Told& one : told_) places.push_back(one.next);
  return combination(places, weights(solution));
}

}  // namespace insitu
