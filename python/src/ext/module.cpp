// insitu._core: the C border with the names that Python uses. No logic, no algorithm.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "handles.hpp"
#include "map_stream.hpp"

namespace insitu_python {
namespace {

using nb::literals::operator""_a;

nb::bytes as_bytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

// The two capsules of __arrow_c_array__, alive as long as this is.
struct BorrowedBatch {
  explicit BorrowedBatch(const nb::object& source) : capsules(source.attr("__arrow_c_array__")()) {
    schema = static_cast<ArrowSchema*>(
        PyCapsule_GetPointer(nb::object(capsules[0]).ptr(), "arrow_schema"));
    array = static_cast<ArrowArray*>(
        PyCapsule_GetPointer(nb::object(capsules[1]).ptr(), "arrow_array"));
    if (schema == nullptr || array == nullptr) throw nb::python_error();
  }
  nb::object capsules;
  ArrowSchema* schema;
  ArrowArray* array;
};

Analysis make_analysis(const std::string& name, const std::string& spec) {
  insitu_analysis* made = nullptr;
  call([&](insitu_error* error) {
    return insitu_analysis_make(name.c_str(), spec.data(), spec.size(), &made, error);
  });
  return {Owned<insitu_analysis, insitu_analysis_free>(made)};
}

State state_of(insitu_state* handle) { return {Owned<insitu_state, insitu_state_free>(handle)}; }

void bind_analysis(nb::module_& m) {
  nb::class_<State>(m, "State", "What a pass ends in; opaque.");
  nb::class_<Analysis>(m, "Analysis", "One pass over rows that ends in a small state.")
      .def(
          "__init__",
          [](Analysis* self, const std::string& name, const std::string& spec) {
            new (self) Analysis(make_analysis(name, spec));
          },
          "name"_a, "spec"_a)
      .def("describe",
           [](const Analysis& self) {
             return text_of([&](insitu_bytes* out, insitu_error* error) {
               return insitu_analysis_describe(self.handle.get(), out, error);
             });
           })
      .def("empty",
           [](const Analysis& self) {
             insitu_state* made = nullptr;
             call([&](insitu_error* error) {
               return insitu_state_empty(self.handle.get(), &made, error);
             });
             return state_of(made);
           })
      .def(
          "update",
          [](const Analysis& self, State& state, const nb::object& batch, int64_t first_row) {
            const BorrowedBatch rows(batch);
            call([&](insitu_error* error) {
              return insitu_state_update(self.handle.get(), state.handle.get(), rows.schema,
                                         rows.array, first_row, error);
            });
          },
          "state"_a, "batch"_a, "first_row"_a = -1)
      .def(
          "merge",
          [](const Analysis& self, State& into, const State& from) {
            call([&](insitu_error* error) {
              return insitu_state_merge(self.handle.get(), into.handle.get(), from.handle.get(),
                                        error);
            });
          },
          "into"_a, "other"_a)
      .def(
          "save",
          [](const Analysis& self, const State& state) {
            return as_bytes(text_of([&](insitu_bytes* out, insitu_error* error) {
              return insitu_state_save(self.handle.get(), state.handle.get(), out, error);
            }));
          },
          "state"_a)
      .def(
          "load",
          [](const Analysis& self, const nb::bytes& data) {
            insitu_state* made = nullptr;
            call([&](insitu_error* error) {
              return insitu_state_load(self.handle.get(), data.c_str(), data.size(), &made, error);
            });
            return state_of(made);
          },
          "data"_a)
      .def(
          "finalize",
          [](const Analysis& self, const State& state) {
            return text_of([&](insitu_bytes* out, insitu_error* error) {
              return insitu_state_finalize(self.handle.get(), state.handle.get(), out, error);
            });
          },
          "state"_a)
      .def("sums",
           [](const Analysis& self) {
             return text_of([&](insitu_bytes* out, insitu_error* error) {
               return insitu_analysis_sums(self.handle.get(), out, error);
             });
           })
      .def(
          "from_sums",
          [](const Analysis& self, const std::string& facts, const nb::object& answer) {
            const BorrowedBatch groups(answer);
            insitu_state* made = nullptr;
            call([&](insitu_error* error) {
              return insitu_state_from_sums(self.handle.get(), facts.data(), facts.size(),
                                            groups.schema, groups.array, &made, error);
            });
            return state_of(made);
          },
          "facts"_a, "answer"_a);
}

void bind_fit(nb::module_& m) {
  nb::class_<Fit>(m, "Fit", "A model that hands out passes until it is ready.")
      .def(
          "__init__",
          [](Fit* self, const std::string& name, const std::string& spec) {
            insitu_fit* made = nullptr;
            call([&](insitu_error* error) {
              return insitu_fit_make(name.c_str(), spec.data(), spec.size(), &made, error);
            });
            new (self) Fit{Owned<insitu_fit, insitu_fit_free>(made)};
          },
          "name"_a, "spec"_a)
      .def("next",
           [](Fit& self) -> std::optional<Analysis> {
             insitu_analysis* made = nullptr;
             call([&](insitu_error* error) {
               return insitu_fit_next(self.handle.get(), &made, error);
             });
             if (made == nullptr) return std::nullopt;
             return Analysis{Owned<insitu_analysis, insitu_analysis_free>(made)};
           })
      .def(
          "accept",
          [](Fit& self, const State& state) {
            call([&](insitu_error* error) {
              return insitu_fit_accept(self.handle.get(), state.handle.get(), error);
            });
          },
          "state"_a)
      .def("cancel", [](Fit& self) { insitu_fit_cancel(self.handle.get()); })
      .def("result", [](const Fit& self) {
        return text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_fit_result(self.handle.get(), out, error);
        });
      });
  nb::class_<RowFunction>(m, "RowFunction", "Columns in, columns out, row by row.")
      .def(
          "__init__",
          [](RowFunction* self, const std::string& name, const std::string& spec) {
            insitu_row_function* made = nullptr;
            call([&](insitu_error* error) {
              return insitu_row_function_make(name.c_str(), spec.data(), spec.size(), &made, error);
            });
            new (self) RowFunction{Owned<insitu_row_function, insitu_row_function_free>(made)};
          },
          "name"_a, "spec"_a)
      .def("describe", [](const RowFunction& self) {
        return text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_row_function_describe(self.handle.get(), out, error);
        });
      });
}

