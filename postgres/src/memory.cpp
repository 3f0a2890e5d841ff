// The engine's memory: every `new` of the library is an allocation in a memory context of
// PostgreSQL, so the server counts a state's bytes and an error, a cancel or the end of a query
// frees them without running C++.
//
// MemoryContextAllocExtended with NO_OOM and HUGE raises no error as long as the size is in range,
// so nothing jumps over a C++ frame: what cannot be had is std::bad_alloc. The linker script makes
// these operators this library's own.
extern "C" {
#include "postgres.h"

#include "utils/memutils.h"

extern MemoryContext insitu_use_memory(MemoryContext context);
}

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

MemoryContext current = nullptr;

constexpr std::size_t kAlignment = 16;

#if defined(__SANITIZE_ADDRESS__)
// Under the address sanitizer memory is malloc's, which it watches; contexts then free nothing.
void* allocate(std::size_t size, std::size_t alignment) noexcept {
  return std::aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
}
void release(void* place) noexcept { std::free(place); }
#else
// Chunks of PostgreSQL are aligned to 8 bytes. The address of the chunk is kept in front of what is
// handed out.
void* allocate(std::size_t size, std::size_t alignment) noexcept {
  const std::size_t extra = alignment + sizeof(void*);
  if (size > MaxAllocHugeSize - extra) return nullptr;
  MemoryContext context = current != nullptr ? current : TopMemoryContext;
  void* chunk =
      MemoryContextAllocExtended(context, size + extra, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
  if (chunk == nullptr) return nullptr;
  const auto first = reinterpret_cast<std::uintptr_t>(chunk) + sizeof(void*);
  void** place = reinterpret_cast<void**>((first + alignment - 1) & ~(alignment - 1));
  place[-1] = chunk;
  return place;
}
void release(void* place) noexcept {
  if (place != nullptr) pfree(static_cast<void**>(place)[-1]);
}
#endif

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* place = allocate(size, alignment);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

std::size_t at_least(std::align_val_t alignment) {
  const auto asked = static_cast<std::size_t>(alignment);
  return asked < kAlignment ? kAlignment : asked;
}

}  // namespace

MemoryContext insitu_use_memory(MemoryContext context) {
  MemoryContext before = current;
  current = context;
  return before;
}

void* operator new(std::size_t size) { return allocate_or_throw(size, kAlignment); }
void* operator new[](std::size_t size) { return allocate_or_throw(size, kAlignment); }
void* operator new(std::size_t size, std::align_val_t a) {
  return allocate_or_throw(size, at_least(a));
}
void* operator new[](std::size_t size, std::align_val_t a) {
  return allocate_or_throw(size, at_least(a));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, kAlignment);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, kAlignment);
}
void* operator new(std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(size, at_least(a));
}
void* operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(size, at_least(a));
}
void operator delete(void* place) noexcept { release(place); }
void operator delete[](void* place) noexcept { release(place); }
void operator delete(void* place, std::size_t) noexcept { release(place); }
void operator delete[](void* place, std::size_t) noexcept { release(place); }
void operator delete(void* place, std::align_val_t) noexcept { release(place); }
void operator delete[](void* place, std::align_val_t) noexcept { release(place); }
void operator delete(void* place, std::size_t, std::align_val_t) noexcept { release(place); }
void operator delete[](void* place, std::size_t, std::align_val_t) noexcept { release(place); }
void operator delete(void* place, const std::nothrow_t&) noexcept { release(place); }
void operator delete[](void* place, const std::nothrow_t&) noexcept { release(place); }
void operator delete(void* place, std::align_val_t, const std::nothrow_t&) noexcept {
  release(place);
}
void operator delete[](void* place, std::align_val_t, const std::nothrow_t&) noexcept {
  release(place);
}
