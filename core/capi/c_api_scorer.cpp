// Row functions for hosts that call once per row.
#include "base/row_scorer.hpp"
#include "border.hpp"

struct insitu_scorer {
  insitu::RowFunctionPtr function;  // the scorer reads it
  std::unique_ptr<insitu::RowScorer> value;
};

using namespace insitu;

insitu_code insitu_scorer_make(const insitu_row_function* function, insitu_scorer** out,
                               insitu_error* error) {
  return gate(error, [&] {
    insitu_scorer*& made = clear(out);
    RowFunctionPtr held = need(function, "function").value;
    const RowFunction& needed = need(held.get(), "function");
    auto scorer = make_scorer(needed);
    made = new insitu_scorer{std::move(held), std::move(scorer)};
  });
}

insitu_code insitu_scorer_apply(insitu_scorer* scorer, const insitu_value* values, double* out,
                                insitu_error* error) {
  return gate(error, [&] {
    insitu_scorer& s = need(scorer, "scorer");
    if (!s.function->columns().empty()) need(values, "values");
    s.value->score(values, &need(out, "out"));
  });
}

void insitu_scorer_free(insitu_scorer* scorer) { delete scorer; }
