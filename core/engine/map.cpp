#include "engine/map.hpp"

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "base/errors.hpp"
#include "engine/arrow_export.hpp"
#include "engine/map_core.hpp"

namespace insitu {

namespace {

struct MapStream {
  std::shared_ptr<detail::MapCore> core;
  std::string last_error;

  ~MapStream() { core->close(); }
};

MapStream& self(ArrowArrayStream* stream) { return *static_cast<MapStream*>(stream->private_data); }

int errno_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kSource:
      return EIO;
    case ErrorCode::kCancelled:
      return ECANCELED;
    default:
      return EINVAL;
  }
}

// Runs `work`, keeping its error for get_last_error.
template <class F>
int guarded(ArrowArrayStream* stream, F&& work) {
  std::optional<Failure> failure = Failure::of(work);
  if (!failure) return 0;
  self(stream).last_error = std::move(failure->message);
  return errno_of(failure->code);
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return guarded(stream, [&] { export_schema_copy(self(stream).core->schema(), out); });
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  *out = {};
  return guarded(stream, [&] { self(stream).core->next().move_to(out); });
}

const char* get_last_error(ArrowArrayStream* stream) {
  const std::string& message = self(stream).last_error;
  return message.empty() ? nullptr : message.c_str();
}

void release(ArrowArrayStream* stream) {
  delete static_cast<MapStream*>(stream->private_data);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

void start_map(RowFunctionPtr function, ArrowArrayStream* in, const MapOptions& options,
               ArrowArrayStream* out) {
  BatchStream stream(in);
  *out = {};
  auto core = std::make_shared<detail::MapCore>(std::move(function), std::move(stream), options);
  auto holder = std::make_unique<MapStream>(core, std::string());
  core->start();
  *out = {get_schema, get_next, get_last_error, release, holder.release()};
}

Json map_notes(const ArrowArrayStream& out) {
  if (out.release != release) {
    throw SpecError("this is not the stream of a map, or it was released; ask for notes before");
  }
  return static_cast<const MapStream*>(out.private_data)->core->notes();
}

}  // namespace insitu
