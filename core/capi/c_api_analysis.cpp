// Analyses and states, fits, row functions.
#include <cstdio>
#include <optional>

#include "base/arrow_import.hpp"
#include "base/cancel.hpp"
#include "base/envelope.hpp"
#include "base/json.hpp"
#include "base/stored_state.hpp"
#include "border.hpp"
#include "registry.hpp"

using namespace insitu;

namespace {

Json spec_of(const char* json, size_t size) {
  return parse_json(text_of(json, size, "spec_json"), "spec");
}

// A handle that holds something: a freed or moved-from one does not.
template <class Handle>
auto& held(Handle* handle, const char* name) {
  return need(need(handle, name).value.get(), name);
}

}  // namespace

insitu_code insitu_analysis_make(const char* name, const char* spec_json, size_t spec_size,
                                 insitu_analysis** out, insitu_error* error) {
  return gate(error, [&] {
    insitu_analysis*& made = clear(out);
    made = new insitu_analysis{make_analysis(name_of(name), spec_of(spec_json, spec_size))};
  });
}

insitu_code insitu_analysis_describe(const insitu_analysis* analysis, insitu_bytes* json,
                                     insitu_error* error) {
  return gate(error, [&] {
    const AnyAnalysis& a = held(analysis, "analysis");
    char fingerprint[17];
    std::snprintf(fingerprint, sizeof fingerprint, "%016llx",
                  static_cast<unsigned long long>(a.fingerprint()));
    give_json(json, {{"name", a.name()},
                     {"fingerprint", fingerprint},
                     {"columns", a.columns()},
                     {"state_bytes", a.state_bytes()},
                     {"spec", a.spec()}});
  });
}

void insitu_analysis_free(insitu_analysis* analysis) { delete analysis; }

insitu_code insitu_state_empty(const insitu_analysis* analysis, insitu_state** out,
                               insitu_error* error) {
  return gate(error, [&] {
    insitu_state*& made = clear(out);
    made = new insitu_state{held(analysis, "analysis").empty()};
  });
}

insitu_code insitu_state_update(const insitu_analysis* analysis, insitu_state* state,
                                const ArrowSchema* schema, const ArrowArray* batch,
                                int64_t first_row, insitu_error* error) {
  return gate(error, [&] {
    const AnyAnalysis& a = held(analysis, "analysis");
    AnyState& into = held(state, "state");
    const BatchSchema columns(need(schema, "schema"));
    const std::vector<size_t> wanted = columns.select(a.columns());
    const auto first =
        first_row < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(first_row));
    const BatchChunk rows(columns, need(batch, "batch"), wanted, first);
    a.update(into, rows.chunk());
  });
}

insitu_code insitu_state_merge(const insitu_analysis* analysis, insitu_state* into,
                               const insitu_state* from, insitu_error* error) {
  return gate(error, [&] {
    const AnyAnalysis& a = held(analysis, "analysis");
    if (into == from) throw SpecError("a state cannot be merged into itself; load a copy first");
    a.merge(held(into, "into"), held(from, "from"));
  });
}

insitu_code insitu_state_save(const insitu_analysis* analysis, const insitu_state* state,
                              insitu_bytes* bytes, insitu_error* error) {
  return gate(error,
              [&] { give_bytes(bytes, held(analysis, "analysis").save(held(state, "state"))); });
}

insitu_code insitu_state_load(const insitu_analysis* analysis, const char* bytes, size_t size,
                              insitu_state** out, insitu_error* error) {
  return gate(error, [&] {
    insitu_state*& made = clear(out);
    made =
        new insitu_state{held(analysis, "analysis").load(as_bytes(text_of(bytes, size, "bytes")))};
  });
}

insitu_code insitu_state_finalize(const insitu_analysis* analysis, const insitu_state* state,
                                  insitu_bytes* json, insitu_error* error) {
  return gate(error,
              [&] { give_json(json, held(analysis, "analysis").finalize(held(state, "state"))); });
}

insitu_code insitu_state_smallest_cell(const insitu_analysis* analysis, const insitu_state* state,
                                       uint64_t* rows, insitu_error* error) {
  return gate(error, [&] {
    need(rows, "rows") = held(analysis, "analysis").smallest_cell(held(state, "state"));
  });
}

