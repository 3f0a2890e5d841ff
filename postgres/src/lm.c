/* insitu.spec and insitu.lm: from a formula and a table to a spec, and to a model. */

#include "insitu_pg.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "models.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "plan.h"
#include "relation.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* Of insitu.spec and insitu.lm. */
#define SPEC_ARGUMENTS 7
/* Arguments of one aggregate call; beyond it the columns go as one row. */
#define MOST_COLUMNS 98

/* The arguments that insitu.lm and insitu.spec share, in the order of their declarations. */
typedef struct Request {
  char* formula;
  char* data;
  char* pweights; /* null: none */
  char* fweights;
  bool drop_first;
  char* precision;
  bool cov_coef;
} Request;

static char* text_or_null(FunctionCallInfo fcinfo, int i) {
  return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static char* text_needed(FunctionCallInfo fcinfo, int i, const char* name) {
  if (PG_ARGISNULL(i))
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the argument %s is null", name)));
  return text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static Request read_request(FunctionCallInfo fcinfo) {
  Request request;

  request.formula = text_needed(fcinfo, 0, "formula");
  request.data = text_needed(fcinfo, 1, "data");
  request.pweights = text_or_null(fcinfo, 2);
  request.fweights = text_or_null(fcinfo, 3);
  request.drop_first = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
  request.precision = text_needed(fcinfo, 5, "precision");
  request.cov_coef = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
  return request;
}

static void append_text(StringInfo json, const char* key, const char* value) {
  appendStringInfo(json, ", \"%s\": ", key);
  if (value == NULL)
    appendStringInfoString(json, "null");
  else
    insitu_append_string(json, value);
}

/* The spec of fit "linear". */
static char* fit_spec(const Request* request, const InsituRelation* relation) {
  StringInfoData json;

  initStringInfo(&json);
  appendStringInfoString(&json, "{\"formula\": ");
  insitu_append_string(&json, request->formula);
  appendStringInfoString(&json, ", \"columns\": ");
  insitu_append_columns(&json, relation->columns, request->fweights);
  if (relation->rows > 0) appendStringInfo(&json, ", \"rows\": %.0f", relation->rows);
  append_text(&json, "pweights", request->pweights);
  append_text(&json, "fweights", request->fweights);
  append_text(&json, "precision", request->precision);
  appendStringInfo(&json, ", \"drop_first\": %s, \"cov_coef\": %s}",
                   request->drop_first ? "true" : "false", request->cov_coef ? "true" : "false");
  return json.data;
}

/* A pass of a fit. */
typedef struct Pass {
  insitu_analysis* analysis;
  char* name;
  char* spec;
  char** columns;
  int n_columns;
} Pass;

/* The next pass; false where the fit is done. */
static bool next_pass(insitu_fit* fit, Pass* pass) {
  insitu_bytes text = {NULL, 0};
  Datum description;

  INSITU_CALL(CurrentMemoryContext, insitu_fit_next(fit, &pass->analysis, &error));
  if (pass->analysis == NULL) return false;
  INSITU_CALL(CurrentMemoryContext, insitu_analysis_describe(pass->analysis, &text, &error));
  description = insitu_jsonb(text.data, text.size);
  insitu_bytes_free(&text);
  pass->columns = insitu_json_strings(description, "columns", &pass->n_columns);
  pass->name = insitu_json_text(description, "name");
  pass->spec = insitu_json_text(description, "spec");
  return true;
}

/* A pass as SQL's spec; with the fit that it begins, if there is one. */
static bytea* spec_bytes(const Pass* pass, const char* fit) {
  StringInfoData spec;

  initStringInfo(&spec);
  appendStringInfoString(&spec, "{\"analysis\": ");
  insitu_append_string(&spec, pass->name);
  appendStringInfo(&spec, ", \"spec\": %s", pass->spec);
  if (fit != NULL) appendStringInfo(&spec, ", \"fit\": {\"name\": \"linear\", \"spec\": %s}", fit);
  appendStringInfoChar(&spec, '}');
  return DatumGetByteaPP(PointerGetDatum(cstring_to_text_with_len(spec.data, spec.len)));
}

static char* pass_query(const char* from, char** columns, int n) {
  StringInfoData sql;

  initStringInfo(&sql);
  appendStringInfo(&sql, "SELECT insitu.state($1, %s", n > MOST_COLUMNS ? "ROW(" : "");
  for (int i = 0; i < n; ++i)
    appendStringInfo(&sql, "%s%s", i == 0 ? "" : ", ", quote_identifier(columns[i]));
  appendStringInfo(&sql, "%s) FROM %s", n > MOST_COLUMNS ? ")" : "", from);
  return sql.data;
}

/* Runs one pass; null if there are no rows. */
static bytea* run_pass(const char* query, bytea* spec) {
  Oid types[] = {BYTEAOID};
  Datum values[] = {PointerGetDatum(spec)};
  bool is_null = true;
  Datum state;

  if (SPI_execute_with_args(query, 1, types, values, NULL, true, 0) != SPI_OK_SELECT ||
      SPI_processed != 1)
    elog(ERROR, "insitu: the pass over the rows gave no state");
  state = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
  return is_null ? NULL : DatumGetByteaPP(state);
}

static void accept_state(insitu_fit* fit, const insitu_analysis* pass, const bytea* stored) {
  insitu_state* state = NULL;

  if (stored == NULL) {
    INSITU_CALL(CurrentMemoryContext, insitu_state_empty(pass, &state, &error));
  } else {
    const char* spec;
    const char* saved;
    Size spec_size;
    Size saved_size;

    INSITU_CALL(CurrentMemoryContext,
                insitu_stored_state_open(VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored), &spec,
                                         &spec_size, &saved, &saved_size, &error));
    INSITU_CALL(CurrentMemoryContext, insitu_state_load(pass, saved, saved_size, &state, &error));
  }
  INSITU_CALL(CurrentMemoryContext, insitu_fit_accept(fit, state, &error));
  insitu_state_free(state);
}

/* Results leave SPI's memory for the caller's. */
static struct varlena* handed_out(struct varlena* value, MemoryContext caller) {
  Size size = VARSIZE_ANY(value);

  return memcpy(MemoryContextAlloc(caller, size), value, size);
}

PG_FUNCTION_INFO_V1(insitu_pg_lm);
Datum insitu_pg_lm(PG_FUNCTION_ARGS) {
  MemoryContext caller = CurrentMemoryContext;
  Request request = read_request(fcinfo);
  InsituRelation relation;
  insitu_fit* fit = NULL;
  Pass pass;
  char* text;
  struct varlena* model;

  SPI_connect();
  relation = insitu_relation(request.data);
  text = fit_spec(&request, &relation);
  INSITU_CALL(CurrentMemoryContext, insitu_fit_make("linear", text, strlen(text), &fit, &error));
  while (next_pass(fit, &pass)) {
    accept_state(
        fit, pass.analysis,
        run_pass(pass_query(relation.from, pass.columns, pass.n_columns), spec_bytes(&pass, NULL)));
    insitu_analysis_free(pass.analysis);
  }
  model = handed_out(insitu_seal_result(fit), caller);
  SPI_finish();
  PG_RETURN_BYTEA_P(model);
}

/* The spec, in the caller's memory; *tables receives the Oids of the tables behind it. */
static bytea* make_spec(const Request* request, List** tables) {
  MemoryContext caller = CurrentMemoryContext;
  MemoryContext inner;
  InsituRelation relation;
  insitu_fit* fit = NULL;
  Pass pass;
  char* text;
  bytea* result;

  SPI_connect();
  relation = insitu_relation(request->data);
  text = fit_spec(request, &relation);
  INSITU_CALL(CurrentMemoryContext, insitu_fit_make("linear", text, strlen(text), &fit, &error));
  if (!next_pass(fit, &pass)) elog(ERROR, "insitu: the fit has no pass");
  if (strcmp(pass.name, "linear") != 0)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("N() and F() of a factor count in levels that only a pass over the rows "
                           "would tell; make the column an enum, or fit with insitu.lm")));
  result = (bytea*)handed_out((struct varlena*)spec_bytes(&pass, text), caller);
  inner = MemoryContextSwitchTo(caller);
  *tables = list_copy(relation.tables);
  MemoryContextSwitchTo(inner);
  SPI_finish();
  return result;
}

