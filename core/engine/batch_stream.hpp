// A foreign stream of record batches, owned, with its errors turned into SourceError.
#pragma once

#include <string>

#include "base/arrow_import.hpp"
#include "insitu/arrow_c.h"

namespace insitu {

class BatchStream {
 public:
  // Takes the stream: *stream is left released. Null makes a stream that is closed already.
  explicit BatchStream(ArrowArrayStream* stream);

  bool is_open() const { return static_cast<bool>(stream_); }
  // SourceError with the stream's own words.
  UniqueSchema schema();
  // The next batch, or an empty owner at the end. May block for as long as the source likes.
  UniqueArray next();
  void close() { stream_.reset(); }

 private:
  [[noreturn]] void raise(const std::string& what, int code);

  UniqueStream stream_;
};

}  // namespace insitu
