// Arrow structs that lie: formats, counts, null pointers, offsets of text, views and dictionary
// indices. Only lies that the interface lets a reader detect: it gives no sizes of buffers, so
// lengths and last offsets stay true.
#include "base/errors.hpp"
#include "base/levels.hpp"
#include "edits.hpp"
#include "testing/arrow_builder.hpp"

namespace {

using namespace insitu;
namespace arrow = insitu::testing;

constexpr int64_t kRows = 24;

arrow::ArrowColumn labels(fuzz::Input& input) {
  arrow::Texts words;
  for (int64_t i = 0; i < kRows; ++i) {
    const uint8_t b = input.byte();
    words.push_back(b % 7 == 0 ? std::nullopt
                               : std::optional(std::string(b % 40, static_cast<char>(b))));
  }
  switch (input.byte() % 3) {
    case 0:
      return arrow::text(words);
    case 1:
      return arrow::large_text(words);
    default:
      return arrow::text_views(words);
  }
}

template <class T>
arrow::ArrowColumn integers(fuzz::Input& input) {
  arrow::Optionals<T> cells;
  for (int64_t i = 0; i < kRows; ++i) {
    const uint64_t number = input.number();
    cells.push_back(number % 5 == 0 ? std::nullopt : std::optional(static_cast<T>(number >> 8)));
  }
  return arrow::numbers<T>(cells);
}

arrow::ArrowColumn column(fuzz::Input& input) {
  switch (input.byte() % 10) {
    case 0:
      return labels(input);
    case 1:
      return arrow::dictionary(integers<int8_t>(input), labels(input));
    case 2:
      return arrow::dictionary(integers<uint64_t>(input), labels(input));
    case 3:
      return arrow::dictionary(integers<int64_t>(input), arrow::nulls(3));
    case 4:
      return integers<uint16_t>(input);
    case 5:
      return integers<int32_t>(input);
    case 6: {
      arrow::Optionals<double> cells;
      for (int64_t i = 0; i < kRows; ++i) {
        const uint64_t bits = input.number();
        double value = 0.0;
        std::memcpy(&value, &bits, sizeof value);
        cells.push_back(value);
      }
      return arrow::numbers<double>(cells);
    }
    case 7:
      return arrow::booleans(arrow::Optionals<bool>(kRows, input.byte() % 2 == 0));
    case 8:
      return arrow::decimals(arrow::Optionals<int64_t>(kRows, static_cast<int64_t>(input.number())),
                             18, static_cast<int8_t>(input.byte()));
    default:
      return arrow::nulls(kRows);
  }
}

// Text offsets between the first and the last, and views, become noise.
void scramble(arrow::ArrowColumn& c, fuzz::Input& input) {
  const bool views = c.format == "vu";
  const size_t width = views ? 16 : c.format == "u" ? 4 : c.format == "U" ? 8 : 0;
  if (width == 0 || c.buffers.size() < 2 || c.buffers[1] == nullptr) return;
  std::vector<uint8_t>& bytes = *c.buffers[1];
  const size_t margin = views ? 0 : width;
  if (bytes.size() <= 2 * margin) return;
  for (uint8_t left = input.byte() % 8; left > 0; --left) {
    bytes[margin + input.below(bytes.size() - 2 * margin)] = input.byte();
  }
}

void read_all(const Chunk& chunk, uint64_t rows) {
  std::vector<double> numbers(rows);
  std::vector<uint32_t> codes(rows);
  for (const Column& each : chunk.columns()) {
    for (const uint64_t begin : {uint64_t{0}, rows / 2}) {
      const size_t n = rows - begin;
      try {
        each.any_null(begin, n);
        each.borrow_doubles(begin, n);
        each.read_doubles(begin, n, numbers.data());
      } catch (const DataError&) {
      }
      try {
        LevelTable table;
        LevelEncoder(table, true).encode(each, begin, n, codes.data());
      } catch (const DataError&) {
      }
    }
  }
}

void lie(ArrowArray& array, fuzz::Input& input) {
  const auto number = static_cast<int64_t>(input.number());
  switch (input.byte() % 8) {
    case 0:
      array.length = number < 0 ? number : array.length;
      break;
    case 1:
      array.null_count = number;
      break;
    case 2:
      array.n_buffers = number < array.n_buffers ? number : 0;
      break;
    case 3:
      array.offset = number < 0 ? number : array.offset;
      break;
    case 4:
      array.dictionary = nullptr;
      break;
    case 5:
      array.buffers = nullptr;
      break;
    case 6:
      array.length = INT64_MAX - (number & 1);
      break;
    default:
      if (array.n_buffers > 0)
        array.buffers[input.below(static_cast<uint64_t>(array.n_buffers))] = nullptr;
  }
}

void import(const ArrowSchema& schema, const ArrowArray& batch) {
  const BatchSchema columns(schema);
  for (size_t i = 0; i < columns.columns().size(); ++i) {
    const std::vector<size_t> wanted{i};
    try {
      const BatchChunk chunk(columns, batch, wanted);
      if (chunk.chunk().rows() <= kRows) read_all(chunk.chunk(), chunk.chunk().rows());
    } catch (const InternalError& error) {
      fuzz::violation(error.what());
    } catch (const Error&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  if (input.byte() % 4 == 0) {  // a format alone
    const std::string format(input.rest().substr(0, input.rest().find('\0')));
    ArrowSchema child{format.c_str(), "x", nullptr, 0, 0, nullptr, nullptr, nullptr, nullptr};
    ArrowSchema* children[] = {&child};
    const ArrowSchema parent{"+s", "", nullptr, 0, 1, children, nullptr, nullptr, nullptr};
    BatchSchema made(parent);
    return 0;
  }
  arrow::ArrowTable table;
  for (uint8_t left = 1 + input.byte() % 3; left > 0; --left) {
    arrow::ArrowColumn made = column(input);
    scramble(made, input);
    if (made.dictionary != nullptr) scramble(*made.dictionary, input);
    table.add("c", std::move(made));
  }
  UniqueSchema schema;
  UniqueArray array;
  table.export_to(schema.receive(), array.receive());
  import(*schema, *array);
  // Lies are told on a copy of the structs: the originals know how to release themselves.
  ArrowArray child = *array->children[0];
  std::vector<const void*> buffers(child.buffers, child.buffers + child.n_buffers);
  child.buffers = buffers.data();
  ArrowArray dictionary{};
  std::vector<const void*> dictionary_buffers;
  if (child.dictionary != nullptr) {
    dictionary = *child.dictionary;
    dictionary_buffers.assign(dictionary.buffers, dictionary.buffers + dictionary.n_buffers);
    dictionary.buffers = dictionary_buffers.data();
    child.dictionary = &dictionary;
    // A longer dictionary than its buffers is a lie that nobody can see.
    const int64_t length = dictionary.length;
    if (input.byte() % 2 == 0) lie(dictionary, input);
    dictionary.length = std::min(length, dictionary.length);
  }
  if (input.byte() % 2 == 0) lie(child, input);
  std::vector<ArrowArray*> children(array->children, array->children + array->n_children);
  children[0] = input.byte() % 16 == 0 ? nullptr : &child;
  ArrowArray batch = *array;
  batch.children = children.data();
  if (input.byte() % 4 == 0) {
    const auto number = static_cast<int64_t>(input.number());
    switch (input.byte() % 4) {
      case 0:
        batch.length = number;
        break;
      case 1:
        batch.offset = number;
        break;
      case 2:
        batch.n_children = number;
        break;
      default:
        batch.children = nullptr;
    }
    // Rows beyond the buffers that children still claim to have are a lie that nobody can see.
    if (batch.offset > 0 && batch.offset < INT64_MAX - kRows) return 0;
    if (batch.length > kRows && child.length > kRows) return 0;
  }
  import(*schema, batch);
  return 0;
}
