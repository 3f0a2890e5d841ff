/* The border of insitu: plain C, no exceptions, no types of any host or algorithm.
 *
 * Every function that can fail returns an insitu_code and, if `error` is not null, fills it.
 * Handles are opaque and freed by their _free function (null is allowed). JSON text is UTF-8;
 * numbers that are not finite are null (NaN), "Infinity",
 * "-Infinity". Rows enter as Arrow C structs, which a host without Arrow fills by hand; they are
 * borrowed for the call unless a comment says that ownership moves. A handle may be used from one
 * thread at a time, analyses and row functions from many. */
#ifndef INSITU_C_API_H
#define INSITU_C_API_H

#include <stddef.h>
#include <stdint.h>

#include "insitu/arrow_c.h"
#include "insitu/value.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define INSITU_API __declspec(dllexport)
#else
#define INSITU_API __attribute__((visibility("default")))
#endif

typedef enum insitu_code {
  INSITU_OK = 0,
  INSITU_SPEC_ERROR = 1,
  INSITU_DATA_ERROR = 2,
  INSITU_STATE_ERROR = 3,
  INSITU_NUMERIC_ERROR = 4,
  INSITU_SOURCE_ERROR = 5,
  INSITU_CANCELLED = 6,
  INSITU_INTERNAL_ERROR = 7
} insitu_code;

typedef struct insitu_error {
  insitu_code code;
  char message[1024]; /* one sentence, always terminated */
} insitu_error;

typedef struct insitu_analysis insitu_analysis;
typedef struct insitu_state insitu_state;
typedef struct insitu_fit insitu_fit;
typedef struct insitu_row_function insitu_row_function;
typedef struct insitu_scorer insitu_scorer;
typedef struct insitu_run insitu_run;
typedef struct insitu_cache insitu_cache;

/* Bytes owned by the library; insitu_bytes_free releases them. */
typedef struct insitu_bytes {
  char* data;
  size_t size;
} insitu_bytes;
INSITU_API void insitu_bytes_free(insitu_bytes* bytes);

INSITU_API const char* insitu_version(void);
/* JSON list of {kind, name, doc}. */
INSITU_API insitu_code insitu_registry(insitu_bytes* json, insitu_error* error);

/* ---- Analyses and states
 * ------------------------------------------------------------------------------------------ */
INSITU_API insitu_code insitu_analysis_make(const char* name, const char* spec_json,
                                            size_t spec_size, insitu_analysis** out,
                                            insitu_error* error);
/* {name, fingerprint, columns, state_bytes, spec} */
INSITU_API insitu_code insitu_analysis_describe(const insitu_analysis* analysis, insitu_bytes* json,
                                                insitu_error* error);
INSITU_API void insitu_analysis_free(insitu_analysis* analysis);

INSITU_API insitu_code insitu_state_empty(const insitu_analysis* analysis, insitu_state** out,
                                          insitu_error* error);
/* first_row: ordinal of the batch's first row, or -1 where rows have no order. */
INSITU_API insitu_code insitu_state_update(const insitu_analysis* analysis, insitu_state* state,
                                           const struct ArrowSchema* schema,
                                           const struct ArrowArray* batch, int64_t first_row,
                                           insitu_error* error);
INSITU_API insitu_code insitu_state_merge(const insitu_analysis* analysis, insitu_state* into,
                                          const insitu_state* from, insitu_error* error);
INSITU_API insitu_code insitu_state_save(const insitu_analysis* analysis, const insitu_state* state,
                                         insitu_bytes* bytes, insitu_error* error);
INSITU_API insitu_code insitu_state_load(const insitu_analysis* analysis, const char* bytes,
                                         size_t size, insitu_state** out, insitu_error* error);
INSITU_API insitu_code insitu_state_finalize(const insitu_analysis* analysis,
                                             const insitu_state* state, insitu_bytes* json,
                                             insitu_error* error);
/* Rows behind the smallest part of what the state tells (all of it, a group, a cell, a level);
 * UINT64_MAX if it tells of no row, 0 where the analysis does not count them. For hosts that must
 * not publish small cells. */
INSITU_API insitu_code insitu_state_smallest_cell(const insitu_analysis* analysis,
                                                  const insitu_state* state, uint64_t* rows,
                                                  insitu_error* error);
INSITU_API void insitu_state_free(insitu_state* state);