PG_FUNCTION_INFO_V1(insitu_pg_spec);
Datum insitu_pg_spec(PG_FUNCTION_ARGS) {
  Request request = read_request(fcinfo);
  List* tables;

  PG_RETURN_BYTEA_P(make_spec(&request, &tables));
}

/* A call of insitu.spec with nothing but constants, as the call of a function; false for others,
 * and for null arguments, whose error is raised when they are run. Other errors are the planner's.
 */
static bool constant_call(const FuncExpr* call, FunctionCallInfo fcinfo) {
  int i = 0;
  ListCell* cell;

  if (list_length(call->args) != SPEC_ARGUMENTS) return false;
  foreach (cell, call->args) {
    Node* argument = lfirst(cell);

    if (!IsA(argument, Const)) return false;
    fcinfo->args[i].value = ((Const*)argument)->constvalue;
    fcinfo->args[i].isnull = ((Const*)argument)->constisnull;
    ++i;
  }
  return !fcinfo->args[0].isnull && !fcinfo->args[1].isnull && !fcinfo->args[5].isnull;
}

/* The planner makes a spec once, where it would be made anew for each row as an argument of
 * insitu.state. The plan is made again when a table behind the spec changes. */
PG_FUNCTION_INFO_V1(insitu_pg_spec_support);
Datum insitu_pg_spec_support(PG_FUNCTION_ARGS) {
  Node* asked = (Node*)PG_GETARG_POINTER(0);
  SupportRequestSimplify* simplify;
  LOCAL_FCINFO(call, SPEC_ARGUMENTS);
  Request request;
  List* tables;
  bytea* spec;

  if (!IsA(asked, SupportRequestSimplify)) PG_RETURN_POINTER(NULL);
  simplify = (SupportRequestSimplify*)asked;
  InitFunctionCallInfoData(*call, NULL, SPEC_ARGUMENTS, InvalidOid, NULL, NULL);
  if (simplify->root == NULL || !constant_call(simplify->fcall, call)) PG_RETURN_POINTER(NULL);
  request = read_request(call);
  spec = make_spec(&request, &tables);
  simplify->root->glob->relationOids = list_concat(simplify->root->glob->relationOids, tables);
  PG_RETURN_POINTER(makeConst(BYTEAOID, -1, InvalidOid, -1, PointerGetDatum(spec), false, false));
}

/* The columns of a spec, in the order that insitu.state takes them. */
PG_FUNCTION_INFO_V1(insitu_pg_columns);
Datum insitu_pg_columns(PG_FUNCTION_ARGS) {
  bytea* spec = PG_GETARG_BYTEA_PP(0);
  InsituPlan* plan = insitu_plan_of(fcinfo->flinfo, VARDATA_ANY(spec), VARSIZE_ANY_EXHDR(spec));
  Datum* names = palloc(sizeof(Datum) * (Size)Max(plan->n_columns, 1));

  for (int i = 0; i < plan->n_columns; ++i) names[i] = CStringGetTextDatum(plan->columns[i]);
  PG_RETURN_ARRAYTYPE_P(construct_array(names, plan->n_columns, TEXTOID, -1, false, TYPALIGN_INT));
}
