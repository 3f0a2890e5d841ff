// An error on its way from a worker thread to the thread that asks for the result.
#pragma once

#include <optional>
#include <string>

#include "base/errors.hpp"

namespace insitu {

// Carried as plain data: exception objects are not shared between threads.
struct Failure {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // Of the exception being handled; call it in a catch block.
  static Failure current();
  // What calling `work` throws, if it throws.
  template <class F>
  static std::optional<Failure> of(F&& work) {
    try {
      work();
      return std::nullopt;
    } catch (...) {
      return current();
    }
  }
  // Throws the typed error.
  [[noreturn]] void raise() const;
};

}  // namespace insitu
