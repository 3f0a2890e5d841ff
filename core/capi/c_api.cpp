// Version, registry, formulas.
#include "base/json.hpp"
#include "border.hpp"
#include "formula/describe.hpp"
#include "registry.hpp"

#ifndef INSITU_VERSION
#define INSITU_VERSION "0.1.0"
#endif

using namespace insitu;

const char* insitu_version(void) { return INSITU_VERSION; }

insitu_code insitu_registry(insitu_bytes* json, insitu_error* error) {
  return gate(error, [&] {
    Json entries = Json::array();
    for (const RegistryEntry& entry : registry_entries()) {
      entries.push_back({{"kind", entry.kind}, {"name", entry.name}, {"doc", entry.doc}});
    }
    give_json(json, entries);
  });
}

insitu_code insitu_formula_describe(const char* formula, size_t formula_size,
                                    const char* columns_json, size_t columns_size,
                                    insitu_bytes* json, insitu_error* error) {
  return gate(error, [&] {
    const std::string_view columns = text_of(columns_json, columns_size, "columns_json");
    const Json list = columns.empty() ? Json() : parse_json(columns, "list of columns");
    give_json(json, describe_formula(text_of(formula, formula_size, "formula"), list));
  });
}
