#include "engine/options.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "base/names.hpp"

namespace insitu {

namespace {

void check_object(const Json& json, const std::vector<std::string>& keys, const std::string& what) {
  if (!json.is_object()) throw SpecError("the options of a " + what + " must be a JSON object");
  for (const auto& [key, value] : json.items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    throw SpecError("a " + what + " has no option '" + key + "'" + did_you_mean(key, keys));
  }
}

// Absent and null leave the default.
template <class T>
void read_count(const Json& json, const char* key, T& value) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return;
  const bool natural =
      found->is_number_unsigned() || (found->is_number_integer() && found->get<int64_t>() >= 0);
  if (!natural || found->get<uint64_t>() > std::numeric_limits<T>::max()) {
    throw SpecError(std::string("option '") + key + "' must be a whole number from 0 to " +
                    std::to_string(std::numeric_limits<T>::max()) + ", got " + found->dump());
  }
  value = found->get<T>();
}

void read_flag(const Json& json, const char* key, bool& value) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return;
  if (!found->is_boolean()) {
    throw SpecError(std::string("option '") + key + "' must be true or false, got " +
                    found->dump());
  }
  value = found->get<bool>();
}

void read_names(const Json& json, const char* key, std::vector<std::string>& names) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return;
  const auto is_text = [](const Json& item) { return item.is_string(); };
  if (!found->is_array() || !std::all_of(found->begin(), found->end(), is_text)) {
    throw SpecError(std::string("option '") + key + "' must be a list of names, got " +
                    found->dump());
  }
  names = found->get<std::vector<std::string>>();
}

}  // namespace

RunOptions run_options(const Json& json) {
  check_object(json, {"threads", "queue", "memory_budget", "ordered"}, "run");
  RunOptions options;
  read_count(json, "threads", options.threads);
  read_count(json, "queue", options.queue);
  read_count(json, "memory_budget", options.memory_budget);
  read_flag(json, "ordered", options.ordered);
  return options;
}

MapOptions map_options(const Json& json) {
  check_object(json, {"threads", "queue", "keep", "output_names"}, "map");
  MapOptions options;
  read_count(json, "threads", options.threads);
  read_count(json, "queue", options.queue);
  read_names(json, "keep", options.keep);
  read_names(json, "output_names", options.output_names);
  return options;
}

}  // namespace insitu
