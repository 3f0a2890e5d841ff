/* insitu.spec and insitu.lm: from a formula and a table to a spec, and to a model. */

#include "insitu_pg.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fit.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "plan.h"
#include "relation.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* Of insitu.spec and insitu.lm. */
#define SPEC_ARGUMENTS 7

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

static Request read_request(FunctionCallInfo fcinfo) {
  Request request;

  request.formula = insitu_text_needed(fcinfo, 0, "formula");
  request.data = insitu_text_needed(fcinfo, 1, "data");
  request.pweights = insitu_text_or_null(fcinfo, 2);
  request.fweights = insitu_text_or_null(fcinfo, 3);
  request.drop_first = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
  request.precision = insitu_text_needed(fcinfo, 5, "precision");
  request.cov_coef = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
  return request;
}

/* The spec of fit "linear". */
static char* fit_spec(const Request* request, const InsituRelation* relation) {
  StringInfoData json;

  initStringInfo(&json);
  insitu_begin_spec(&json, request->formula, relation, request->fweights);
  insitu_append_text(&json, "pweights", request->pweights);
  insitu_append_text(&json, "fweights", request->fweights);
  insitu_append_text(&json, "precision", request->precision);
  appendStringInfo(&json, ", \"drop_first\": %s, \"cov_coef\": %s}",
                   request->drop_first ? "true" : "false", request->cov_coef ? "true" : "false");
  return json.data;
}

PG_FUNCTION_INFO_V1(insitu_pg_lm);
Datum insitu_pg_lm(PG_FUNCTION_ARGS) {
  MemoryContext caller = CurrentMemoryContext;
  Request request = read_request(fcinfo);
  InsituRelation relation;
  bytea* model;

  SPI_connect();
  relation = insitu_relation(request.data);
  model = insitu_run_fit("linear", fit_spec(&request, &relation), &relation, caller);
  SPI_finish();
  PG_RETURN_BYTEA_P(model);
}

/* The spec, in the caller's memory; *tables receives the Oids of the tables behind it. */
static bytea* make_spec(const Request* request, List** tables) {
  MemoryContext caller = CurrentMemoryContext;
  MemoryContext inner;
  InsituRelation relation;
  insitu_fit* fit = NULL;
  InsituPass pass;
  char* text;
  bytea* result;

  SPI_connect();
  relation = insitu_relation(request->data);
  text = fit_spec(request, &relation);
  INSITU_CALL(CurrentMemoryContext, insitu_fit_make("linear", text, strlen(text), &fit, &error));
  if (!insitu_next_pass(fit, &pass)) elog(ERROR, "insitu: the fit has no pass");
  if (strcmp(pass.name, "linear") != 0)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("N() and F() of a factor count in levels that only a pass over the rows "
                           "would tell; make the column an enum, or fit with insitu.lm")));
  result = (bytea*)insitu_handed_out((struct varlena*)insitu_pass_spec(&pass, text), caller);
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
