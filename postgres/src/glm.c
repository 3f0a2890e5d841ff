/* insitu.glm: a generalised linear model of a formula over a table or query. */

#include "insitu_pg.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fit.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* In the order of its declaration. */
enum {
  FORMULA,
  DATA,
  FAMILY,
  LINK,
  THETA,
  POWER,
  PWEIGHTS,
  FWEIGHTS,
  OFFSET,
  EXPOSURE,
  DROP_FIRST,
  COV_COEF,
  COV_TYPE,
  CLUSTER,
  MAX_ITERATIONS
};

static void append_family(StringInfo json, FunctionCallInfo fcinfo) {
  appendStringInfoString(json, ", \"family\": {\"name\": ");
  insitu_append_string(json, insitu_text_needed(fcinfo, FAMILY, "family"));
  insitu_append_text(json, "link", insitu_text_or_null(fcinfo, LINK));
  if (!PG_ARGISNULL(THETA)) appendStringInfo(json, ", \"theta\": %.17g", PG_GETARG_FLOAT8(THETA));
  if (!PG_ARGISNULL(POWER)) appendStringInfo(json, ", \"power\": %.17g", PG_GETARG_FLOAT8(POWER));
  appendStringInfoChar(json, '}');
}

/* The columns of clusters; how many there are. */
static int append_clusters(StringInfo json, FunctionCallInfo fcinfo) {
  Datum* names = NULL;
  bool* nulls = NULL;
  int count = 0;

  if (!PG_ARGISNULL(CLUSTER))
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(CLUSTER), TEXTOID, -1, false, TYPALIGN_INT, &names,
                      &nulls, &count);
  appendStringInfoString(json, ", \"clusters\": [");
  for (int i = 0; i < count; ++i) {
    if (nulls[i])
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                      errmsg("an element of the argument cluster is null")));
    if (i > 0) appendStringInfoChar(json, ',');
    insitu_append_string(json, TextDatumGetCString(names[i]));
  }
  appendStringInfoChar(json, ']');
  return count;
}

/* The spec of fit "glm". */
static char* fit_spec(FunctionCallInfo fcinfo, const InsituRelation* relation) {
  char* fweights = insitu_text_or_null(fcinfo, FWEIGHTS);
  char* cov_type = insitu_text_or_null(fcinfo, COV_TYPE);
  StringInfoData json;
  int clusters;

  initStringInfo(&json);
  insitu_begin_spec(&json, insitu_text_needed(fcinfo, FORMULA, "formula"), relation, fweights);
  append_family(&json, fcinfo);
  insitu_append_text(&json, "pweights", insitu_text_or_null(fcinfo, PWEIGHTS));
  insitu_append_text(&json, "fweights", fweights);
  insitu_append_text(&json, "offset", insitu_text_or_null(fcinfo, OFFSET));
  insitu_append_text(&json, "exposure", insitu_text_or_null(fcinfo, EXPOSURE));
  clusters = append_clusters(&json, fcinfo);
  if (cov_type == NULL) cov_type = clusters > 0 ? "cluster" : "classical";
  insitu_append_text(&json, "cov_type", cov_type);
  if (!PG_ARGISNULL(MAX_ITERATIONS))
    appendStringInfo(&json, ", \"max_iterations\": %d", PG_GETARG_INT32(MAX_ITERATIONS));
  appendStringInfo(&json, ", \"drop_first\": %s, \"cov_coef\": %s}",
                   !PG_ARGISNULL(DROP_FIRST) && PG_GETARG_BOOL(DROP_FIRST) ? "true" : "false",
                   !PG_ARGISNULL(COV_COEF) && PG_GETARG_BOOL(COV_COEF) ? "true" : "false");
  return json.data;
}

PG_FUNCTION_INFO_V1(insitu_pg_glm);
Datum insitu_pg_glm(PG_FUNCTION_ARGS) {
  MemoryContext caller = CurrentMemoryContext;
  char* data = insitu_text_needed(fcinfo, DATA, "data");
  InsituRelation relation;
  bytea* model;

  SPI_connect();
  relation = insitu_relation(data);
  model = insitu_run_fit("glm", fit_spec(fcinfo, &relation), &relation, caller);
  SPI_finish();
  PG_RETURN_BYTEA_P(model);
}
