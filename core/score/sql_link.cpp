#include "score/sql_link.hpp"

#include <cmath>
#include <numbers>
#include <span>

namespace insitu {
namespace {

// Beyond it 1 / (1 + exp(-eta)), and its like, round to 1.
constexpr double kIsOne = 40.0;
// exp(-eta) of it is within the range of doubles.
constexpr double kFarBelow = -700.0;
// exp(-exp(eta)) of it rounds away beside 1.
constexpr double kCloglogIsOne = 4.0;

// The normal distribution function: Cody, Rational Chebyshev approximations for the error function
// (Mathematics of Computation 23, 1969), in the form of his ANORM (1993): near the middle, in the
// tail, and far out in it.
constexpr double kMiddle = 0.67448975;
constexpr double kTail = 5.656854249492380195;  // sqrt(32)
constexpr double kFarthest = 38.5;              // where the tail is below all doubles
constexpr double kMiddleAbove[] = {.065682337918207449113, 2.2352520354606839287,
                                   161.02823106855587881, 1067.6894854603709582,
                                   18154.981253343561249};
constexpr double kMiddleBelow[] = {1.0, 47.20258190468824187, 976.09855173777669322,
                                   10260.932208618978205, 45507.789335026729956};
constexpr double kTailAbove[] = {
    1.0765576773720192317e-8, .39894151208813466764, 8.8831497943883759412,
    93.506656132177855979,    597.27027639480026226, 2494.5375852903726711,
    6848.1904505362823326,    11602.651437647350124, 9842.7148383839780218};
constexpr double kTailBelow[] = {1.0,
                                 22.266688044328115691,
                                 235.38790178262499861,
                                 1519.377599407554805,
                                 6485.558298266760755,
                                 18615.571640885098091,
                                 34900.952721145977266,
                                 38912.003286093271411,
                                 19685.429676859990727};
constexpr double kFarAbove[] = {.02307344176494017303,  .21589853405795699,
                                .1274011611602473639,   .022235277870649807,
                                .001421619193227893466, 2.9112874951168792e-5};
constexpr double kFarBelowOf[] = {1.0,
                                  1.28426009614491121,
                                  .468238212480865118,
                                  .0659881378689285515,
                                  .00378239633202758244,
                                  7.29751555083966205e-5};

class MeanSql {
 public:
  explicit MeanSql(const SqlDialect& dialect) : dialect_(dialect) {}

  std::string logit(const std::string& eta) const {
    if (!dialect_.strict) return "1e0 / (1e0 + EXP(-(" + eta + ")))";
    return bound(eta, "CASE WHEN eta > " + number(kIsOne) + " THEN " + number(1.0) +
                          " WHEN eta >= " + number(kFarBelow) + " THEN " + number(1.0) + " / (" +
                          number(1.0) + " + EXP(-eta)) ELSE " + exponential("eta") + " END");
  }

  std::string log(const std::string& eta) const {
    if (!dialect_.strict) return dialect_.without_infinities("EXP(" + eta + ")");
    return bound(eta, exponential("eta"));
  }

  std::string cauchit(const std::string& eta) const {
    return std::string(dialect_.atan2) + "(" + number(1.0) + ", -(" + eta + ")) / " +
           number(std::numbers::pi);
  }

  // 1 - exp(-u) of u = exp(eta), by Kahan's correction of what the rounding of exp(-u) lost.
  std::string cloglog(const std::string& eta) const {
    const std::string u =
        "CASE WHEN eta <= " + number(kCloglogIsOne) + " THEN " + exponential("eta") + " END";
    const std::string rows = "(SELECT eta, u, EXP(-u) AS w FROM (SELECT eta, " + u +
                             " AS u FROM (SELECT " + eta + " AS eta) AS a) AS b) AS c";
    const std::string one = number(1.0);
    return "(SELECT CASE WHEN eta > " + number(kCloglogIsOne) + " THEN " + one +
           " WHEN w = " + one + " THEN u ELSE (" + one + " - w) * u / -" +
           std::string(dialect_.ln) + "(w) END FROM " + rows + ")";
  }

  std::string probit(const std::string& eta) const {
    const std::string one = number(1.0);
    const std::string density = "EXP(-y * y / " + number(2.0) + ")";
    const std::string middle = number(0.5) + " + eta * " + ratio(kMiddleAbove, kMiddleBelow, "s");
    const std::string tail = density + " * " + ratio(kTailAbove, kTailBelow, "y");
    const std::string far = density + " * (" + number(1.0 / std::sqrt(2.0 * std::numbers::pi)) +
                            " - r * " + ratio(kFarAbove, kFarBelowOf, "r") + ") / y";
    const std::string from_tail = "(SELECT eta, y, s, CASE WHEN y <= " + number(kMiddle) +
                                  " THEN " + number(0.0) + " WHEN y <= " + number(kTail) +
                                  " THEN " + tail + " WHEN y <= " + number(kFarthest) + " THEN " +
                                  far + " ELSE " + number(0.0) + " END AS t FROM (SELECT eta, y, " +
                                  "y * y AS s, " + one + " / NULLIF(y * y, " + number(0.0) +
                                  ") AS r FROM (SELECT eta, ABS(eta) AS y FROM (SELECT " + eta +
                                  " AS eta) AS a) AS b) AS c) AS d";
    return "(SELECT CASE WHEN y <= " + number(kMiddle) + " THEN " + middle + " WHEN eta > " +
           number(0.0) + " THEN " + one + " - t WHEN eta < " + number(0.0) + " THEN t END FROM " +
           from_tail + ")";
  }

  // The mean whose `power`-th power is eta.
  std::string root(double power, const std::string& eta) const {
    if (power == 1.0) return eta;
    if (power == -1.0) return number(1.0) + " / NULLIF(" + eta + ", " + number(0.0) + ")";
    return bound(eta, "CASE WHEN eta > " + number(0.0) + " THEN " +
                          SqlWriter::power(dialect_, "eta", 1.0 / power) + " END");
  }

 private:
  std::string number(double value) const { return dialect_.number(value); }

  std::string bound(const std::string& eta, const std::string& mean) const {
    return "(SELECT " + mean + " FROM (SELECT " + eta + " AS eta) AS a)";
  }

  std::string exponential(const std::string& x) const {
    return SqlWriter::exponential(dialect_, x);
  }

  // Quotient of two polynomials, highest power first.
  std::string ratio(std::span<const double> above, std::span<const double> below,
                    const std::string& x) const {
    return polynomial(above, x) + " / " + polynomial(below, x);
  }
  std::string polynomial(std::span<const double> terms, const std::string& x) const {
    std::string text = number(terms[0]);
    for (const double term : terms.subspan(1)) {
      std::string next = "(" + text;
      next += " * " + x + " + " + number(term) + ")";
      text = std::move(next);
    }
    return text;
  }

  const SqlDialect& dialect_;
};

}  // namespace

std::string mean_to_sql(const Link& link, const std::string& eta, const SqlDialect& dialect) {
  const MeanSql sql(dialect);
  switch (link.kind) {
    case LinkKind::kLogit:
      return sql.logit(eta);
    case LinkKind::kLog:
      return sql.log(eta);
    case LinkKind::kProbit:
      return sql.probit(eta);
    case LinkKind::kCauchit:
      return sql.cauchit(eta);
    case LinkKind::kCloglog:
      return sql.cloglog(eta);
    default:
      return sql.root(link.as_power(), eta);
  }
}

}  // namespace insitu