/* A state as a database keeps it: with the request that it was made by, as JSON
 * ({"analysis": name, "spec": {…}, "fit": {"name": …, "spec": {…}}}, "fit" optional). `state` is
 * what insitu_state_save gave; whether it belongs to the spec, insitu_state_load finds out. */
INSITU_API insitu_code insitu_stored_state_seal(const char* spec, size_t spec_size,
                                                const char* state, size_t state_size,
                                                insitu_bytes* out, insitu_error* error);
/* Views into `bytes`, checked to their ends. */
INSITU_API insitu_code insitu_stored_state_open(const char* bytes, size_t size, const char** spec,
                                                size_t* spec_size, const char** state,
                                                size_t* state_size, insitu_error* error);
/* What a database would have to sum for the analysis, as JSON (docs/architecture.md, Pushdown);
 * null for an analysis that SQL cannot express. */
INSITU_API insitu_code insitu_analysis_sums(const insitu_analysis* analysis, insitu_bytes* json,
                                            insitu_error* error);
/* The state of the rows that the database summed: what was done, as JSON, and its answer, one batch
 * of groups. */
INSITU_API insitu_code insitu_state_from_sums(const insitu_analysis* analysis,
                                              const char* facts_json, size_t facts_size,
                                              const struct ArrowSchema* schema,
                                              const struct ArrowArray* answer, insitu_state** out,
                                              insitu_error* error);

/* ---- Fits: models of one or several passes
 * ------------------------------------------------------------------------ */
INSITU_API insitu_code insitu_fit_make(const char* name, const char* spec_json, size_t spec_size,
                                       insitu_fit** out, insitu_error* error);
/* *out is the next pass (free it), or null when the result is ready. */
INSITU_API insitu_code insitu_fit_next(insitu_fit* fit, insitu_analysis** out, insitu_error* error);
INSITU_API insitu_code insitu_fit_accept(insitu_fit* fit, const insitu_state* state,
                                         insitu_error* error);
/* From any thread: makes an insitu_fit_accept that is under way, and later ones, end soon with
 * INSITU_CANCELLED. */
INSITU_API void insitu_fit_cancel(insitu_fit* fit);
/* For hosts whose signal handlers set flags: long arithmetic of this thread also ends with
 * INSITU_CANCELLED once one of the two is not zero. Null: none. */
INSITU_API void insitu_watch(const volatile int* first, const volatile int* second);
INSITU_API insitu_code insitu_fit_result(const insitu_fit* fit, insitu_bytes* json,
                                         insitu_error* error);
INSITU_API void insitu_fit_free(insitu_fit* fit);

/* ---- Models: the result of a fit, as JSON or as the bytes of docs/model-format.md
 * ------------------------------------------------------------------------ */
INSITU_API insitu_code insitu_model_seal(const char* model_json, size_t size, insitu_bytes* out,
                                         insitu_error* error);
INSITU_API insitu_code insitu_model_open(const char* bytes, size_t size, insitu_bytes* model_json,
                                         insitu_error* error);
/* {"term": […], "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"}: lists of
 * one length; conf_level lies between 0 and 1. */
INSITU_API insitu_code insitu_model_tidy(const char* model_json, size_t size, double conf_level,
                                         insitu_bytes* json, insitu_error* error);
/* {"r_squared", "adj_r_squared", "sigma", "statistic", "p_value", "df", "df_residual", "aic",
 * "bic", "nobs", "cov_type"}; of a generalised linear model its deviances in place of R^2 and F */
INSITU_API insitu_code insitu_model_glance(const char* model_json, size_t size, insitu_bytes* json,
                                           insitu_error* error);
/* One scalar SQL expression that predicts; dialect: "postgres", "duckdb", "sqlite" or "tsql". */
INSITU_API insitu_code insitu_model_to_sql(const char* model_json, size_t size, const char* dialect,
                                           insitu_bytes* sql, insitu_error* error);

/* ---- Computations: what needs no rows, by name of the registry: tests of hypotheses, tail areas
 * ------------------------------------------------------------------------ */
INSITU_API insitu_code insitu_compute(const char* name, const char* spec_json, size_t spec_size,
                                      insitu_bytes* json, insitu_error* error);

/* ---- Row functions
 * ------------------------------------------------------------------------------------------------
 */
