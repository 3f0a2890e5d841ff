// Models as data: their files, their tables, their SQL.
#include "base/envelope.hpp"
#include "base/model_file.hpp"
#include "border.hpp"
#include "registry.hpp"

using namespace insitu;

namespace {

Json model_of(const char* json, size_t size) {
  return parse_json(text_of(json, size, "model_json"), "model");
}

}  // namespace

insitu_code insitu_model_seal(const char* model_json, size_t size, insitu_bytes* out,
                              insitu_error* error) {
  return gate(error, [&] { give_bytes(out, seal_model(text_of(model_json, size, "model_json"))); });
}

insitu_code insitu_model_open(const char* bytes, size_t size, insitu_bytes* model_json,
                              insitu_error* error) {
  return gate(error,
              [&] { give_json(model_json, open_model(as_bytes(text_of(bytes, size, "bytes")))); });
}

insitu_code insitu_model_tidy(const char* model_json, size_t size, double conf_level,
                              insitu_bytes* json, insitu_error* error) {
  return gate(error, [&] { give_json(json, tidy_model(model_of(model_json, size), conf_level)); });
}

insitu_code insitu_model_glance(const char* model_json, size_t size, insitu_bytes* json,
                                insitu_error* error) {
  return gate(error, [&] { give_json(json, glance_model(model_of(model_json, size))); });
}

insitu_code insitu_model_to_sql(const char* model_json, size_t size, const char* dialect,
                                insitu_bytes* sql, insitu_error* error) {
  return gate(error, [&] {
    const std::string_view wanted = &need(dialect, "dialect");
    give_bytes(sql, model_to_sql(model_of(model_json, size), wanted));
  });
}

insitu_code insitu_compute(const char* name, const char* spec_json, size_t spec_size,
                           insitu_bytes* json, insitu_error* error) {
  return gate(error, [&] {
    const std::string_view wanted = &need(name, "name");
    give_json(json,
              compute(wanted, parse_json(text_of(spec_json, spec_size, "spec_json"), "spec")));
  });
}
