// Memory that will be read soon, handed out by the line to loops that have time to ask for it.
#pragma once

#include <cstddef>
#include <span>

namespace insitu {

inline constexpr size_t kLine = 64;  // bytes of a cache line

class ReadAhead {
 public:
  explicit ReadAhead(std::span<const std::span<const char>> ranges) : ranges_(ranges) {}

  // At most `lines` adjacent lines, none at the end.
  std::span<const char> take(size_t lines) {
    if (ranges_.empty()) return {};
    const std::span<const char> left = ranges_.front().subspan(offset_);
    if (left.size() > lines * kLine) {
      offset_ += lines * kLine;
      return left.first(lines * kLine);
    }
    ranges_ = ranges_.subspan(1);
    offset_ = 0;
    return left;
  }

 private:
  std::span<const std::span<const char>> ranges_;
  size_t offset_ = 0;  // in the first
};

}  // namespace insitu