INSITU_API insitu_code insitu_row_function_make(const char* name, const char* spec_json,
                                                size_t spec_size, insitu_row_function** out,
                                                insitu_error* error);
/* {name, columns, outputs, spec} */
INSITU_API insitu_code insitu_row_function_describe(const insitu_row_function* function,
                                                    insitu_bytes* json, insitu_error* error);
INSITU_API void insitu_row_function_free(insitu_row_function* function);

/* Row by row, for hosts that call once per row. A scorer keeps what it needs of the function, which
 * may be freed; it serves one thread at a time. `values` has one cell per column of the function,
 * in their order; `out` room for one double per output, NaN where missing. */
INSITU_API insitu_code insitu_scorer_make(const insitu_row_function* function, insitu_scorer** out,
                                          insitu_error* error);
INSITU_API insitu_code insitu_scorer_apply(insitu_scorer* scorer, const insitu_value* values,
                                           double* out, insitu_error* error);
INSITU_API void insitu_scorer_free(insitu_scorer* scorer);

/* ---- The local engine
 * --------------------------------------------------------------------------------------------- */
/* Keeps the batches of a stream decoded, up to budget_bytes, so that later passes need not read
 * again. */
INSITU_API insitu_code insitu_cache_make(uint64_t budget_bytes, insitu_cache** out,
                                         insitu_error* error);
/* 1 if the cache holds every row of a whole stream with the analysis's columns: its run may then be
 * started without a stream. */
INSITU_API int insitu_cache_serves(const insitu_cache* cache, const insitu_analysis* analysis);
INSITU_API void insitu_cache_free(insitu_cache* cache);

/* Starts reducing a stream to a state on worker threads; takes ownership of *stream (released when
 * the run ends, also on error). cache may be null; stream may be null if the cache serves the
 * analysis. options_json: {"threads": n, "queue": n, "memory_budget": bytes}; all optional. The
 * same rows give the same bits for any number of threads and any batch sizes. */
INSITU_API insitu_code insitu_run_start(const insitu_analysis* analysis,
                                        struct ArrowArrayStream* stream, insitu_cache* cache,
                                        const char* options_json, size_t options_size,
                                        insitu_run** out, insitu_error* error);
typedef struct insitu_progress {
  uint64_t rows;    /* read so far */
  uint64_t bytes;   /* of the buffers read so far */
  int32_t finished; /* 1: the state, or the error, is ready */
} insitu_progress;
/* Waits up to timeout_ms for the end. Never calls back. */
INSITU_API insitu_code insitu_run_poll(insitu_run* run, int32_t timeout_ms,
                                       insitu_progress* progress, insitu_error* error);
/* Asks the workers to stop; returns at once. insitu_run_finish then returns INSITU_CANCELLED. */
INSITU_API void insitu_run_cancel(insitu_run* run);
/* Waits for the end and hands out the state. */
INSITU_API insitu_code insitu_run_finish(insitu_run* run, insitu_state** out, insitu_error* error);
INSITU_API void insitu_run_free(insitu_run* run);

/* Maps a stream to a stream of the row function's outputs, preceded by the columns named in options
 * "keep", order and count of rows kept, computed ahead on worker threads. Takes ownership of *in;
 * *out is released by its reader, which also cancels. options_json: {"threads": n, "queue": n,
 * "keep": [names], "output_names": [names]}. */
INSITU_API insitu_code insitu_map_start(const insitu_row_function* function,
                                        struct ArrowArrayStream* in, const char* options_json,
                                        size_t options_size, struct ArrowArrayStream* out,
                                        insitu_error* error);
/* What the row function noticed in a map (counts of unseen levels …), once its stream has been read
 * to the end: JSON. */
INSITU_API insitu_code insitu_map_notes(const struct ArrowArrayStream* out, insitu_bytes* json,
                                        insitu_error* error);

/* ---- Formulas
 * -----------------------------------------------------------------------------------------------------
 */
/* {"response": …, "variables": […], "terms": […]}: what a formula uses, given the columns
 * [{"name": …, "kind": "numeric"|"factor"}, …] of the source (needed for "."). */
INSITU_API insitu_code insitu_formula_describe(const char* formula, size_t formula_size,
                                               const char* columns_json, size_t columns_size,
                                               insitu_bytes* json, insitu_error* error);

#ifdef __cplusplus
}
#endif

#endif /* INSITU_C_API_H */
