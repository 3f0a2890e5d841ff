// Streams and toy analyses for the tests of the engine.
#pragma once

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/analysis.hpp"
#include "base/erased.hpp"
#include "base/errors.hpp"
#include "testing/arrow_builder.hpp"

namespace insitu::testing {

using namespace std::chrono_literals;

// Opens once; waits at most ten seconds, so that a failing test ends.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait(std::chrono::milliseconds timeout = 10s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// A stream that follows a script: batches, then an error or the end.
struct Script {
  ArrowColumn schema;  // a struct of columns; its rows are not used
  std::vector<ArrowColumn> batches;
  std::string error;                   // after the batches; empty: the end
  std::function<void(size_t)> before;  // called with the number of the batch that was asked for
  std::shared_ptr<Gate> released = std::make_shared<Gate>();
};

struct ScriptState {
  Script script;
  size_t next = 0;
  static ScriptState* of(ArrowArrayStream* self) {
    return static_cast<ScriptState*>(self->private_data);
  }
};

inline ArrowArrayStream scripted(Script script) {
  using State = ScriptState;
  ArrowArrayStream stream{};
  stream.get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
    export_schema(State::of(self)->script.schema, "", out);
    return 0;
  };
  stream.get_next = [](ArrowArrayStream* self, ArrowArray* out) {
    State& s = *State::of(self);
    if (s.script.before) s.script.before(s.next);
    out->release = nullptr;
    if (s.next < s.script.batches.size()) {
      export_array(s.script.batches[s.next++], out);
      return 0;
    }
    return s.script.error.empty() ? 0 : EIO;
  };
  stream.get_last_error = [](ArrowArrayStream* self) -> const char* {
    return State::of(self)->script.error.c_str();
  };
  stream.release = [](ArrowArrayStream* self) {
    const std::shared_ptr<Gate> released = State::of(self)->script.released;
    delete State::of(self);
    self->release = nullptr;
    released->open();
  };
  stream.private_data = new State{std::move(script), 0};
  return stream;
}

// Rows [first, first + rows) of a table, as an offset of the struct.
inline ArrowColumn rows_of(const ArrowTable& table, int64_t first, int64_t rows) {
  return table.sliced(first, rows).batch();
}

inline std::vector<int64_t> random_sizes(int64_t rows, unsigned seed) {
  std::mt19937 random(seed);
  const std::vector<int64_t> menu = {0, 1, 1, 7, 100, 2048, 8192, 8193, 30000};
  std::vector<int64_t> sizes;
  for (int64_t sum = 0; sum < rows; sum += sizes.back()) {
    sizes.push_back(menu[random() % menu.size()]);
  }
  return sizes;
}

// Numbers over many magnitudes: their sum depends on every rounding, so on the order of additions.
inline std::vector<double> wild_numbers(size_t rows, unsigned seed = 7) {
  std::mt19937_64 random(seed);
  std::vector<double> values(rows);
  for (double& value : values) {
    value = std::ldexp(static_cast<double>(random()) - 9e18, static_cast<int>(random() % 60) - 60);
  }
  return values;
}

inline ArrowTable table_of(const std::vector<double>& values) {
  return std::move(ArrowTable().add("x", plain(values)));
}

// The table in batches of these sizes, then what is left.
inline Script script_of(const ArrowTable& table, const std::vector<int64_t>& sizes = {}) {
  Script script;
  script.schema = rows_of(table, 0, 0);
  int64_t at = 0;
  for (const int64_t size : sizes) {
    const int64_t rows = std::min(size, table.rows() - at);
    script.batches.push_back(rows_of(table, at, rows));
    at += rows;
  }
  if (at < table.rows()) script.batches.push_back(rows_of(table, at, table.rows() - at));
  return script;
}

// A sum that is as sensitive to order as can be, and a log of how rows arrived.
struct OrderedSum {
  struct State {
    uint64_t rows = 0;
    double sum = 0;
    std::vector<uint64_t> updates;  // first row of each, in merged order; UINT64_MAX: none
    static void fields(auto& self, auto&& visit) {
      visit("rows", FieldKind::kExact, self.rows);
      visit("sum", FieldKind::kSum, self.sum);
      visit("updates", FieldKind::kExact, self.updates);
    }
  };
  static constexpr std::string_view kName = "ordered_sum";

  // Asking for one column 130 times makes blocks of 8,192 rows.
  std::vector<std::string> names = std::vector<std::string>(130, "x");
  uint64_t bytes = 64;
  // Called with each value and its ordinal.
  std::function<void(double, uint64_t)> look;

  Json spec() const { return {{"names", names}, {"bytes", bytes}}; }
  const std::vector<std::string>& columns() const { return names; }
  State empty() const { return {}; }
  void update(State& into, const Chunk& chunk) const {
    std::vector<double> values(chunk.rows());
    chunk.column(0).read_doubles(0, values.size(), values.data());
    const uint64_t first = chunk.first_row().value_or(UINT64_MAX);
    for (size_t i = 0; i < values.size(); ++i) {
      if (look) look(values[i], first + i);
      into.sum += values[i];
    }
    into.rows += values.size();
    into.updates.push_back(first);
  }
  void merge(State& into, const State& from) const {
    into.rows += from.rows;
    into.sum += from.sum;
    into.updates.insert(into.updates.end(), from.updates.begin(), from.updates.end());
  }
  Json finalize(const State& from) const { return {{"rows", from.rows}, {"sum", from.sum}}; }
  uint64_t state_bytes() const { return bytes; }
};

}  // namespace insitu::testing
