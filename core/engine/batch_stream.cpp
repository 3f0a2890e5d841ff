#include "engine/batch_stream.hpp"

#include <system_error>

#include "base/errors.hpp"

namespace insitu {

BatchStream::BatchStream(ArrowArrayStream* stream) {
  if (stream != nullptr) stream_ = UniqueStream(stream);
}

UniqueSchema BatchStream::schema() {
  UniqueSchema schema;
  const int code = stream_->get_schema(stream_.get(), schema.receive());
  if (code != 0) raise("the columns of the source could not be read", code);
  return schema;
}

UniqueArray BatchStream::next() {
  UniqueArray batch;
  const int code = stream_->get_next(stream_.get(), batch.receive());
  if (code != 0) raise("the rows of the source could not be read further", code);
  return batch;
}

void BatchStream::raise(const std::string& what, int code) {
  const char* words = stream_->get_last_error(stream_.get());
  const bool silent = words == nullptr || *words == '\0';
  throw SourceError(what + ": " + (silent ? std::generic_category().message(code) : words));
}

}  // namespace insitu
