/* From states to models, and what is in a model. */
#include "insitu_pg.h"

#include "models.h"

#include "plan.h"
#include "utils/builtins.h"

/* What a fit noticed, as warnings of the server. */
static void warn(const insitu_bytes* json) {
  int count;
  char** warnings = insitu_json_strings(insitu_jsonb(json->data, json->size), "warnings", &count);

  for (int i = 0; i < count; ++i) ereport(WARNING, (errmsg_internal("insitu: %s", warnings[i])));
}

/* The sealed result of a fit. */
struct varlena* insitu_seal_result(const insitu_fit* fit) {
  insitu_bytes json = {NULL, 0};
  insitu_bytes sealed = {NULL, 0};

  INSITU_CALL(CurrentMemoryContext, insitu_fit_result(fit, &json, &error));
  warn(&json);
  INSITU_CALL(CurrentMemoryContext, insitu_model_seal(json.data, json.size, &sealed, &error));
  insitu_bytes_free(&json);
  return insitu_varlena(&sealed);
}

/* Gives the state to the fit of its spec: a fit that needs one pass is then done. */
static struct varlena* fit_state(const InsituPlan* plan, const char* saved, Size saved_size) {
  insitu_fit* fit = NULL;
  insitu_analysis* pass = NULL;
  insitu_state* state = NULL;
  struct varlena* model;

  INSITU_CALL(CurrentMemoryContext, insitu_fit_make(plan->fit_name, plan->fit_spec,
                                                    strlen(plan->fit_spec), &fit, &error));
  INSITU_CALL(CurrentMemoryContext, insitu_fit_next(fit, &pass, &error));
  INSITU_CALL(CurrentMemoryContext, insitu_state_load(pass, saved, saved_size, &state, &error));
  INSITU_CALL(CurrentMemoryContext, insitu_fit_accept(fit, state, &error));
  insitu_analysis_free(pass);
  INSITU_CALL(CurrentMemoryContext, insitu_fit_next(fit, &pass, &error));
  if (pass != NULL)
    ereport(ERROR, (errcode(MAKE_SQLSTATE('I', 'S', '0', '0', '1')),
                    errmsg("the model needs another pass over the rows, which a stored state "
                           "cannot give; make the spec with "
                           "precision => 'double-double', or fit with insitu.lm")));
  model = insitu_seal_result(fit);
  insitu_state_free(state);
  insitu_fit_free(fit);
  return model;
}

PG_FUNCTION_INFO_V1(insitu_pg_finalize);
Datum insitu_pg_finalize(PG_FUNCTION_ARGS) {
  bytea* bytes = PG_GETARG_BYTEA_PP(0);
  const char* spec;
  const char* saved;
  Size spec_size;
  Size saved_size;
  InsituPlan* plan;

  INSITU_CALL(CurrentMemoryContext,
              insitu_stored_state_open(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &spec,
                                       &spec_size, &saved, &saved_size, &error));
  plan = insitu_plan_of(fcinfo->flinfo, spec, spec_size);
  if (plan->fit_name == NULL)
    ereport(
        ERROR,
        (errcode(MAKE_SQLSTATE('I', 'S', '0', '0', '1')),
         errmsg(
             "the state's spec names no model; build states with a spec that insitu.spec made")));
  PG_RETURN_BYTEA_P(fit_state(plan, saved, saved_size));
}

static insitu_bytes model_json(const bytea* model) {
  insitu_bytes json = {NULL, 0};

  INSITU_CALL(CurrentMemoryContext,
              insitu_model_open(VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model), &json, &error));
  return json;
}

/* Lists by column of the table that insitu.coef() gives. */
PG_FUNCTION_INFO_V1(insitu_pg_tidy);
Datum insitu_pg_tidy(PG_FUNCTION_ARGS) {
  insitu_bytes model = model_json(PG_GETARG_BYTEA_PP(0));
  insitu_bytes table = {NULL, 0};

  INSITU_CALL(CurrentMemoryContext,
              insitu_model_tidy(model.data, model.size, PG_GETARG_FLOAT8(1), &table, &error));
  insitu_bytes_free(&model);
  PG_RETURN_TEXT_P((text*)insitu_varlena(&table));
}

PG_FUNCTION_INFO_V1(insitu_pg_glance);
Datum insitu_pg_glance(PG_FUNCTION_ARGS) {
  insitu_bytes model = model_json(PG_GETARG_BYTEA_PP(0));
  insitu_bytes row = {NULL, 0};

  INSITU_CALL(CurrentMemoryContext, insitu_model_glance(model.data, model.size, &row, &error));
  insitu_bytes_free(&model);
  PG_RETURN_TEXT_P((text*)insitu_varlena(&row));
}

PG_FUNCTION_INFO_V1(insitu_pg_to_sql);
Datum insitu_pg_to_sql(PG_FUNCTION_ARGS) {
  insitu_bytes model = model_json(PG_GETARG_BYTEA_PP(0));
  char* dialect = text_to_cstring(PG_GETARG_TEXT_PP(1));
  insitu_bytes sql = {NULL, 0};

  INSITU_CALL(CurrentMemoryContext,
              insitu_model_to_sql(model.data, model.size, dialect, &sql, &error));
  insitu_bytes_free(&model);
  PG_RETURN_TEXT_P((text*)insitu_varlena(&sql));
}
