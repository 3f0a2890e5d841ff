#include "design/bad_value.hpp"

#include "base/errors.hpp"
#include "design/rows.hpp"

namespace insitu {
namespace {

const char* advice(Fault fault) {
  switch (fault) {
    case Fault::kInfinite:
      return "infinite values cannot be used: filter them out with row_selection, or store null";
    case Fault::kNegativeWeight:
      return "a weight must not be negative";
    case Fault::kFractionOfRows:
      return "a frequency weight counts rows and must be a whole number: give other weights as "
             "pweights";
    case Fault::kNoExposure:
      return "an exposure must be above 0: leave such rows out by row_selection";
  }
  throw InternalError("a fault without advice");
}

}  // namespace

void refuse_value(std::string_view column, double value, const std::string& where, Fault fault) {
  throw DataError("column \"" + std::string(column) + "\" holds " + number_text(value) + " " +
                  where + "; " + advice(fault));
}

}  // namespace insitu
