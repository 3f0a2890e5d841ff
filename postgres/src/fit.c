/* Fits from within the server: passes over a relation until the model is ready. */

#include "insitu_pg.h"

#include "fit.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "models.h"
#include "utils/builtins.h"

/* Arguments of one aggregate call; beyond it the columns go as one row. */
#define MOST_COLUMNS 98

char* insitu_text_or_null(FunctionCallInfo fcinfo, int i) {
  return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

char* insitu_text_needed(FunctionCallInfo fcinfo, int i, const char* name) {
  if (PG_ARGISNULL(i))
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the argument %s is null", name)));
  return text_to_cstring(PG_GETARG_TEXT_PP(i));
}

void insitu_append_text(StringInfo json, const char* key, const char* value) {
  appendStringInfo(json, ", \"%s\": ", key);
  if (value == NULL)
    appendStringInfoString(json, "null");
  else
    insitu_append_string(json, value);
}

void insitu_begin_spec(StringInfo json, const char* formula, const InsituRelation* relation,
                       const char* fweights) {
  appendStringInfoString(json, "{\"formula\": ");
  insitu_append_string(json, formula);
  appendStringInfoString(json, ", \"columns\": ");
  insitu_append_columns(json, relation->columns, fweights);
  if (relation->rows > 0) appendStringInfo(json, ", \"rows\": %.0f", relation->rows);
}

bool insitu_next_pass(insitu_fit* fit, InsituPass* pass) {
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

bytea* insitu_pass_spec(const InsituPass* pass, const char* linear) {
  StringInfoData spec;

  initStringInfo(&spec);
  appendStringInfoString(&spec, "{\"analysis\": ");
  insitu_append_string(&spec, pass->name);
  appendStringInfo(&spec, ", \"spec\": %s", pass->spec);
  if (linear != NULL)
    appendStringInfo(&spec, ", \"fit\": {\"name\": \"linear\", \"spec\": %s}", linear);
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

struct varlena* insitu_handed_out(struct varlena* value, MemoryContext caller) {
  Size size = VARSIZE_ANY(value);

  return memcpy(MemoryContextAlloc(caller, size), value, size);
}

bytea* insitu_run_fit(const char* name, const char* spec, const InsituRelation* relation,
                      MemoryContext caller) {
  insitu_fit* fit = NULL;
  InsituPass pass;

  INSITU_CALL(CurrentMemoryContext, insitu_fit_make(name, spec, strlen(spec), &fit, &error));
  while (insitu_next_pass(fit, &pass)) {
    accept_state(fit, pass.analysis,
                 run_pass(pass_query(relation->from, pass.columns, pass.n_columns),
                          insitu_pass_spec(&pass, NULL)));
    insitu_analysis_free(pass.analysis);
  }
  return (bytea*)insitu_handed_out(insitu_seal_result(fit), caller);
}
