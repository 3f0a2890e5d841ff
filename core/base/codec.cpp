#include "codec.hpp"

#include "errors.hpp"

namespace insitu::detail {

namespace {
constexpr int kMaxDepth = 64;
}

void Reader::fail(const std::string& what) const {
  throw StateError("the field '" + std::string(field_) + "' " + what + " (at byte " +
                   std::to_string(at_) + " of " + std::to_string(bytes_.size()) +
                   "); the bytes are damaged or not of this type");
}

void Reader::take(void* out, size_t size) {
  const size_t left = bytes_.size() - at_;
  if (size > left) {
    fail("needs " + std::to_string(size) + " bytes where " + std::to_string(left) + " remain");
  }
  if (size > 0) std::memcpy(out, bytes_.data() + at_, size);
  at_ += size;
}

size_t Reader::count(size_t element_bytes) {
  uint64_t count = 0;
  take(&count, sizeof count);
  const size_t left = bytes_.size() - at_;
  if (count > left / element_bytes) {
    fail("announces " + std::to_string(count) + " elements of at least " +
         std::to_string(element_bytes) + " bytes where " + std::to_string(left) + " bytes remain");
  }
  return static_cast<size_t>(count);
}

bool Reader::flag() {
  uint8_t byte = 0;
  take(&byte, 1);
  if (byte > 1) fail("holds " + std::to_string(byte) + " where 0 or 1 is expected");
  return byte == 1;
}

void Reader::finish() const {
  if (at_ == bytes_.size()) return;
  throw StateError("expected " + std::to_string(at_) + " bytes, got " +
                   std::to_string(bytes_.size()) + ": " + std::to_string(bytes_.size() - at_) +
                   " follow the last field; the bytes are damaged or not of this type");
}

Reader::Field::Field(Reader& reader, std::string_view name)
    : reader_(reader), outer_(reader.field_) {
  reader.field_ = name;
  if (++reader.depth_ > kMaxDepth)
    reader.fail("is nested more than " + std::to_string(kMaxDepth) + " levels deep");
}

Reader::Field::~Field() {
  --reader_.depth_;
  reader_.field_ = outer_;
}

}  // namespace insitu::detail
