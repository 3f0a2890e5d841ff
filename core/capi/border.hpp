// What the files of the C border share: handles, and the one gate that turns exceptions into codes.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "base/analysis.hpp"
#include "base/errors.hpp"
#include "insitu/c_api.h"

struct insitu_analysis {
  insitu::AnalysisPtr value;
};
struct insitu_state {
  std::unique_ptr<insitu::AnyState> value;
};
struct insitu_fit {
  insitu::FitPtr value;
  std::atomic<bool> cancelled = false;
};
struct insitu_row_function {
  insitu::RowFunctionPtr value;
};

namespace insitu {

// Fills *error (if not null): valid UTF-8, cut at a character and ended with "…" where too long.
void fill_error(insitu_error* error, ErrorCode code, std::string_view message) noexcept;
// The exception in flight as a code.
insitu_code code_of_current_exception(insitu_error* error) noexcept;

// Runs the body of a C function; nothing escapes.
template <class F>
insitu_code gate(insitu_error* error, F&& body) noexcept {
  try {
    body();
    fill_error(error, ErrorCode::kOk, "");
    return INSITU_OK;
  } catch (...) {
    return code_of_current_exception(error);
  }
}

// SpecError naming the argument if it is null.
template <class T>
T& need(T* argument, const char* name) {
  if (argument == nullptr) {
    throw SpecError("the argument '" + std::string(name) + "' is null; pass a valid pointer");
  }
  return *argument;
}

// Text of an argument; null with size 0 is "".
std::string_view text_of(const char* text, size_t size, const char* name);
// A name of an argument, ended by a zero byte.
std::string_view name_of(const char* name);

// *out receives bytes to be freed by insitu_bytes_free; always one zero byte behind them.
void give_bytes(insitu_bytes* out, std::string_view bytes);
void give_json(insitu_bytes* out, const Json& json);

// *out = new handle, or null before anything can fail.
template <class Handle>
Handle*& clear(Handle** out) {
  Handle*& target = need(out, "out");
  target = nullptr;
  return target;
}

}  // namespace insitu
