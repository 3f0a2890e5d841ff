// Vectors of doubles that start on a 64-byte boundary, as the kernels require of tiles.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace insitu {

inline constexpr size_t kTileAlignment = 64;

template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT(google-explicit-constructor): stateless

  T* allocate(size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{kTileAlignment}));
  }
  void deallocate(T* p, size_t) { ::operator delete(p, std::align_val_t{kTileAlignment}); }
  bool operator==(const AlignedAllocator&) const = default;
};

using AlignedDoubles = std::vector<double, AlignedAllocator<double>>;

}  // namespace insitu
