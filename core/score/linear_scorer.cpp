#include "score/linear_scorer.hpp"

#include <cmath>
#include <limits>

#include "linalg/kernels.hpp"

namespace insitu {
namespace {

using Program = LinearScorer::Program;
using Step = LinearScorer::Step;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

[[gnu::always_inline]] inline double cell_value(const Program& program, const Step& step) {
  size_t index = step.first;
  for (size_t f = step.first_code; f < step.first_code + step.codes; ++f) {
    const uint32_t code = *program.codes[f].code;
    if (code >= kUnseenCode) return kNaN;
    index += program.codes[f].stride * code;
  }
  return (*program.coefficients)[index];
}

// In the order and with the roundings of LinearPredict::apply.
[[gnu::always_inline]] inline double run(const Program& program) {
  double fitted = program.intercept;
  for (const Step& step : program.steps) {
    const double value = step.codes == 0 ? step.slope : cell_value(program, step);
    fitted = step.x == nullptr ? fitted + value : std::fma(value, *step.x - step.center, fitted);
  }
  return fitted;
}

double run_baseline(const Program& program) { return run(program); }

#if defined(__x86_64__)
[[gnu::target("fma")]] double run_fma(const Program& program) { return run(program); }
#endif

double fitted_value(const Program& program) {
#if defined(__x86_64__)
  // Same bits either way: std::fma is exact in software too, only slow.
  if (active_isa() != Isa::kBaseline) return run_fma(program);
#endif
  return run_baseline(program);
}

}  // namespace

LinearScorer::LinearScorer(const LinearPredict& function)
    : function_(function),
      row_(function.scoring().design, function.columns(), function.needs()),
      outputs_(function.outputs().size()),
      scratch_{LinearOutcome::Scratch(1), {}} {
  const LinearScoring& scoring = function.scoring();
  program_.intercept = scoring.predictor.constant;
  program_.coefficients = &scoring.predictor.coefficients;
  const Tile& tile = row_.tile();
  for (size_t t = 0; t < scoring.predictor.terms.size(); ++t) {
    const DesignTerm& term = scoring.design.terms[t];
    Step step;
    step.first = scoring.predictor.terms[t].first;
    step.center = scoring.predictor.terms[t].center;
    if (term.feature.has_value()) step.x = tile.values[*term.feature];
    if (term.factors.empty()) step.slope = scoring.predictor.coefficients[step.first];
    step.first_code = static_cast<uint32_t>(program_.codes.size());
    step.codes = static_cast<uint32_t>(term.factors.size());
    for (size_t f = 0; f < term.factors.size(); ++f)
      program_.codes.push_back(
          {tile.codes[term.factors[f]], scoring.predictor.terms[t].strides[f]});
    program_.steps.push_back(step);
  }
}

void LinearScorer::score(const insitu_value* values, double* out) {
  const Tile& tile = row_.read(values);
  out[0] = fitted_value(program_);
  if (function_.bare()) {
    if (tile.offset != nullptr) out[0] += *tile.offset;
    return;
  }
  for (size_t k = 0; k < outputs_.size(); ++k) outputs_[k] = out + k;
  function_.finish(tile, outputs_, 0, scratch_);
}

}  // namespace insitu
