/* The whole border from plain C, as a host without C++ sees it: proof that c_api.h is C, driven by
 * c_api_test.cpp. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insitu/c_api.h"

/* Returns null, or what went wrong. */
const char* insitu_c_drive(void);

static char problem[1600];

#define TRY(call)                                                                               \
  do {                                                                                          \
    insitu_error error;                                                                         \
    insitu_error* const e = &error;                                                             \
    if ((call) != INSITU_OK) {                                                                  \
      snprintf(problem, sizeof problem, "line %d: %d %s", __LINE__, error.code, error.message); \
      return problem;                                                                           \
    }                                                                                           \
  } while (0)
#define EXPECT(condition)                                                     \
  do {                                                                        \
    if (!(condition)) {                                                       \
      snprintf(problem, sizeof problem, "line %d: %s", __LINE__, #condition); \
      return problem;                                                         \
    }                                                                         \
  } while (0)

/* ---- A batch of two columns in static memory, and a stream of it ---- */
#define ROWS 6
static const double kX[ROWS] = {1, 2, 3, 4, 5, 6};
static const double kY[ROWS] = {3, 5, 7, 9, 11, 13}; /* 1 + 2 x */

static void release_schema(struct ArrowSchema* schema) { schema->release = NULL; }
static void release_array(struct ArrowArray* array) { array->release = NULL; }

static struct ArrowSchema x_schema = {"g", "x", NULL, 2, 0, NULL, NULL, release_schema, NULL};
static struct ArrowSchema y_schema = {"g", "y", NULL, 2, 0, NULL, NULL, release_schema, NULL};
static struct ArrowSchema* schema_children[2] = {&x_schema, &y_schema};
static const void* x_buffers[2] = {NULL, kX};
static const void* y_buffers[2] = {NULL, kY};
static const void* no_buffers[1] = {NULL};
static struct ArrowArray x_array = {ROWS, 0, 0, 2, 0, x_buffers, NULL, NULL, release_array, NULL};
static struct ArrowArray y_array = {ROWS, 0, 0, 2, 0, y_buffers, NULL, NULL, release_array, NULL};
static struct ArrowArray* array_children[2] = {&x_array, &y_array};

static struct ArrowSchema make_schema(void) {
  struct ArrowSchema schema = {"+s", "", NULL, 0, 2, schema_children, NULL, release_schema, NULL};
  return schema;
}

static struct ArrowArray make_batch(int64_t first, int64_t rows) {
  struct ArrowArray batch = {rows,           0,    first,         1,   2, no_buffers,
                             array_children, NULL, release_array, NULL};
  return batch;
}

static int releases = 0;
static int stream_schema(struct ArrowArrayStream* self, struct ArrowSchema* out) {
  (void)self;
  *out = make_schema();
  return 0;
}
static int stream_next(struct ArrowArrayStream* self, struct ArrowArray* out) {
  int* sent = self->private_data;
  memset(out, 0, sizeof *out);
  if (*sent < 2) *out = make_batch(3 * (*sent)++, 3);
  return 0;
}
static const char* stream_error(struct ArrowArrayStream* self) {
  (void)self;
  return NULL;
}
static void stream_release(struct ArrowArrayStream* self) {
  free(self->private_data);
  self->release = NULL;
  ++releases;
}
static struct ArrowArrayStream make_stream(void) {
  struct ArrowArrayStream stream = {stream_schema, stream_next, stream_error, stream_release,
                                    calloc(1, sizeof(int))};
  return stream;
}

static const char kSpec[] =
    "{\"formula\": \"y ~ x\", \"columns\": [{\"name\": \"x\", \"kind\": \"numeric\"},"
    " {\"name\": \"y\", \"kind\": \"numeric\"}]}";

/* States by hand: two partials, saved, loaded, merged. */
static const char* reduce_by_hand(const insitu_analysis* analysis, insitu_state** out) {
  insitu_state* second = NULL;
  insitu_state* loaded = NULL;
  insitu_bytes bytes = {NULL, 0};
  insitu_bytes json = {NULL, 0};
  struct ArrowSchema schema = make_schema();
  struct ArrowArray head = make_batch(0, 2);
  struct ArrowArray tail = make_batch(2, 4);
  TRY(insitu_analysis_describe(analysis, &json, e));
  EXPECT(strstr(json.data, "\"fingerprint\":\"") != NULL);
  insitu_bytes_free(&json);
  TRY(insitu_state_empty(analysis, out, e));
  TRY(insitu_state_empty(analysis, &second, e));
  TRY(insitu_state_update(analysis, *out, &schema, &head, 0, e));
  TRY(insitu_state_update(analysis, second, &schema, &tail, 2, e));
  TRY(insitu_state_save(analysis, second, &bytes, e));
  TRY(insitu_state_load(analysis, bytes.data, bytes.size, &loaded, e));
  TRY(insitu_state_merge(analysis, *out, loaded, e));
  TRY(insitu_state_finalize(analysis, *out, &json, e));
  EXPECT(json.size > 0 && json.data[json.size] == 0);
  insitu_bytes_free(&json);
  insitu_bytes_free(&bytes);
  insitu_state_free(second);
  insitu_state_free(loaded);
  return NULL;
}

/* The same by the engine, twice: from a stream into a cache, then from the cache alone. */
static const char* reduce_by_engine(const insitu_analysis* analysis, insitu_state** out) {
  insitu_cache* cache = NULL;
  insitu_run* run = NULL;
  insitu_progress progress = {0, 0, 0};
  struct ArrowArrayStream stream = make_stream();
  TRY(insitu_cache_make(1 << 20, &cache, e));
  EXPECT(insitu_cache_serves(cache, analysis) == 0);
  TRY(insitu_run_start(analysis, &stream, cache, "{\"threads\": 2}", 14, &run, e));
  EXPECT(stream.release == NULL);
  while (!progress.finished) TRY(insitu_run_poll(run, 50, &progress, e));
  EXPECT(progress.rows == ROWS);
  TRY(insitu_run_finish(run, out, e));
  insitu_run_free(run);
  EXPECT(releases == 1);
  EXPECT(insitu_cache_serves(cache, analysis) == 1);
  insitu_state_free(*out);
  TRY(insitu_run_start(analysis, NULL, cache, NULL, 0, &run, e));
  TRY(insitu_run_finish(run, out, e));
  insitu_run_free(run);
  insitu_cache_free(cache);
  return NULL;
}

typedef const char* (*reducer)(const insitu_analysis* analysis, insitu_state** out);

static const char* fit(reducer reduce, insitu_bytes* model) {
  insitu_fit* made = NULL;
  insitu_analysis* pass = NULL;
  int passes = 0;
  TRY(insitu_fit_make("linear", kSpec, strlen(kSpec), &made, e));
  TRY(insitu_fit_next(made, &pass, e));
  EXPECT(pass != NULL);
  while (pass != NULL) {
    insitu_state* state = NULL;
    const char* const failed = reduce(pass, &state);
    if (failed != NULL) return failed;
    TRY(insitu_fit_accept(made, state, e));
    insitu_state_free(state);
    insitu_analysis_free(pass);
    TRY(insitu_fit_next(made, &pass, e));
    EXPECT(++passes < 10);
    releases = 0;
  }
  TRY(insitu_fit_result(made, model, e));
  insitu_fit_free(made);
  return NULL;
}

/* One row by itself: 1 + 2 * 7. */
static const char* score_row(const insitu_row_function* function) {
  insitu_scorer* scorer = NULL;
  insitu_value x = {0, INSITU_VALUE_NUMBER, 7.0, NULL, 0};
  double predicted = 0;
  TRY(insitu_scorer_make(function, &scorer, e));
  TRY(insitu_scorer_apply(scorer, &x, &predicted, e));
  EXPECT(predicted > 14.999999 && predicted < 15.000001);
  x.is_null = 1;
  TRY(insitu_scorer_apply(scorer, &x, &predicted, e));
  EXPECT(predicted != predicted);
  insitu_scorer_free(scorer);
  return NULL;
}

/* A model goes into bytes and comes back. */
static const char* keep(const insitu_bytes* model) {
  insitu_bytes sealed = {NULL, 0};
  insitu_bytes opened = {NULL, 0};
  TRY(insitu_model_seal(model->data, model->size, &sealed, e));
  TRY(insitu_model_open(sealed.data, sealed.size, &opened, e));
  EXPECT(opened.size == model->size && memcmp(opened.data, model->data, model->size) == 0);
  insitu_bytes_free(&sealed);
  insitu_bytes_free(&opened);
  return NULL;
}

/* Scores the stream with a model: the kept column, then the prediction. */
static const char* score(const insitu_bytes* model) {
  insitu_row_function* function = NULL;
  insitu_bytes json = {NULL, 0};
  struct ArrowArrayStream in = make_stream();
  struct ArrowArrayStream out;
  struct ArrowSchema schema;
  double sum = 0;
  char* spec = malloc(model->size + 16);
  EXPECT(spec != NULL);
  snprintf(spec, model->size + 16, "{\"model\": %s}", model->data);
  TRY(insitu_row_function_make("linear_predict", spec, strlen(spec), &function, e));
  free(spec);
  TRY(insitu_row_function_describe(function, &json, e));
  EXPECT(strstr(json.data, "\"outputs\":[\"pred\"]") != NULL);
  insitu_bytes_free(&json);
  {
    const char* const failed = score_row(function);
    if (failed != NULL) return failed;
  }
  TRY(insitu_map_start(function, &in, "{\"keep\": [\"y\"]}", 15, &out, e));
  EXPECT(in.release == NULL);
  EXPECT(out.get_schema(&out, &schema) == 0);
  EXPECT(schema.n_children == 2 && strcmp(schema.children[0]->name, "y") == 0);
  schema.release(&schema);
  for (;;) {
    struct ArrowArray batch;
    int64_t row;
    EXPECT(out.get_next(&out, &batch) == 0);
    if (batch.release == NULL) break;
    const double* predicted = batch.children[1]->buffers[1];
    for (row = 0; row < batch.length; ++row) sum += predicted[batch.children[1]->offset + row];
    batch.release(&batch);
  }
  EXPECT(sum > 47.999999 && sum < 48.000001);
  TRY(insitu_map_notes(&out, &json, e));
  EXPECT(json.data[0] == '{');
  insitu_bytes_free(&json);
  out.release(&out);
  insitu_row_function_free(function);
  return NULL;
}

const char* insitu_c_drive(void) {
  insitu_bytes by_hand = {NULL, 0};
  insitu_bytes by_engine = {NULL, 0};
  const char* failed = fit(reduce_by_hand, &by_hand);
  releases = 0;
  if (failed == NULL) failed = fit(reduce_by_engine, &by_engine);
  if (failed != NULL) return failed;
  EXPECT(strstr(by_hand.data, "\"kind\":\"linear_model\"") != NULL);
  EXPECT(strstr(by_engine.data, "\"kind\":\"linear_model\"") != NULL);
  failed = score(&by_engine);
  if (failed == NULL) failed = keep(&by_engine);
  insitu_bytes_free(&by_hand);
  insitu_bytes_free(&by_engine);
  return failed;
}