void insitu_state_free(insitu_state* state) { delete state; }

insitu_code insitu_stored_state_seal(const char* spec, size_t spec_size, const char* state,
                                     size_t state_size, insitu_bytes* out, insitu_error* error) {
  return gate(error, [&] {
    give_bytes(out, seal_stored_state(text_of(spec, spec_size, "spec"),
                                      text_of(state, state_size, "state")));
  });
}

insitu_code insitu_stored_state_open(const char* bytes, size_t size, const char** spec,
                                     size_t* spec_size, const char** state, size_t* state_size,
                                     insitu_error* error) {
  return gate(error, [&] {
    const char*& spec_out = clear(spec);
    const char*& state_out = clear(state);
    size_t& spec_size_out = need(spec_size, "spec_size") = 0;
    size_t& state_size_out = need(state_size, "state_size") = 0;
    const StoredState stored = open_stored_state(as_bytes(text_of(bytes, size, "bytes")));
    spec_out = stored.spec.data();
    spec_size_out = stored.spec.size();
    state_out = stored.state.data();
    state_size_out = stored.state.size();
  });
}

insitu_code insitu_analysis_sums(const insitu_analysis* analysis, insitu_bytes* json,
                                 insitu_error* error) {
  return gate(error, [&] { give_json(json, held(analysis, "analysis").sums()); });
}

insitu_code insitu_state_from_sums(const insitu_analysis* analysis, const char* facts_json,
                                   size_t facts_size, const ArrowSchema* schema,
                                   const ArrowArray* answer, insitu_state** out,
                                   insitu_error* error) {
  return gate(error, [&] {
    insitu_state*& made = clear(out);
    const AnyAnalysis& a = held(analysis, "analysis");
    const Json facts = parse_json(text_of(facts_json, facts_size, "facts_json"), "facts of sums");
    const BatchSchema columns(need(schema, "schema"));
    std::vector<size_t> all(columns.columns().size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    const BatchChunk groups(columns, need(answer, "answer"), all);
    made = new insitu_state{a.from_sums(facts, groups.chunk())};
  });
}

insitu_code insitu_fit_make(const char* name, const char* spec_json, size_t spec_size,
                            insitu_fit** out, insitu_error* error) {
  return gate(error, [&] {
    insitu_fit*& made = clear(out);
    made = new insitu_fit{make_fit(name_of(name), spec_of(spec_json, spec_size))};
  });
}

insitu_code insitu_fit_next(insitu_fit* fit, insitu_analysis** out, insitu_error* error) {
  return gate(error, [&] {
    insitu_analysis*& made = clear(out);
    AnalysisPtr next = held(fit, "fit").next();
    if (next != nullptr) made = new insitu_analysis{std::move(next)};
  });
}

insitu_code insitu_fit_accept(insitu_fit* fit, const insitu_state* state, insitu_error* error) {
  return gate(error, [&] {
    Fit& solved = held(fit, "fit");
    const CancelScope scope(fit->cancelled);
    solved.accept(held(state, "state"));
  });
}

void insitu_fit_cancel(insitu_fit* fit) {
  if (fit != nullptr) fit->cancelled = true;
}

void insitu_watch(const volatile int* first, const volatile int* second) {
  watch_flags(first, second);
}

insitu_code insitu_fit_result(const insitu_fit* fit, insitu_bytes* json, insitu_error* error) {
  return gate(error, [&] { give_json(json, held(fit, "fit").result()); });
}

void insitu_fit_free(insitu_fit* fit) { delete fit; }

insitu_code insitu_row_function_make(const char* name, const char* spec_json, size_t spec_size,
                                     insitu_row_function** out, insitu_error* error) {
  return gate(error, [&] {
    insitu_row_function*& made = clear(out);
    made = new insitu_row_function{make_row_function(name_of(name), spec_of(spec_json, spec_size))};
  });
}

insitu_code insitu_row_function_describe(const insitu_row_function* function, insitu_bytes* json,
                                         insitu_error* error) {
  return gate(error, [&] {
    const RowFunction& f = held(function, "function");
    give_json(json, {{"name", f.name()},
                     {"columns", f.columns()},
                     {"outputs", f.outputs()},
                     {"spec", f.spec()}});
  });
}

void insitu_row_function_free(insitu_row_function* function) { delete function; }
