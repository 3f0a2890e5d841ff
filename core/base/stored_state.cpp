#include "stored_state.hpp"

#include <cstring>

#include "envelope.hpp"
#include "errors.hpp"
#include "json.hpp"

namespace insitu {
namespace {

constexpr std::string_view kKind = "stored_state";

}  // namespace

std::string seal_stored_state(std::string_view spec, std::string_view state) {
  if (spec.empty() || spec.size() > kMaxJsonBytes) {
    throw SpecError("the spec of a stored state has " + std::to_string(spec.size()) +
                    " bytes; it takes from 1 to " + std::to_string(kMaxJsonBytes));
  }
  const Envelope saved = unseal(as_bytes(state), "state");
  const auto length = static_cast<uint32_t>(spec.size());
  std::string payload(sizeof length, '\0');
  std::memcpy(payload.data(), &length, sizeof length);
  payload.append(spec).append(state);
  return seal(kKind, saved.name, saved.fingerprint, payload);
}

StoredState open_stored_state(std::span<const std::byte> bytes) {
  const Envelope envelope = unseal(bytes, kKind);
  const std::string_view payload = as_text(envelope.payload);
  uint32_t length = 0;
  if (payload.size() < sizeof length) {
    throw StateError("the content of a stored state takes at least 4 bytes, got " +
                     std::to_string(payload.size()) + "; it was written by something else");
  }
  std::memcpy(&length, payload.data(), sizeof length);
  const std::string_view rest = payload.substr(sizeof length);
  if (length == 0 || length > rest.size()) {
    throw StateError("the stored state promises a spec of " + std::to_string(length) +
                     " bytes and holds " + std::to_string(rest.size()) +
                     "; it was written by something else");
  }
  const StoredState stored = {envelope.name, envelope.fingerprint, rest.substr(0, length),
                              rest.substr(length)};
  unseal(as_bytes(stored.state), "state", stored.analysis, stored.fingerprint);
  return stored;
}

}  // namespace insitu
