#include "engine/arrow_export.hpp"

#include <cmath>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace insitu {

namespace {

constexpr std::align_val_t kAlignment{64};

// Children as the structs want them: an array of pointers to structs, all freed together.
template <class T>
class Children {
 public:
  explicit Children(size_t n) : items_(n), pointers_(n) {
    for (size_t i = 0; i < n; ++i) pointers_[i] = &items_[i];
  }
  ~Children() {
    for (T& item : items_) {
      if (item.release != nullptr) item.release(&item);
    }
  }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  int64_t size() const { return static_cast<int64_t>(items_.size()); }
  T** pointers() { return pointers_.empty() ? nullptr : pointers_.data(); }
  T* at(size_t i) { return &items_[i]; }
  void take(std::span<Unique<T>> from) {
    for (size_t i = 0; i < from.size(); ++i) from[i].move_to(&items_[i]);
  }

 private:
  std::vector<T> items_;
  std::vector<T*> pointers_;
};

struct SchemaHolder {
  SchemaHolder(size_t n_children, size_t n_dictionaries)
      : children(n_children), dictionary(n_dictionaries) {}
  std::string name;
  std::string format;
  std::string metadata;
  Children<ArrowSchema> children;
  Children<ArrowSchema> dictionary;  // none or one
};

struct ArrayHolder {
  ArrayHolder(size_t n_children, size_t n_dictionaries)
      : children(n_children), dictionary(n_dictionaries) {}
  std::shared_ptr<const void> owner;
  DoubleBuffer numbers{0};
  std::vector<uint8_t> validity;
  std::vector<const void*> buffers;
  Children<ArrowArray> children;
  Children<ArrowArray> dictionary;
};

void release_schema(ArrowSchema* schema) {
  delete static_cast<SchemaHolder*>(schema->private_data);
  schema->private_data = nullptr;
  schema->release = nullptr;
}

void release_array(ArrowArray* array) {
  delete static_cast<ArrayHolder*>(array->private_data);
  array->private_data = nullptr;
  array->release = nullptr;
}

void finish_schema(std::unique_ptr<SchemaHolder> holder, int64_t flags, ArrowSchema* out) {
  *out = {};
  out->name = holder->name.c_str();
  out->format = holder->format.c_str();
  out->metadata = holder->metadata.empty() ? nullptr : holder->metadata.data();
  out->flags = flags;
  out->n_children = holder->children.size();
  out->children = holder->children.pointers();
  out->dictionary = holder->dictionary.size() > 0 ? holder->dictionary.at(0) : nullptr;
  out->release = release_schema;
  out->private_data = holder.release();
}

void finish_array(std::unique_ptr<ArrayHolder> holder, ArrowArray shape, ArrowArray* out) {
  shape.n_buffers = static_cast<int64_t>(holder->buffers.size());
  shape.buffers = holder->buffers.data();
  shape.n_children = holder->children.size();
  shape.children = holder->children.pointers();
  shape.dictionary = holder->dictionary.size() > 0 ? holder->dictionary.at(0) : nullptr;
  shape.release = release_array;
  shape.private_data = holder.release();
  *out = shape;
}

// Metadata is a count of pairs, then each key and value behind its length, all int32.
std::string metadata_bytes(const char* metadata) {
  if (metadata == nullptr) return {};
  const auto read = [metadata](size_t at) {
    int32_t value = 0;
    std::memcpy(&value, metadata + at, sizeof value);
    return value < 0 ? size_t{0} : static_cast<size_t>(value);
  };
  const size_t strings = 2 * read(0);
  size_t end = sizeof(int32_t);
  for (size_t i = 0; i < strings; ++i) end += sizeof(int32_t) + read(end);
  return {metadata, end};
}

}  // namespace

void export_field(const std::string& name, const std::string& format, int64_t flags,
                  ArrowSchema* out) {
  out->release = nullptr;
  auto holder = std::make_unique<SchemaHolder>(0, 0);
  holder->name = name;
  holder->format = format;
  finish_schema(std::move(holder), flags, out);
}