void bind_engine(nb::module_& m) {
  nb::class_<Cache>(m, "Cache", "Decoded batches kept for later passes, up to a budget in bytes.")
      .def(
          "__init__",
          [](Cache* self, uint64_t budget_bytes) {
            insitu_cache* made = nullptr;
            call(
                [&](insitu_error* error) { return insitu_cache_make(budget_bytes, &made, error); });
            new (self) Cache{Owned<insitu_cache, insitu_cache_free>(made)};
          },
          "budget_bytes"_a)
      .def(
          "serves",
          [](const Cache& self, const Analysis& analysis) {
            return insitu_cache_serves(self.handle.get(), analysis.handle.get()) != 0;
          },
          "analysis"_a, "True if a run of the analysis needs no stream.");
  nb::class_<Run>(m, "Run", "A pass on worker threads.")
      .def(
          "__init__",
          [](Run* self, const Analysis& analysis, const nb::object& stream, Cache* cache,
             const std::string& options) {
            ArrowArrayStream taken{};
            if (!stream.is_none()) taken = take_stream(stream);
            insitu_run* made = nullptr;
            call([&](insitu_error* error) {
              return insitu_run_start(analysis.handle.get(), stream.is_none() ? nullptr : &taken,
                                      cache == nullptr ? nullptr : cache->handle.get(),
                                      options.data(), options.size(), &made, error);
            });
            new (self) Run{Owned<insitu_run, insitu_run_free>(made)};
          },
          "analysis"_a, "stream"_a.none(), "cache"_a.none() = nb::none(), "options"_a = "{}",
          nb::keep_alive<1, 2>(), nb::keep_alive<1, 4>())
      .def(
          "poll",
          [](Run& self, int32_t timeout_ms) {
            insitu_progress progress{};
            call([&](insitu_error* error) {
              return insitu_run_poll(self.handle.get(), timeout_ms, &progress, error);
            });
            return std::tuple(progress.rows, progress.bytes, progress.finished != 0);
          },
          "timeout_ms"_a)
      .def("cancel", [](Run& self) { insitu_run_cancel(self.handle.get()); })
      .def("finish", [](Run& self) {
        insitu_state* made = nullptr;
        call([&](insitu_error* error) {
          return insitu_run_finish(self.handle.get(), &made, error);
        });
        return state_of(made);
      });
  nb::class_<MapStream>(m, "MapStream", "Rows on their way through a row function; read it once.")
      .def("__arrow_c_stream__", &MapStream::arrow_c_stream, "requested_schema"_a = nb::none())
      .def("notes", &MapStream::notes);
  m.def(
      "map_stream",
      [](const RowFunction& function, const nb::object& stream, const std::string& options) {
        return MapStream(function, stream, options);
      },
      "function"_a, "stream"_a, "options"_a = "{}", nb::keep_alive<0, 1>());
}

