/* The types insitu.state and insitu.model: checked bytes. */

#include "insitu_pg.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "plan.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/* Raises an error unless the bytes are a state that its own spec can load. */
static void check_state(FunctionCallInfo fcinfo, const bytea* bytes) {
  const char* spec;
  const char* saved;
  Size spec_size;
  Size saved_size;
  insitu_state* state = NULL;
  InsituPlan* plan;

  INSITU_CALL(CurrentMemoryContext,
              insitu_stored_state_open(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &spec,
                                       &spec_size, &saved, &saved_size, &error));
  plan = insitu_plan_of(fcinfo->flinfo, spec, spec_size);
  INSITU_CALL(CurrentMemoryContext,
              insitu_state_load(plan->analysis, saved, saved_size, &state, &error));
  insitu_state_free(state);
}

static void check_model(FunctionCallInfo fcinfo, const bytea* bytes) {
  insitu_bytes json = {NULL, 0};

  INSITU_CALL(CurrentMemoryContext,
              insitu_model_open(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &json, &error));
  insitu_bytes_free(&json);
}

typedef void (*Check)(FunctionCallInfo fcinfo, const bytea* bytes);

static Datum from_text(FunctionCallInfo fcinfo, Check check) {
  bytea* bytes = DatumGetByteaPP(DirectFunctionCall1(byteain, PG_GETARG_DATUM(0)));

  check(fcinfo, bytes);
  PG_RETURN_BYTEA_P(bytes);
}

static Datum from_message(FunctionCallInfo fcinfo, Check check) {
  bytea* bytes = DatumGetByteaPP(DirectFunctionCall1(bytearecv, PG_GETARG_DATUM(0)));

  check(fcinfo, bytes);
  PG_RETURN_BYTEA_P(bytes);
}

static Datum from_bytes(FunctionCallInfo fcinfo, Check check) {
  bytea* bytes = PG_GETARG_BYTEA_P(0);

  check(fcinfo, bytes);
  PG_RETURN_BYTEA_P(bytes);
}

#define INSITU_TYPE(name)                                                                   \
  PG_FUNCTION_INFO_V1(insitu_pg_##name##_in);                                               \
  Datum insitu_pg_##name##_in(PG_FUNCTION_ARGS) { return from_text(fcinfo, check_##name); } \
  PG_FUNCTION_INFO_V1(insitu_pg_##name##_receive);                                          \
  Datum insitu_pg_##name##_receive(PG_FUNCTION_ARGS) {                                      \
    return from_message(fcinfo, check_##name);                                              \
  }                                                                                         \
  PG_FUNCTION_INFO_V1(insitu_pg_##name##_from_bytea);                                       \
  Datum insitu_pg_##name##_from_bytea(PG_FUNCTION_ARGS) { return from_bytes(fcinfo, check_##name); }

INSITU_TYPE(state)
INSITU_TYPE(model)

PG_FUNCTION_INFO_V1(insitu_pg_out);
Datum insitu_pg_out(PG_FUNCTION_ARGS) { return DirectFunctionCall1(byteaout, PG_GETARG_DATUM(0)); }

PG_FUNCTION_INFO_V1(insitu_pg_send);
Datum insitu_pg_send(PG_FUNCTION_ARGS) {
  return DirectFunctionCall1(byteasend, PG_GETARG_DATUM(0));
}

/* What the analysis tells of a state: counts, levels, means. */
PG_FUNCTION_INFO_V1(insitu_pg_state_json);
Datum insitu_pg_state_json(PG_FUNCTION_ARGS) {
  bytea* bytes = PG_GETARG_BYTEA_PP(0);
  const char* spec;
  const char* saved;
  Size spec_size;
  Size saved_size;
  insitu_state* state = NULL;
  insitu_bytes json = {NULL, 0};
  InsituPlan* plan;

  INSITU_CALL(CurrentMemoryContext,
              insitu_stored_state_open(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &spec,
                                       &spec_size, &saved, &saved_size, &error));
  plan = insitu_plan_of(fcinfo->flinfo, spec, spec_size);
  INSITU_CALL(CurrentMemoryContext,
              insitu_state_load(plan->analysis, saved, saved_size, &state, &error));
  INSITU_CALL(CurrentMemoryContext, insitu_state_finalize(plan->analysis, state, &json, &error));
  insitu_state_free(state);
  PG_RETURN_TEXT_P((text*)insitu_varlena(&json));
}

PG_FUNCTION_INFO_V1(insitu_pg_model_json);
Datum insitu_pg_model_json(PG_FUNCTION_ARGS) {
  bytea* bytes = PG_GETARG_BYTEA_PP(0);
  insitu_bytes json = {NULL, 0};

  INSITU_CALL(CurrentMemoryContext,
              insitu_model_open(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &json, &error));
  PG_RETURN_TEXT_P((text*)insitu_varlena(&json));
}
