// Nanoseconds per row of reading columns: numbers by type, and level codes by layout, beside a
// plain scan.
//   column_bench [million rows, default 4]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>

#include "base/levels.hpp"
#include "testing/arrow_builder.hpp"

namespace {

using namespace insitu;
using namespace insitu::testing;

constexpr size_t kTile = 2048;  // rows read at a time, as analyses do

// Best of five runs.
double seconds_of(const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

void report(const std::string& what, size_t rows, const std::function<void()>& work) {
  std::printf("%-40s %7.2f ns/row\n", what.c_str(),
              seconds_of(work) * 1e9 / static_cast<double>(rows));
}

void read_numbers_of(const std::string& what, ArrowColumn values) {
  ArrowTable table;
  table.add("x", std::move(values));
  const Column& column = table.chunk().column(0);
  std::vector<double> tile(kTile);
  report("read_doubles " + what, column.rows(), [&] {
    for (uint64_t row = 0; row < column.rows(); row += kTile) {
      column.read_doubles(row, std::min<size_t>(kTile, column.rows() - row), tile.data());
    }
  });
}

void encode_levels_of(const std::string& what, ArrowColumn values) {
  ArrowTable table;
  table.add("x", std::move(values));
  const Column& column = table.chunk().column(0);
  std::vector<uint32_t> tile(kTile);
  report("encode " + what, column.rows(), [&] {
    LevelTable levels;
    LevelEncoder encoder(levels, true);
    for (uint64_t row = 0; row < column.rows(); row += kTile) {
      encoder.encode(column, row, std::min<size_t>(kTile, column.rows() - row), tile.data());
    }
  });
}

template <class T>
Optionals<T> with_nulls(const std::vector<T>& values, unsigned percent) {
  std::mt19937 random(3);
  Optionals<T> result;
  for (const T& value : values) {
    result.push_back(random() % 100 < percent ? std::nullopt : std::optional<T>(value));
  }
  return result;
}

template <class T>
std::vector<T> random_numbers(size_t rows, unsigned below) {
  std::mt19937 random(1);
  std::vector<T> values(rows);
  for (T& value : values) value = static_cast<T>(random() % below);
  return values;
}

void numbers_section(size_t rows) {
  const auto doubles = random_numbers<double>(rows, 1000);
  read_numbers_of("double", plain(doubles));
  read_numbers_of("double, 1 % null", numbers<double>(with_nulls(doubles, 1)));
  read_numbers_of("double, 30 % null", numbers<double>(with_nulls(doubles, 30)));
  read_numbers_of("float", plain(random_numbers<float>(rows, 1000)));
  read_numbers_of("half", plain(random_numbers<uint16_t>(rows, 30000), "e"));
  read_numbers_of("int8", plain(random_numbers<int8_t>(rows, 100)));
  read_numbers_of("int32", plain(random_numbers<int32_t>(rows, 1000)));
  read_numbers_of("int64", plain(random_numbers<int64_t>(rows, 1000)));
  read_numbers_of("uint64", plain(random_numbers<uint64_t>(rows, 1000)));
  read_numbers_of("timestamp us", plain(random_numbers<int64_t>(rows, 1000), "tsu:"));
  read_numbers_of(
      "dictionary int32 of double",
      dictionary(plain(random_numbers<int32_t>(rows, 100)), plain(random_numbers<double>(100, 9))));
}

void levels_section(size_t rows, unsigned levels, size_t extra) {
  const auto picks = random_numbers<int32_t>(rows, levels);
  Texts pool;
  Texts texts;
  for (unsigned i = 0; i < levels; ++i) {
    pool.emplace_back("carrier" + std::string(extra + i % 3, 'x') + std::to_string(i));
    if (extra == 0) pool.back()->erase(1, i % 5);
  }
  for (const int32_t pick : picks) texts.push_back(pool[static_cast<size_t>(pick)]);
  const std::string name = std::to_string(levels) + " levels" + (extra > 0 ? ", long" : "");
  encode_levels_of("text, " + name, text(texts));
  encode_levels_of("views, " + name, text_views(texts));
  encode_levels_of("text 10 % null, " + name, text(with_nulls(
                                                  [&] {
                                                    std::vector<std::string> all;
                                                    for (const auto& one : texts)
                                                      all.push_back(*one);
                                                    return all;
                                                  }(),
                                                  10)));
  encode_levels_of("dictionary int32, " + name, dictionary(plain(picks), text(pool)));
  encode_levels_of("int32, " + name, plain(picks));
}

}  // namespace

int main(int argc, char** argv) {
  const size_t rows = static_cast<size_t>(argc > 1 ? std::atoi(argv[1]) : 4) * 1000000;
  numbers_section(rows);
  levels_section(rows, 300, 0);
  levels_section(rows, 20, 0);
  levels_section(rows, 20000, 0);
  levels_section(rows, 300, 20);
}
