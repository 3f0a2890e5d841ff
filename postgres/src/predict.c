/* insitu.predict(model, columns …) and insitu.apply(spec, columns …): row functions, one row a
 * call. */

#include "insitu_pg.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "kept.h"
#include "nodes/primnodes.h"
#include "reader.h"
#include "utils/array.h"

/* A query may give a model for each group: so many are kept decoded. */
#define MOST_KEPT 1024
/* Calls between two looks at the clock. */
#define CALLS_PER_CHECK 1024

/* A row function made from a model or a spec. */
typedef struct Scoring {
  InsituKept kept; /* first; by the raw datum, maybe a toast pointer */
  bool constant;
  insitu_row_function* function;
  insitu_scorer* scorer;
  InsituReader* reader;
  insitu_value* row;
  int n_outputs;
  double* outputs;
} Scoring;

static void describe(Scoring* scoring, FunctionCallInfo fcinfo, const char* what) {
  insitu_bytes text = {NULL, 0};
  Datum description;
  char** columns;
  int n_columns;

  INSITU_CALL(CurrentMemoryContext, insitu_row_function_describe(scoring->function, &text, &error));
  description = insitu_jsonb(text.data, text.size);
  insitu_bytes_free(&text);
  columns = insitu_json_strings(description, "columns", &n_columns);
  insitu_json_strings(description, "outputs", &scoring->n_outputs);
  scoring->outputs = palloc(sizeof(double) * (Size)scoring->n_outputs);
  scoring->row = palloc0(sizeof(insitu_value) * (Size)Max(n_columns, 1));
  scoring->reader = insitu_reader_make(fcinfo, 1, columns, n_columns, what);
  INSITU_CALL(CurrentMemoryContext,
              insitu_scorer_make(scoring->function, &scoring->scorer, &error));
}

/* The spec of the row function "linear_predict" for a model. */
static void make_predict(Scoring* scoring, const bytea* model) {
  insitu_bytes json = {NULL, 0};
  StringInfoData spec;

  INSITU_CALL(CurrentMemoryContext,
              insitu_model_open(VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model), &json, &error));
  initStringInfo(&spec);
  appendStringInfoString(&spec, "{\"model\": ");
  appendBinaryStringInfo(&spec, json.data, (int)json.size);
  appendStringInfoChar(&spec, '}');
  insitu_bytes_free(&json);
  INSITU_CALL(CurrentMemoryContext,
              insitu_row_function_make("linear_predict", spec.data, (Size)spec.len,
                                       &scoring->function, &error));
  pfree(spec.data);
}

static void make_apply(Scoring* scoring, const bytea* bytes) {
  Datum spec = insitu_jsonb(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
  char* name = insitu_json_text(spec, "row_function");
  char* inner = insitu_json_text(spec, "spec");

  if (name == NULL || inner == NULL)
    ereport(ERROR, (errcode(MAKE_SQLSTATE('I', 'S', '0', '0', '1')),
                    errmsg("the spec needs \"row_function\", a name, and \"spec\"")));
  INSITU_CALL(CurrentMemoryContext,
              insitu_row_function_make(name, inner, strlen(inner), &scoring->function, &error));
}

/* True if the model or spec is a constant of the query. A parameter is none: a variable of PL/pgSQL
 * is one, and takes other values between two calls. */
static bool value_is_constant(FunctionCallInfo fcinfo) {
  Node* call = fcinfo->flinfo->fn_expr;

  return call != NULL && IsA(call, FuncExpr) && IsA(linitial(((FuncExpr*)call)->args), Const);
}

typedef void (*Maker)(Scoring* scoring, const bytea* value);

static Scoring* make_scoring(FunctionCallInfo fcinfo, Maker make, const char* what) {
  MemoryContext context =
      AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "insitu scoring", ALLOCSET_DEFAULT_SIZES);
  MemoryContext outer = MemoryContextSwitchTo(context);
  Scoring* scoring = palloc0(sizeof(Scoring));
  const void* value = DatumGetPointer(PG_GETARG_DATUM(0));

  scoring->kept.context = context;
  insitu_kept_copy(&scoring->kept, value, VARSIZE_ANY(value));
  scoring->constant = value_is_constant(fcinfo);
  make(scoring, PG_GETARG_BYTEA_PP(0));
  describe(scoring, fcinfo, what);
  MemoryContextSwitchTo(outer);
  return scoring;
}

static Scoring* find_scoring(FunctionCallInfo fcinfo, Maker make, const char* what) {
  static uint32 calls = 0; /* of any query: what matters is how many lie between two looks */
  InsituKeptSet* set = insitu_kept_of(fcinfo->flinfo);
  const void* value = DatumGetPointer(PG_GETARG_DATUM(0));
  Scoring* found = (Scoring*)set->last;

  if (unlikely(++calls % CALLS_PER_CHECK == 0 || found == NULL)) insitu_check_time();
  if (found != NULL && found->constant) return found;
  found = (Scoring*)insitu_kept_find(set, value, VARSIZE_ANY(value));
  if (found != NULL) return found;
  found = make_scoring(fcinfo, make, what);
  insitu_kept_add(set, &found->kept, MOST_KEPT);
  return found;
}

static void apply(Scoring* scoring, FunctionCallInfo fcinfo) {
  InsituReader* reader = scoring->reader;

  insitu_reader_row(reader, fcinfo);
  for (int i = 0; i < reader->n; ++i) {
    insitu_value* value = &scoring->row[i];
    int size;

    value->is_null = reader->row[i].isnull;
    if (value->is_null) continue;
    value->kind = insitu_is_text(&reader->columns[i]) ? 1 : 0;
    if (value->kind == 0)
      value->number = insitu_number(reader, i, reader->row[i].value);
    else {
      value->text = insitu_text(reader, i, reader->row[i].value, &size);
      value->size = (Size)size;
    }
  }
  INSITU_CALL(scoring->kept.context,
              insitu_scorer_apply(scoring->scorer, scoring->row, scoring->outputs, &error));
}

PG_FUNCTION_INFO_V1(insitu_pg_predict);
Datum insitu_pg_predict(PG_FUNCTION_ARGS) {
  Scoring* scoring;

  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  scoring = find_scoring(fcinfo, make_predict, "insitu.predict");
  apply(scoring, fcinfo);
  if (isnan(scoring->outputs[0])) PG_RETURN_NULL();
  PG_RETURN_FLOAT8(scoring->outputs[0]);
}

PG_FUNCTION_INFO_V1(insitu_pg_apply);
Datum insitu_pg_apply(PG_FUNCTION_ARGS) {
  Scoring* scoring;
  Datum* values;
  bool* nulls;
  int dims[1];
  int lower[1] = {1};

  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  scoring = find_scoring(fcinfo, make_apply, "insitu.apply");
  apply(scoring, fcinfo);
  values = palloc(sizeof(Datum) * (Size)scoring->n_outputs);
  nulls = palloc(sizeof(bool) * (Size)scoring->n_outputs);
  dims[0] = scoring->n_outputs;
  for (int i = 0; i < scoring->n_outputs; ++i) {
    nulls[i] = isnan(scoring->outputs[i]);
    values[i] = Float8GetDatum(scoring->outputs[i]);
  }
  PG_RETURN_ARRAYTYPE_P(construct_md_array(values, nulls, 1, dims, lower, FLOAT8OID, sizeof(float8),
                                           FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
