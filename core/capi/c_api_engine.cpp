// The local engine: caches, runs, maps.
#include <chrono>

#include "base/arrow_import.hpp"
#include "base/json.hpp"
#include "border.hpp"
#include "engine/cache.hpp"
#include "engine/engine.hpp"
#include "engine/map.hpp"
#include "engine/options.hpp"

struct insitu_cache {
  insitu::Cache value;
};
struct insitu_run {
  insitu::Run value;
};

using namespace insitu;

namespace {

Json options_of(const char* json, size_t size) {
  const std::string_view text = text_of(json, size, "options_json");
  return text.empty() ? Json::object() : parse_json(text, "options");
}

}  // namespace

insitu_code insitu_cache_make(uint64_t budget_bytes, insitu_cache** out, insitu_error* error) {
  return gate(error, [&] {
    insitu_cache*& made = clear(out);
    made = new insitu_cache{Cache(budget_bytes)};
  });
}

int insitu_cache_serves(const insitu_cache* cache, const insitu_analysis* analysis) {
  if (cache == nullptr || analysis == nullptr || analysis->value == nullptr) return 0;
  return cache->value.serves(analysis->value->columns()) ? 1 : 0;
}

void insitu_cache_free(insitu_cache* cache) { delete cache; }

insitu_code insitu_run_start(const insitu_analysis* analysis, ArrowArrayStream* stream,
                             insitu_cache* cache, const char* options_json, size_t options_size,
                             insitu_run** out, insitu_error* error) {
  // Ours from here on, whatever goes wrong.
  UniqueStream owned = stream == nullptr ? UniqueStream() : UniqueStream(stream);
  return gate(error, [&] {
    insitu_run*& made = clear(out);
    const AnalysisPtr& a = need(analysis, "analysis").value;
    const RunOptions options = run_options(options_of(options_json, options_size));
    made = new insitu_run{
        Run(a, owned ? owned.get() : nullptr, cache == nullptr ? nullptr : &cache->value, options)};
  });
}

insitu_code insitu_run_poll(insitu_run* run, int32_t timeout_ms, insitu_progress* progress,
                            insitu_error* error) {
  return gate(error, [&] {
    insitu_progress& out = need(progress, "progress");
    const Progress now =
        need(run, "run").value.poll(std::chrono::milliseconds(timeout_ms < 0 ? 0 : timeout_ms));
    out = {now.rows, now.bytes, now.finished ? 1 : 0};
  });
}

void insitu_run_cancel(insitu_run* run) {
  if (run != nullptr) run->value.cancel();
}

insitu_code insitu_run_finish(insitu_run* run, insitu_state** out, insitu_error* error) {
  return gate(error, [&] {
    insitu_state*& made = clear(out);
    made = new insitu_state{need(run, "run").value.finish()};
  });
}

void insitu_run_free(insitu_run* run) { delete run; }

insitu_code insitu_map_start(const insitu_row_function* function, ArrowArrayStream* in,
                             const char* options_json, size_t options_size, ArrowArrayStream* out,
                             insitu_error* error) {
  UniqueStream owned = in == nullptr ? UniqueStream() : UniqueStream(in);
  return gate(error, [&] {
    ArrowArrayStream& made = need(out, "out");
    made = {};
    need(in, "in");
    const RowFunctionPtr& f = need(function, "function").value;
    start_map(f, owned.get(), map_options(options_of(options_json, options_size)), &made);
  });
}

insitu_code insitu_map_notes(const ArrowArrayStream* out, insitu_bytes* json, insitu_error* error) {
  return gate(error, [&] { give_json(json, map_notes(need(out, "out"))); });
}
