// Bodies of codec.hpp.
#pragma once

#include "codec.hpp"

namespace insitu {
namespace detail {

template <class Sink>
void write_count(Sink& sink, size_t count) {
  const uint64_t wide = count;
  sink.put(&wide, sizeof wide);
}

template <class Sink, class T>
void write(Sink& sink, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    const uint8_t byte = value ? 1 : 0;
    sink.put(&byte, 1);
  } else if constexpr (RawBytes<T>) {
    sink.put(&value, sizeof value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    write_count(sink, value.size());
    sink.put(value.data(), value.size());
  } else if constexpr (kIs<T, std::optional>) {
    write(sink, value.has_value());
    if (value) write(sink, *value);
  } else if constexpr (kIs<T, std::map>) {
    write_count(sink, value.size());
    for (const auto& [key, item] : value) {
      write(sink, key);
      write(sink, item);
    }
  } else if constexpr (kIs<T, std::vector> || kIsArray<T>) {
    if constexpr (kIs<T, std::vector>) write_count(sink, value.size());
    if constexpr (RawBytes<typename T::value_type>) {
      if (!value.empty()) sink.put(value.data(), value.size() * sizeof value[0]);
    } else {
      for (const auto& item : value) write(sink, item);
    }
  } else if constexpr (HasFields<T>) {
    T::fields(value, [&](std::string_view, FieldKind, const auto& member) { write(sink, member); });
  } else {
    static_assert(kUnsupported<T>, "a field of a type that codec.hpp does not know");
  }
}

// Fewest bytes that a T can take, at least 1: bounds the counts of untrusted bytes.
template <class T>
size_t min_bytes() {
  if constexpr (std::is_same_v<T, bool> || kIs<T, std::optional>) {
    return 1;
  } else if constexpr (RawBytes<T>) {
    return sizeof(T);
  } else if constexpr (std::is_same_v<T, std::string> || kIs<T, std::vector> || kIs<T, std::map>) {
    return sizeof(uint64_t);
  } else {
    CountSink sink;
    write(sink, T{});
    return sink.bytes > 0 ? static_cast<size_t>(sink.bytes) : 1;
  }
}

template <class T>
void read(Reader& reader, T& value);

template <class T>
void read_map(Reader& reader, T& value) {
  const size_t count =
      reader.count(min_bytes<typename T::key_type>() + min_bytes<typename T::mapped_type>());
  value.clear();
  for (size_t i = 0; i < count; ++i) {
    typename T::key_type key;
    read(reader, key);
    if (!value.empty() && !(value.rbegin()->first < key)) reader.fail("has keys out of order");
    read(reader,
         value.emplace_hint(value.end(), std::move(key), typename T::mapped_type{})->second);
  }
}

template <class T>
void read_vector(Reader& reader, T& value) {
  using Item = typename T::value_type;
  static_assert(!std::is_same_v<Item, bool>, "use a vector of uint8_t");
  const size_t count = reader.count(min_bytes<Item>());
  if constexpr (RawBytes<Item>) {
    value.resize(count);
    if (count > 0) reader.take(value.data(), count * sizeof(Item));
  } else {
    value.clear();
    value.reserve(count);
    for (size_t i = 0; i < count; ++i) read(reader, value.emplace_back());
  }
}

template <class T>
void read(Reader& reader, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = reader.flag();
  } else if constexpr (RawBytes<T>) {
    reader.take(&value, sizeof value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    value.resize(reader.count(1));
    reader.take(value.data(), value.size());
  } else if constexpr (kIs<T, std::optional>) {
    value.reset();
    if (reader.flag()) read(reader, value.emplace());
  } else if constexpr (kIs<T, std::map>) {
    read_map(reader, value);
  } else if constexpr (kIs<T, std::vector>) {
    read_vector(reader, value);
  } else if constexpr (kIsArray<T>) {
    for (auto& item : value) read(reader, item);
  } else if constexpr (HasFields<T>) {
    T::fields(value, [&](std::string_view name, FieldKind, auto& member) {
      const Reader::Field field(reader, name);
      read(reader, member);
    });
  } else {
    static_assert(kUnsupported<T>, "a field of a type that codec.hpp does not know");
  }
}

}  // namespace detail

template <class T>
uint64_t encoded_size(const T& value) {
  detail::CountSink sink;
  detail::write(sink, value);
  return sink.bytes;
}

template <class T>
std::string encode(const T& value) {
  detail::ByteSink sink;
  sink.bytes.reserve(static_cast<size_t>(encoded_size(value)));
  detail::write(sink, value);
  return std::move(sink.bytes);
}

template <class T>
T decode(std::span<const std::byte> bytes) {
  detail::Reader reader(bytes);
  T value{};
  detail::read(reader, value);
  reader.finish();
  return value;
}

}  // namespace insitu
