#include "engine/failure.hpp"

#include <new>

namespace insitu {

Failure Failure::current() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::bad_alloc&) {
    return {ErrorCode::kInternal,
            "the machine has no memory left for this run; use fewer columns, smaller factors or a "
            "smaller cache"};
  } catch (const std::exception& error) {
    return {ErrorCode::kInternal, error.what()};
  } catch (...) {
    return {ErrorCode::kInternal, "an unknown error stopped the run"};
  }
}

void Failure::raise() const {
  switch (code) {
    case ErrorCode::kSpec:
      throw SpecError(message);
    case ErrorCode::kData:
      throw DataError(message);
    case ErrorCode::kState:
      throw StateError(message);
    case ErrorCode::kNumeric:
      throw NumericError(message);
    case ErrorCode::kSource:
      throw SourceError(message);
    case ErrorCode::kCancelled:
      throw CancelledError(message);
    default:
      throw InternalError(message);
  }
}

}  // namespace insitu
