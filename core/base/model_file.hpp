// The bytes of a model, as docs/model-format.md has them: an envelope of kind "model", named after
// the model's kind, around the JSON {"format": "insitu-model", "kind": …, "model": {…}}.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "json.hpp"

namespace insitu {

// `model`: what a Fit's result is, as text; it is kept to the byte. SpecError unless it is an
// object with a "kind".
std::string seal_model(std::string_view model);
// The model. StateError for what does not fit, each with its own sentence: the envelope, content
// that is not JSON, a kind that differs from the envelope's, another version. What each kind of
// model holds is checked by whoever uses it.
Json open_model(std::span<const std::byte> bytes);

// A part of a model, for those who use it. SpecError if it is not there.
const Json& model_part(const Json& json, const char* key);

}  // namespace insitu
