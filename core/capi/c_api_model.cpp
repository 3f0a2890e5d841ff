// Models as data: their files, their tables, their SQL.
#include "base/envelope.hpp"
#include "base/model_file.hpp"
#include "border.hpp"

using namespace insitu;

insitu_code insitu_model_seal(const char* model_json, size_t size, insitu_bytes* out,
                              insitu_error* error) {
  return gate(error, [&] { give_bytes(out, seal_model(text_of(model_json, size, "model_json"))); });
}

insitu_code insitu_model_open(const char* bytes, size_t size, insitu_bytes* model_json,
                              insitu_error* error) {
  return gate(error,
              [&] { give_json(model_json, open_model(as_bytes(text_of(bytes, size, "bytes")))); });
}
