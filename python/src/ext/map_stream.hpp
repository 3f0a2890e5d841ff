// A map's output stream for Python: the notes outlive the stream, which whoever reads it releases.
#pragma once

#include <cerrno>
#include <memory>
#include <mutex>
#include <string>

#include "handles.hpp"

namespace insitu_python {

// The engine's stream, shared by the capsule that is read and the object that is asked for notes.
class MapState {
 public:
  MapState(const insitu_row_function* function, ArrowArrayStream in, const std::string& options) {
    call([&](insitu_error* error) {
      return insitu_map_start(function, &in, options.data(), options.size(), &out_, error);
    });
  }
  ~MapState() { close(); }
  MapState(const MapState&) = delete;
  MapState& operator=(const MapState&) = delete;

  int get_schema(ArrowSchema* schema) { return out_.get_schema(&out_, schema); }
  const char* last_error() { return out_.get_last_error(&out_); }

  int get_next(ArrowArray* batch) {
    const int result = out_.get_next(&out_, batch);
    if (result == 0 && batch->release != nullptr) return 0;
    // The end, or an error, whose type only the notes know.
    insitu_bytes bytes{};
    const std::scoped_lock lock(mutex_);
    code_ = insitu_map_notes(&out_, &bytes, &error_);
    if (code_ == INSITU_OK) notes_.assign(bytes.data, bytes.size);
    insitu_bytes_free(&bytes);
    return result;
  }

  // Stops the workers; harmless if repeated.
  void close() {
    if (out_.release != nullptr) out_.release(&out_);
    out_.release = nullptr;
  }

  // Throws the error that the stream ended in, if it did.
  std::string notes() {
    const std::scoped_lock lock(mutex_);
    check(code_, error_);
    return notes_;
  }

 private:
  ArrowArrayStream out_{};
  std::mutex mutex_;
  std::string notes_ = "{}";
  insitu_code code_ = INSITU_OK;
  insitu_error error_{};
};

class MapStream {
 public:
  MapStream(const RowFunction& function, const nb::object& source, const std::string& options)
      : state_(std::make_shared<MapState>(function.handle.get(), take_stream(source), options)) {}

  // A stream that nobody took is stopped here, without the GIL, which its workers may be waiting
  // for.
  ~MapStream() {
    if (exported_ || state_ == nullptr) return;
    nb::gil_scoped_release unlocked;
    state_->close();
  }
  MapStream(MapStream&&) = default;
  MapStream& operator=(MapStream&&) = delete;

  std::string notes() const { return state_->notes(); }

  nb::object arrow_c_stream(const nb::object& /*requested_schema*/) {
    if (exported_) throw nb::value_error("this stream of mapped rows was read already");
    exported_ = true;
    auto stream = std::make_unique<ArrowArrayStream>();
    fill(stream.get(), state_);
    PyObject* capsule = PyCapsule_New(stream.get(), "arrow_array_stream", [](PyObject* object) {
      auto* held =
          static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(object, "arrow_array_stream"));
      if (held->release != nullptr) {
        nb::gil_scoped_release unlocked;
        held->release(held);
      }
      delete held;
    });
    if (capsule == nullptr) throw nb::python_error();
    stream.release();
    return nb::steal(capsule);
  }

 private:
  using Shared = std::shared_ptr<MapState>;
  static MapState& of(ArrowArrayStream* stream) {
    return **static_cast<Shared*>(stream->private_data);
  }
  static void fill(ArrowArrayStream* stream, const Shared& state) {
    stream->private_data = new Shared(state);
    stream->get_schema = [](ArrowArrayStream* s, ArrowSchema* out) {
      return of(s).get_schema(out);
    };
    stream->get_next = [](ArrowArrayStream* s, ArrowArray* out) { return of(s).get_next(out); };
    stream->get_last_error = [](ArrowArrayStream* s) { return of(s).last_error(); };
    stream->release = [](ArrowArrayStream* s) {
      of(s).close();
      delete static_cast<Shared*>(s->private_data);
      s->release = nullptr;
    };
  }

  Shared state_;
  bool exported_ = false;
};

}  // namespace insitu_python
