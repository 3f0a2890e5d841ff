#include "score/linear_sql.hpp"

#include <cmath>

#include "base/json.hpp"
#include "score/linear_scoring.hpp"
#include "score/sql_link.hpp"
#include "score/sql_writer.hpp"

namespace insitu {
namespace {

constexpr double kAsGoodAsInfinite = 1e300;

class LinearSql {
 public:
  LinearSql(const LinearScoring& scoring, const SqlDialect& dialect)
      : scoring_(scoring), dialect_(dialect), writer_(dialect, scoring.design) {}

  std::string text() {
    std::string sum = number(scoring_.predictor.constant);
    for (size_t t = 0; t < scoring_.predictor.terms.size(); ++t) {
      sum += " + " + term(t);
      SqlWriter::check_size(sum.size());
    }
    for (const DesignFeature& offset : scoring_.design.offsets) sum += " + " + value(*offset.expr);
    SqlWriter::check_size(sum.size());
    if (numbers_) sum = dialect_.without_infinities(dialect_.without_nan(sum));
    if (below_.empty() || above_.empty()) return sum;
    sum = "CASE WHEN NOT ((" + below_ + ") AND (" + above_ + ")) THEN " + sum + " END";
    SqlWriter::check_size(sum.size());
    return sum;
  }

 private:
  // What is not finite spoils the sum, whose own guard is enough.
  std::string value(const Expr& expr) {
    numbers_ = true;
    return writer_.value(expr).text;
  }

  std::string number(double coefficient) {
    return std::isfinite(coefficient) ? dialect_.number(coefficient) : dialect_.null_number();
  }

  std::string term(size_t t) {
    const DesignTerm& term = scoring_.design.terms[t];
    const LinearPredictor::Term& at = scoring_.predictor.terms[t];
    std::string coefficient;
    if (term.factors.empty()) {
      coefficient = number(scoring_.predictor.coefficients[at.first]);
    } else {
      coefficient = cells(t, 0, at.first, "");
      if (coefficient.empty()) coefficient = dialect_.null_number();
    }
    if (!term.feature.has_value()) return coefficient;
    const std::string x = value(*scoring_.design.features[*term.feature].expr);
    if (at.center == 0.0) return coefficient + " * " + x;
    return coefficient + " * (" + x + " - " + number(at.center) + ")";
  }

  // The coefficients of the cells from `index` on by the factors from `f` on, where `so_far` holds
  // of those before; empty if none of them had rows.
  std::string cells(size_t t, size_t f, size_t index, const std::string& so_far) {
    const std::vector<size_t>& factors = scoring_.design.terms[t].factors;
    if (f == factors.size()) {
      const double value = scoring_.predictor.coefficients[index];
      if (std::isinf(value)) return infinite(value, so_far);
      return std::isnan(value) ? "" : number(value);
    }
    const DesignFactor& factor = scoring_.design.factors[factors[f]];
    const std::string subject = writer_.subject(factor);
    std::string whens;
    for (const std::string& level : *factor.levels) {
      const std::string label = writer_.label(factor, level);
      const std::string here = so_far + (f == 0 ? "" : " AND ") + subject + " = " + label;
      const std::string inner = label.empty() ? "" : cells(t, f + 1, index, here);
      if (!inner.empty()) whens += " WHEN " + label + " THEN " + inner;
      index += scoring_.predictor.terms[t].strides[f];
      SqlWriter::check_size(whens.size());
    }
    return whens.empty() ? "" : "CASE " + subject + whens + " END";
  }

  // An infinite coefficient leads to a mean of 0 or 1; where infinities are refused, so does this.
  // Two of opposite signs have no sum.
  std::string infinite(double value, const std::string& where) {
    std::string& rows = value < 0.0 ? below_ : above_;
    rows += (rows.empty() ? "" : " OR ") + where;
    SqlWriter::check_size(rows.size());
    return dialect_.number(std::copysign(kAsGoodAsInfinite, value));
  }

  const LinearScoring& scoring_;
  const SqlDialect& dialect_;
  SqlWriter writer_;
  bool numbers_ = false;
  std::string below_;  // the rows with a coefficient of -infinity
  std::string above_;  // and of infinity
};

}  // namespace

std::string prediction_to_sql(const Json& model, std::string_view dialect) {
  const SqlDialect& known = SqlDialect::named(dialect);
  const LinearScoring scoring = LinearScoring::from_model(model);
  return mean_to_sql(scoring.family.link, LinearSql(scoring, known).text(), known);
}

}  // namespace insitu
