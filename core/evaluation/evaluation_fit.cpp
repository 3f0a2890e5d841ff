#include "evaluation/evaluation_fit.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/erased.hpp"
#include "base/errors.hpp"
#include "base/json.hpp"
#include "design/levels_analysis.hpp"
#include "design/numeric_response.hpp"
#include "design/rows.hpp"

namespace insitu {
namespace {

constexpr uint64_t kMostKept = uint64_t{1} << 24;

// Of all predictions together.
RankingOptions read_options(SpecReader& reader, size_t predictions) {
  RankingOptions options;
  options.error_bound = reader.number("error_bound", 0.0);
  options.points = reader.count("points", options.points);
  options.grid = reader.count("grid", 0);
  options.most_kept = reader.count("most_kept", kMostKept) / std::max<size_t>(1, predictions);
  if (!(options.error_bound >= 0.0 && options.error_bound < 1.0))
    throw SpecError("error_bound is a number from 0 (exact) to below 1");
  if (options.points == 0) throw SpecError("points is a number of at least 1");
  if (options.most_kept == 0) throw SpecError("most_kept is at least the number of predictions");
  return options;
}

}  // namespace

EvaluationFit::EvaluationFit(const Json& spec) {
  SpecReader reader(spec, "evaluation");
  const std::string formula = reader.text("formula");
  const std::vector<DesignColumn> columns = read_columns(reader.list("columns"));
  const std::string pweights = reader.text_or_none("pweights").value_or("");
  const std::string fweights = reader.text_or_none("fweights").value_or("");
  const std::optional<uint64_t> rows = reader.count_or_none("rows");
  if (!pweights.empty() && !fweights.empty())
    throw SpecError("pweights and fweights were both given; take one of them");
  design_ = Design::make(with_numeric_response(formula, columns), columns,
                         pweights.empty() ? fweights : pweights);
  if (!design_.response.has_value())
    throw SpecError("formula \"" + formula + "\" has no outcome: write \"outcome ~ prediction\"");
  const std::vector<NumericProgram::Input>& inputs = design_.response->program.inputs();
  if (inputs.size() == 1 && inputs[0].codes) design_.response->label = inputs[0].column;
  for (const DesignTerm& term : design_.terms) {
    if (!term.factors.empty()) {
      throw SpecError("the prediction \"" + term.label +
                      "\" is not a number: predictions are probabilities, from 0 to 1");
    }
  }
  if (design_.features.empty()) throw SpecError("there are no predictions to evaluate");
  const RankingOptions options = read_options(reader, design_.features.size());
  reader.finish();
  rankings_.assign(design_.features.size(), Ranking(options, rows));
}

AnalysisPtr EvaluationFit::next() {
  if (done_) return nullptr;
  pass_ = levels_pass(design_);
  if (!pass_) {
    std::vector<ProbabilityPlan> plans;
    for (const Ranking& ranking : rankings_) plans.push_back(ranking.plan());
    pass_ = erase(OutcomeCountsAnalysis(design_, std::move(plans)));
  }
  ++passes_;
  return pass_;
}

void EvaluationFit::accept(const AnyState& any) {
  if (!pass_) throw InternalError("accept() before next()");
  if (!design_.open_codes().empty()) {
    design_ = with_levels(design_, *pass_, any);
    require_two_levels(design_, "outcome");
    return;
  }
  require_two_levels(design_, "outcome");
  const auto& state = state_cast<OutcomeCountsState>(*pass_, any);
  require_rows({state.rows, state.used, state.missing, state.zero_weight}, "to evaluate");
  if (first_.rows == 0) {
    first_ = {state.rows, state.used, state.missing, state.zero_weight, {}};
    for (const PredictionCounts& counts : state.predictions) {
      PredictionCounts& scores = first_.predictions.emplace_back();
      scores.impossible = counts.impossible;
      scores.log_loss = counts.log_loss;
      scores.squares = counts.squares;
    }
  } else if (state.rows != first_.rows || state.used != first_.used) {
    throw DataError("the data changed between passes: there were " + std::to_string(first_.used) +
                    " complete rows, and now there are " + std::to_string(state.used));
  }
  done_ = true;
  for (size_t k = 0; k < rankings_.size(); ++k) {
    Ranking& ranking = rankings_[k];
    if (!ranking.ended()) ranking.accept(state.predictions[k]);
    if (ranking.events() == 0.0 || ranking.others() == 0.0) {
      throw DataError("the outcome \"" + design_.response->label + "\" is " +
                      (ranking.events() == 0.0 ? "0" : "1") + " in all of " +
                      std::to_string(state.used) + " rows: there is nothing to tell apart");
    }
    done_ = done_ && ranking.ended();
  }
}

Json EvaluationFit::result() const {
  if (!done_) throw SpecError("the evaluation is not finished: a pass is still to be run");
  Json predictions = Json::array();
  const double weight = rankings_[0].events() + rankings_[0].others();
  for (size_t k = 0; k < rankings_.size(); ++k) {
    const PredictionCounts& scores = first_.predictions[k];
    Json one = rankings_[k].result();
    one["name"] = design_.features[k].label;
    one["log_loss"] = number_to_json(scores.impossible > 0 ? std::numeric_limits<double>::infinity()
                                                           : scores.log_loss.hi / weight);
    one["impossible"] = scores.impossible;
    one["brier_score"] = number_to_json(scores.squares.hi / weight);
    predictions.push_back(std::move(one));
  }
  return {{"kind", "evaluation"},
          {"outcome", design_.response->label},
          {"n_valid_obs", first_.used},
          {"n_missing_obs", first_.missing},
          {"n_zero_weight", first_.zero_weight},
          {"events", count_to_json(rankings_[0].events())},
          {"others", count_to_json(rankings_[0].others())},
          {"passes", passes_},
          {"predictions", std::move(predictions)}};
}

}  // namespace insitu
