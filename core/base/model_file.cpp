#include "model_file.hpp"

#include "envelope.hpp"

namespace insitu {
namespace {

constexpr std::string_view kFormat = "insitu-model";
constexpr size_t kLongestName = 256;
constexpr int kModelVersion = 1;

const Json& part(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) {
    throw StateError(std::string("the content of the model has no '") + key +
                     "'; it was written by something else");
  }
  return *found;
}

void require_text(const Json& object, const char* key, std::string_view expected) {
  const Json& value = part(object, key);
  if (value == expected) return;
  throw StateError(std::string("'") + key + "' in the content of the model should be '" +
                   std::string(expected) + "'; it was written by something else");
}

}  // namespace

std::string seal_model(std::string_view model) {
  const Json parsed = parse_json(model, "model");
  SpecReader reader(parsed, "model");
  const std::string kind = reader.text("kind");
  if (kind.empty() || kind.size() > kLongestName) {
    throw SpecError("the kind of the model has " + std::to_string(kind.size()) +
                    " bytes; it takes from 1 to " + std::to_string(kLongestName));
  }
  std::string payload = R"({"format":"insitu-model","kind":)";
  payload.append(dump_json(kind)).append(R"(,"model":)").append(model).append("}");
  if (payload.size() > kMaxJsonBytes) {
    throw SpecError("the model takes " + std::to_string(payload.size()) +
                    " bytes and a model file holds " + std::to_string(kMaxJsonBytes) +
                    ": fit it without cov_coef and cov_data");
  }
  return seal("model", kind, 0, payload);
}

Json open_model(std::span<const std::byte> bytes) {
  const Envelope envelope = unseal(bytes, "model");
  Json content = parse_saved_json(as_text(envelope.payload), "content of the model");
  if (!content.is_object()) throw StateError("the content of the model is not an object");
  require_text(content, "format", kFormat);
  require_text(content, "kind", envelope.name);
  Json model = part(content, "model");
  if (!model.is_object()) throw StateError("'model' in the content of the model is not an object");
  require_text(model, "kind", envelope.name);
  const auto version = model.find("version");
  if (version != model.end() && *version != kModelVersion) {
    throw StateError("the model has version " + dump_json(*version) +
                     ", and this insitu reads version " + std::to_string(kModelVersion) +
                     ": load it with the insitu that wrote it, or fit it again");
  }
  return model;
}

const Json& model_part(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (!json.is_object() || found == json.end()) {
    throw SpecError(std::string("the model lacks \"") + key +
                    "\"; it is damaged or of another kind");
  }
  return *found;
}

}  // namespace insitu