nb::bytes seal_stored_state(const std::string& spec, const nb::bytes& state) {
  return as_bytes(text_of([&](insitu_bytes* out, insitu_error* error) {
    return insitu_stored_state_seal(spec.data(), spec.size(), state.c_str(), state.size(), out,
                                    error);
  }));
}

std::tuple<std::string, nb::bytes> open_stored_state(const nb::bytes& data) {
  const char* spec = nullptr;
  const char* state = nullptr;
  size_t spec_size = 0;
  size_t state_size = 0;
  call([&](insitu_error* error) {
    return insitu_stored_state_open(data.c_str(), data.size(), &spec, &spec_size, &state,
                                    &state_size, error);
  });
  return {std::string(spec, spec_size), nb::bytes(state, state_size)};
}

void bind_stored(nb::module_& m) {
  m.def("stored_state_seal", seal_stored_state, "spec"_a, "state"_a);
  m.def("stored_state_open", open_stored_state, "data"_a);
  m.def(
      "model_seal",
      [](const std::string& model) {
        return as_bytes(text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_model_seal(model.data(), model.size(), out, error);
        }));
      },
      "model"_a);
  m.def(
      "model_open",
      [](const nb::bytes& data) {
        return text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_model_open(data.c_str(), data.size(), out, error);
        });
      },
      "data"_a);
}

void bind_models(nb::module_& m) {
  m.def(
      "model_tidy",
      [](const std::string& model, double conf_level) {
        return text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_model_tidy(model.data(), model.size(), conf_level, out, error);
        });
      },
      "model"_a, "conf_level"_a);
  m.def(
      "model_glance",
      [](const std::string& model) {
        return text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_model_glance(model.data(), model.size(), out, error);
        });
      },
      "model"_a);
  m.def(
      "model_to_sql",
      [](const std::string& model, const std::string& dialect) {
        return text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_model_to_sql(model.data(), model.size(), dialect.c_str(), out, error);
        });
      },
      "model"_a, "dialect"_a);
  m.def(
      "compute",
      [](const std::string& name, const std::string& spec) {
        return text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_compute(name.c_str(), spec.data(), spec.size(), out, error);
        });
      },
      "name"_a, "spec"_a);
}

}  // namespace
}  // namespace insitu_python

NB_MODULE(_core, m) {
  using namespace insitu_python;
  m.doc() = "The engine, as Python sees it: a thin cover of the C border.";
  bind_analysis(m);
  bind_fit(m);
  bind_engine(m);
  bind_stored(m);
  bind_models(m);
  m.def(
      "formula_describe",
      [](const std::string& formula, const std::string& columns) {
        return text_of([&](insitu_bytes* out, insitu_error* error) {
          return insitu_formula_describe(formula.data(), formula.size(), columns.data(),
                                         columns.size(), out, error);
        });
      },
      "formula"_a, "columns"_a);
  m.def("registry", [] {
    return text_of(
        [](insitu_bytes* out, insitu_error* error) { return insitu_registry(out, error); });
  });
  m.def("version", [] { return std::string(insitu_version()); });
}
