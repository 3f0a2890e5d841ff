// Fit "margins": average marginal effects of a fitted model, in one pass.
//
// Of a number: the mean over rows of the derivative of what is predicted. Of a factor, or where
// values are given: the difference of two means, each with the column set in all rows (discrete
// change). Errors are by the delta method, with the covariance of the model; rows are taken as they
// are.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "inference/margins_analysis.hpp"

namespace insitu {

class MarginsFit final : public Fit {
 public:
  // {"model", "variables": null | [{"column", "values": null | [number | text, …]}, …], "at":
  // [{"column", "value"}, …], "type": "response" | "link", "response": bool, "conf_level": 0.95,
  // "columns", "rows"}; docs/architecture.md has the result. SpecError where the model has no
  // covariance, or cannot answer.
  explicit MarginsFit(const Json& spec);

  std::string_view name() const override { return "margins"; }
  AnalysisPtr next() override { return result_.is_null() ? pass_ : nullptr; }
  // DataError where no row counts.
  void accept(const AnyState& state) override;
  Json result() const override;

 private:
  // One line of the result: the mean of a quantity, less that of another.
  struct Effect {
    std::string variable;
    std::string contrast;
    size_t quantity = 0;
    std::optional<size_t> reference;
  };
  // Of the coefficients, about the predictor's centers.
  struct Covariance {
    std::vector<size_t> columns;
    std::vector<double> packed;
    double variance(const std::vector<double>& gradient) const;
  };

  struct Estimate {
    double effect;
    double std_error;
  };
  Estimate estimate(const Effect& effect, const MarginsState& state) const;
  static std::string undefined_warning(const Effect& effect, uint64_t undefined, uint64_t used);
  void ask(const Design& design, const std::string& column, const Json* values);
  void ask_slope(const std::string& column);
  void ask_levels(const std::string& column, const std::vector<ColumnSetting>& values);
  size_t add(MarginQuantity quantity);

  std::vector<ColumnSetting> at_;
  std::vector<MarginQuantity> quantities_;
  std::vector<Effect> effects_;
  Covariance covariance_;
  std::string type_;
  bool normal_ = false;
  double df_ = 0.0;
  double conf_level_ = 0.95;
  AnalysisPtr pass_;
  Json result_;
};

}  // namespace insitu