void export_schema_copy(const ArrowSchema& from, ArrowSchema* out) {
  out->release = nullptr;
  auto holder = std::make_unique<SchemaHolder>(static_cast<size_t>(from.n_children),
                                               from.dictionary != nullptr ? 1 : 0);
  holder->name = from.name != nullptr ? from.name : "";
  holder->format = from.format;
  holder->metadata = metadata_bytes(from.metadata);
  for (int64_t i = 0; i < from.n_children; ++i) {
    export_schema_copy(*from.children[i], holder->children.at(static_cast<size_t>(i)));
  }
  if (from.dictionary != nullptr) export_schema_copy(*from.dictionary, holder->dictionary.at(0));
  finish_schema(std::move(holder), from.flags, out);
}

void export_struct_schema(std::span<UniqueSchema> fields, ArrowSchema* out) {
  out->release = nullptr;
  auto holder = std::make_unique<SchemaHolder>(fields.size(), 0);
  holder->format = "+s";
  holder->children.take(fields);
  finish_schema(std::move(holder), 0, out);
}

void export_shared(const ArrowArray& from, int64_t begin, int64_t rows,
                   const std::shared_ptr<const void>& owner, ArrowArray* out) {
  out->release = nullptr;
  auto holder = std::make_unique<ArrayHolder>(static_cast<size_t>(from.n_children),
                                              from.dictionary != nullptr ? 1 : 0);
  holder->owner = owner;
  holder->buffers.assign(from.buffers, from.buffers + from.n_buffers);
  for (int64_t i = 0; i < from.n_children; ++i) {
    const ArrowArray& child = *from.children[i];
    export_shared(child, 0, child.length, owner, holder->children.at(static_cast<size_t>(i)));
  }
  if (from.dictionary != nullptr) {
    export_shared(*from.dictionary, 0, from.dictionary->length, owner, holder->dictionary.at(0));
  }
  const bool whole = begin == 0 && rows == from.length;
  ArrowArray shape{};
  shape.length = rows;
  shape.offset = from.offset + begin;
  shape.null_count = whole || from.null_count == 0 ? from.null_count : -1;
  finish_array(std::move(holder), shape, out);
}

DoubleBuffer::DoubleBuffer(int64_t n)
    : values(n == 0 ? nullptr
                    : static_cast<double*>(
                          ::operator new(static_cast<size_t>(n) * sizeof(double), kAlignment))),
      rows(n) {}

void DoubleBuffer::Free::operator()(double* memory) const noexcept {
  ::operator delete(memory, kAlignment);
}

void export_doubles(DoubleBuffer buffer, ArrowArray* out) {
  out->release = nullptr;
  auto holder = std::make_unique<ArrayHolder>(0, 0);
  const double* values = buffer.data();
  const auto rows = static_cast<size_t>(buffer.rows);
  int64_t nulls = 0;
  for (size_t i = 0; i < rows; ++i) nulls += std::isnan(values[i]) ? 1 : 0;
  if (nulls > 0) {
    holder->validity.assign((rows + 7) / 8, 0);
    for (size_t i = 0; i < rows; ++i) {
      const unsigned valid = std::isnan(values[i]) ? 0U : 1U;
      holder->validity[i / 8] = static_cast<uint8_t>(holder->validity[i / 8] | valid << (i % 8));
    }
  }
  holder->buffers = {nulls > 0 ? holder->validity.data() : nullptr, values};
  holder->numbers = std::move(buffer);
  ArrowArray shape{};
  shape.length = static_cast<int64_t>(rows);
  shape.null_count = nulls;
  finish_array(std::move(holder), shape, out);
}

void export_struct(std::span<UniqueArray> columns, int64_t rows, ArrowArray* out) {
  out->release = nullptr;
  auto holder = std::make_unique<ArrayHolder>(columns.size(), 0);
  holder->children.take(columns);
  holder->buffers = {nullptr};
  ArrowArray shape{};
  shape.length = rows;
  finish_array(std::move(holder), shape, out);
}

}  // namespace insitu
