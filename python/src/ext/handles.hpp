// Owners of what the C border hands out, and its errors as Python's.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>
#include <string_view>

#include "insitu/c_api.h"

namespace insitu_python {

namespace nb = nanobind;

// Frees without the GIL: freeing a run waits for its workers, which may be waiting for the GIL
// themselves.
template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* handle) const {
    nb::gil_scoped_release unlocked;
    kFree(handle);
  }
};
template <class T, auto kFree>
using Owned = std::unique_ptr<T, Freed<kFree>>;

struct Analysis {
  Owned<insitu_analysis, insitu_analysis_free> handle;
};
struct State {
  Owned<insitu_state, insitu_state_free> handle;
};
struct Fit {
  Owned<insitu_fit, insitu_fit_free> handle;
};
struct RowFunction {
  Owned<insitu_row_function, insitu_row_function_free> handle;
};
struct Cache {
  Owned<insitu_cache, insitu_cache_free> handle;
};
struct Run {
  Owned<insitu_run, insitu_run_free> handle;
};

inline const char* class_of(insitu_code code) {
  switch (code) {
    case INSITU_SPEC_ERROR:
      return "SpecError";
    case INSITU_DATA_ERROR:
      return "DataError";
    case INSITU_STATE_ERROR:
      return "StateError";
    case INSITU_NUMERIC_ERROR:
      return "NumericError";
    case INSITU_SOURCE_ERROR:
      return "SourceError";
    default:
      return nullptr;
  }
}

// Throws the Python exception of an error; call it with the GIL held.
inline void check(insitu_code code, const insitu_error& error) {
  if (code == INSITU_OK) return;
  nb::object type;
  if (const char* name = class_of(code)) {
    type = nb::module_::import_("insitu.errors").attr(name);
  } else if (code == INSITU_CANCELLED) {
    type = nb::module_::import_("concurrent.futures").attr("CancelledError");
  } else {
    type = nb::module_::import_("builtins").attr("RuntimeError");
  }
  // The message is cut to its buffer, perhaps inside a character: such bytes are replaced.
  PyObject* text = PyUnicode_DecodeUTF8(
      error.message, static_cast<Py_ssize_t>(std::char_traits<char>::length(error.message)),
      "replace");
  if (text == nullptr) throw nb::python_error();
  PyErr_SetObject(type.ptr(), text);
  Py_DECREF(text);
  throw nb::python_error();
}

// Calls f(error*) without the GIL and throws what it reports.
template <class F>
void call(F&& f) {
  insitu_error error{};
  insitu_code code;
  {
    nb::gil_scoped_release unlocked;
    code = f(&error);
  }
  check(code, error);
}

// Calls f(bytes*, error*) and gives what it wrote.
template <class F>
std::string text_of(F&& f) {
  insitu_bytes bytes{};
  call([&](insitu_error* error) { return f(&bytes, error); });
  std::string text(bytes.data, bytes.size);
  insitu_bytes_free(&bytes);
  return text;
}

// Moves the stream out of anything with __arrow_c_stream__.
inline ArrowArrayStream take_stream(const nb::object& source) {
  nb::object made = source;
  if (!PyCapsule_IsValid(source.ptr(), "arrow_array_stream"))
    made = source.attr("__arrow_c_stream__")();
  auto* found =
      static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(made.ptr(), "arrow_array_stream"));
  if (found == nullptr) throw nb::python_error();
  if (found->release == nullptr) throw nb::value_error("the Arrow stream was read already");
  ArrowArrayStream stream = *found;
  found->release = nullptr;
  return stream;
}

}  // namespace insitu_python
