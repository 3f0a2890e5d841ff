// The errors of insitu. Each message is one sentence that names what, where, with the numbers, and
// what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace insitu {

// Values cross the C border; they never change meaning.
enum class ErrorCode : int {
  kOk = 0,
  kSpec = 1,       // the request is wrong: formula, option, unknown column
  kData = 2,       // the rows are wrong: says column, row and value
  kState = 3,      // the bytes are wrong: truncated, foreign, another version
  kNumeric = 4,    // the problem has no solution
  kSource = 5,     // a stream could not be read (only engine/ and hosts raise it)
  kCancelled = 6,  // the caller asked to stop
  kInternal = 7,   // our mistake
};

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

template <ErrorCode kCode>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(const std::string& message) : Error(kCode, message) {}
};

using SpecError = ErrorOf<ErrorCode::kSpec>;
using DataError = ErrorOf<ErrorCode::kData>;
using StateError = ErrorOf<ErrorCode::kState>;
using NumericError = ErrorOf<ErrorCode::kNumeric>;
using SourceError = ErrorOf<ErrorCode::kSource>;
using CancelledError = ErrorOf<ErrorCode::kCancelled>;
using InternalError = ErrorOf<ErrorCode::kInternal>;

}  // namespace insitu
