#include "border.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>

#include "base/json.hpp"

namespace insitu {

namespace {

// Length of the valid UTF-8 character at the start of `text`, or 0.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool outside = (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F);
  return overlong || outside ? 0 : length;
}

}  // namespace

void fill_error(insitu_error* error, ErrorCode code, std::string_view message) noexcept {
  if (error == nullptr) return;
  error->code = static_cast<insitu_code>(code);
  constexpr std::string_view kEllipsis = "…";
  constexpr size_t kRoom = sizeof error->message - 1;
  size_t size = 0;
  size_t fits = 0;  // where the ellipsis can still follow
  while (!message.empty()) {
    const size_t length = character_length(message);
    const std::string_view character = length == 0 ? "?" : message.substr(0, length);
    if (size + character.size() > kRoom) {
      std::memcpy(error->message + fits, kEllipsis.data(), kEllipsis.size());
      size = fits + kEllipsis.size();
      break;
    }
    std::memcpy(error->message + size, character.data(), character.size());
    size += character.size();
    if (size + kEllipsis.size() <= kRoom) fits = size;
    message.remove_prefix(std::max<size_t>(length, 1));
  }
  error->message[size] = '\0';
}

insitu_code code_of_current_exception(insitu_error* error) noexcept {
  ErrorCode code = ErrorCode::kInternal;
  try {
    throw;
  } catch (const Error& caught) {
    code = caught.code();
    fill_error(error, code, caught.what());
  } catch (const std::bad_alloc&) {
    fill_error(error, code,
               "memory ran out; use fewer columns or levels, or a machine with more memory");
  } catch (const std::length_error&) {
    fill_error(error, code, "memory ran out: a size exceeds what can be addressed");
  } catch (const std::exception& caught) {
    try {
      fill_error(error, code,
                 std::string("an unexpected error, please report it: ") + caught.what());
    } catch (...) {
      fill_error(error, code, "an unexpected error, please report it");
    }
  } catch (...) {
    fill_error(error, code, "an unexpected error, please report it");
  }
  return static_cast<insitu_code>(code);
}

std::string_view text_of(const char* text, size_t size, const char* name) {
  if (size == 0) return {};
  return {&need(text, name), size};
}

std::string_view name_of(const char* name) { return &need(name, "name"); }

void give_bytes(insitu_bytes* out, std::string_view bytes) {
  insitu_bytes& target = need(out, "bytes");
  target = {nullptr, 0};
  auto* data = static_cast<char*>(::operator new(bytes.size() + 1));  // a host may provide it
  std::copy(bytes.begin(), bytes.end(), data);
  data[bytes.size()] = '\0';
  target = {data, bytes.size()};
}

void give_json(insitu_bytes* out, const Json& json) { give_bytes(out, dump_json(json)); }

}  // namespace insitu

extern "C" void insitu_bytes_free(insitu_bytes* bytes) {
  if (bytes == nullptr) return;
  ::operator delete(bytes->data);
  *bytes = {nullptr, 0};
}
