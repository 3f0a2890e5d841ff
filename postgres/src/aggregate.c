/* insitu.state(spec, columns …): one aggregate for every analysis.
 *
 * Each group keeps an engine's state and a small buffer of rows, both in the aggregate's memory
 * context. Rows are handed on as columns when the buffer is full. Between processes a state travels
 * under its spec, since whoever merges two states must know their analysis. */
#include "insitu_pg.h"

#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "plan.h"
#include "rows.h"

/* Rows of a buffer: as many as suit the engine where there is one group at a time; few where a hash
 * table holds many groups, more as long as all buffers together stay small beside the table. */
#define ROWS_OF_ONE_GROUP 4096
#define FIRST_ROWS_OF_MANY 8
#define BUFFERS_PART_OF_TABLE 4

/* What groups of one spec share. */
typedef struct Aggregation {
  struct Aggregation* next; /* of another spec in the same query */
  InsituPlan* plan;
  InsituReader* reader;
  Datum spec;    /* a copy of the raw datum, maybe a toast pointer */
  bool constant; /* the spec is a constant or a parameter: no row can have another */
  bool many_groups;
  Size buffer_bytes; /* of the buffers of all groups */
  Size buffer_limit;
} Aggregation;

/* One group. */
typedef struct InsituGroup {
  MemoryContext context;
  InsituPlan* plan;
  insitu_state* state;
  Aggregation* aggregation; /* null: made from a stored state, has no buffer */
  InsituRows* rows;
  MemoryContextCallback callback;
} InsituGroup;

/* The aggregate's context is reset or deleted: the group goes with it. */
static void drop_group(void* argument) {
  InsituGroup* group = argument;

  if (group->aggregation != NULL && group->rows != NULL)
    group->aggregation->buffer_bytes -=
        insitu_rows_bytes(group->aggregation->reader, insitu_rows_room(group->rows));
  insitu_state_free(group->state);
}

static InsituGroup* make_group(InsituPlan* plan, Aggregation* aggregation, MemoryContext context) {
  InsituGroup* group = MemoryContextAllocZero(context, sizeof(InsituGroup));

  group->context = context;
  group->plan = plan;
  group->aggregation = aggregation;
  group->callback.func = drop_group;
  group->callback.arg = group;
  MemoryContextRegisterResetCallback(context, &group->callback);
  return group;
}

static MemoryContext aggregate_context(FunctionCallInfo fcinfo) {
  MemoryContext context;

  if (!AggCheckCallContext(fcinfo, &context))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("this function belongs to the aggregate insitu.state")));
  return context;
}

static bool hashes_groups(FunctionCallInfo fcinfo) {
  AggState* aggregate;

  if (fcinfo->context == NULL || !IsA(fcinfo->context, AggState)) return false;
  aggregate = (AggState*)fcinfo->context;
  return aggregate->aggstrategy == AGG_HASHED || aggregate->aggstrategy == AGG_MIXED;
}

/* ---- The spec ---- */

/* True if the first argument of the aggregate is a constant, or a parameter: of the statement, a
 * subquery or an outer row, each of which stays while one aggregation runs. */
static bool spec_is_constant(FunctionCallInfo fcinfo) {
  Aggref* call = AggGetAggref(fcinfo);
  Node* argument;

  if (call == NULL || call->args == NIL) return false;
  argument = (Node*)((TargetEntry*)linitial(call->args))->expr;
  return IsA(argument, Const) || IsA(argument, Param);
}

static Aggregation* make_aggregation(FunctionCallInfo fcinfo) {
  MemoryContext outer = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
  Aggregation* aggregation = palloc0(sizeof(Aggregation));
  bytea* spec = PG_GETARG_BYTEA_PP(1);

  aggregation->spec = insitu_copied_value(PG_GETARG_DATUM(1));
  aggregation->constant = spec_is_constant(fcinfo);
  aggregation->plan =
      insitu_plan_make(VARDATA_ANY(spec), VARSIZE_ANY_EXHDR(spec), fcinfo->flinfo->fn_mcxt);
  aggregation->reader = insitu_reader_make(fcinfo, 2, aggregation->plan->columns,
                                           aggregation->plan->n_columns, "insitu.state");
  aggregation->many_groups = hashes_groups(fcinfo);
  aggregation->buffer_limit = get_hash_memory_limit() / BUFFERS_PART_OF_TABLE;
  MemoryContextSwitchTo(outer);
  return aggregation;
}

/* The aggregation for this row's spec; groups may have specs of their own. */
static Aggregation* find_aggregation(FunctionCallInfo fcinfo) {
  Aggregation* first = fcinfo->flinfo->fn_extra;
  Aggregation* found = first;

  if (PG_ARGISNULL(1))
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("insitu.state: the spec is null")));
  while (found != NULL && !insitu_same_value(found->spec, PG_GETARG_DATUM(1))) found = found->next;
  if (found != NULL) return found;
  found = make_aggregation(fcinfo);
  found->next = first;
  fcinfo->flinfo->fn_extra = found;
  return found;
}

static void check_spec(const Aggregation* aggregation, FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(1) || !insitu_same_value(aggregation->spec, PG_GETARG_DATUM(1)))
    ereport(
        ERROR,
        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
         errmsg(
             "insitu.state: the spec varies from row to row; all rows of a group take one spec")));
}

/* ---- Rows ---- */

static void check_growth(const InsituGroup* group) {
  Size used;

  if (insitu_max_state_mb == 0 || group->aggregation->many_groups) return;
  used = MemoryContextMemAllocated(group->context, false);
  if (used / (1024 * 1024) >= (Size)insitu_max_state_mb + 1)
    ereport(
        ERROR,
        (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
         errmsg(
             "the state takes %zu MB, and insitu.max_state_mb is %d; raise it, or use fewer levels",
             used / (1024 * 1024), insitu_max_state_mb)));
}

/* Hands the rows of the buffer to the engine. */
static void flush(InsituGroup* group) {
  InsituReader* reader;
  const struct ArrowArray* batch;

  if (group->rows == NULL || insitu_rows_count(group->rows) == 0) return;
  insitu_check_time();
  reader = group->aggregation->reader;
  batch = insitu_rows_batch(reader, group->rows);
  INSITU_CALL(group->context, insitu_state_update(group->plan->analysis, group->state,
                                                  &reader->schema, batch, -1, &error));
  insitu_rows_clear(reader, group->rows);
  check_growth(group);
}

static void make_room(InsituGroup* group) {
  Aggregation* aggregation = group->aggregation;
  int room = group->rows == NULL ? 0 : insitu_rows_room(group->rows);
  int wanted = !aggregation->many_groups ? ROWS_OF_ONE_GROUP
               : room == 0               ? FIRST_ROWS_OF_MANY
                                         : 2 * room;
  Size more = insitu_rows_bytes(aggregation->reader, wanted) -
              (room == 0 ? 0 : insitu_rows_bytes(aggregation->reader, room));
  MemoryContext outer;

  if (room > 0 &&
      (room >= ROWS_OF_ONE_GROUP || aggregation->buffer_bytes + more > aggregation->buffer_limit))
    return;
  outer = MemoryContextSwitchTo(group->context);
  if (room == 0)
    group->rows = insitu_rows_make(aggregation->reader, wanted);
  else
    insitu_rows_grow(aggregation->reader, group->rows, wanted);
  aggregation->buffer_bytes += more;
  MemoryContextSwitchTo(outer);
}

static InsituGroup* first_row(FunctionCallInfo fcinfo) {
  MemoryContext context = aggregate_context(fcinfo);
  Aggregation* aggregation = find_aggregation(fcinfo);
  InsituGroup* group = make_group(aggregation->plan, aggregation, context);

  INSITU_CALL(context, insitu_state_empty(aggregation->plan->analysis, &group->state, &error));
  make_room(group);
  return group;
}

PG_FUNCTION_INFO_V1(insitu_pg_transition);
Datum insitu_pg_transition(PG_FUNCTION_ARGS) {
  InsituGroup* group = PG_ARGISNULL(0) ? first_row(fcinfo) : (InsituGroup*)PG_GETARG_POINTER(0);
  Aggregation* aggregation = group->aggregation;

  if (!aggregation->constant) check_spec(aggregation, fcinfo);
  insitu_reader_row(aggregation->reader, fcinfo);
  insitu_rows_append(aggregation->reader, group->rows);
  if (unlikely(insitu_rows_full(group->rows))) {
    if (insitu_rows_count(group->rows) == insitu_rows_room(group->rows)) make_room(group);
    if (insitu_rows_full(group->rows)) flush(group);
  }
  PG_RETURN_POINTER(group);
}

/* ---- States on their way ---- */

PG_FUNCTION_INFO_V1(insitu_pg_serialise);
Datum insitu_pg_serialise(PG_FUNCTION_ARGS) {
  InsituGroup* group;

  aggregate_context(fcinfo);
  group = (InsituGroup*)PG_GETARG_POINTER(0);
  flush(group);
  PG_RETURN_BYTEA_P(insitu_plan_seal(group->plan, group->state));
}

static InsituGroup* group_of_stored(FunctionCallInfo fcinfo, const bytea* bytes,
                                    MemoryContext context) {
  const char* spec;
  const char* saved;
  Size spec_size;
  Size saved_size;
  InsituGroup* group;

  INSITU_CALL(CurrentMemoryContext,
              insitu_stored_state_open(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &spec,
                                       &spec_size, &saved, &saved_size, &error));
  group = make_group(insitu_plan_of(fcinfo->flinfo, spec, spec_size), NULL, context);
  INSITU_CALL(context,
              insitu_state_load(group->plan->analysis, saved, saved_size, &group->state, &error));
  return group;
}

PG_FUNCTION_INFO_V1(insitu_pg_deserialise);
Datum insitu_pg_deserialise(PG_FUNCTION_ARGS) {
  aggregate_context(fcinfo);
  PG_RETURN_POINTER(group_of_stored(fcinfo, PG_GETARG_BYTEA_PP(0), CurrentMemoryContext));
}

static void merge(InsituGroup* into, InsituGroup* from) {
  if (into->plan != from->plan &&
      !insitu_plan_has_spec(into->plan, from->plan->spec, from->plan->spec_size))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("states of different specs cannot be merged; group by the spec, or "
                           "build them with one")));
  flush(into);
  flush(from);
  INSITU_CALL(into->context,
              insitu_state_merge(into->plan->analysis, into->state, from->state, &error));
}

/* The first state to arrive is merged into an empty one that lives as long as the group. */
static InsituGroup* adopt(InsituGroup* from, MemoryContext context) {
  InsituGroup* into = make_group(from->plan, NULL, context);

  INSITU_CALL(context, insitu_state_empty(into->plan->analysis, &into->state, &error));
  merge(into, from);
  return into;
}

PG_FUNCTION_INFO_V1(insitu_pg_combine);
Datum insitu_pg_combine(PG_FUNCTION_ARGS) {
  MemoryContext context = aggregate_context(fcinfo);
  InsituGroup* into = PG_ARGISNULL(0) ? NULL : (InsituGroup*)PG_GETARG_POINTER(0);
  InsituGroup* from = PG_ARGISNULL(1) ? NULL : (InsituGroup*)PG_GETARG_POINTER(1);

  insitu_check_time();
  if (from == NULL && into == NULL) PG_RETURN_NULL();
  if (from == NULL) PG_RETURN_POINTER(into);
  if (into == NULL) PG_RETURN_POINTER(adopt(from, context));
  merge(into, from);
  PG_RETURN_POINTER(into);
}

PG_FUNCTION_INFO_V1(insitu_pg_final);
Datum insitu_pg_final(PG_FUNCTION_ARGS) {
  InsituGroup* group;

  aggregate_context(fcinfo);
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  group = (InsituGroup*)PG_GETARG_POINTER(0);
  flush(group);
  PG_RETURN_BYTEA_P(insitu_plan_seal(group->plan, group->state));
}

/* insitu.rollup(state): the transition takes stored states instead of rows. */
PG_FUNCTION_INFO_V1(insitu_pg_rollup);
Datum insitu_pg_rollup(PG_FUNCTION_ARGS) {
  MemoryContext context = aggregate_context(fcinfo);
  InsituGroup* into = PG_ARGISNULL(0) ? NULL : (InsituGroup*)PG_GETARG_POINTER(0);
  InsituGroup* from;

  insitu_check_time();
  if (PG_ARGISNULL(1)) {
    if (into == NULL) PG_RETURN_NULL();
    PG_RETURN_POINTER(into);
  }
  if (into == NULL) PG_RETURN_POINTER(group_of_stored(fcinfo, PG_GETARG_BYTEA_PP(1), context));
  from = group_of_stored(fcinfo, PG_GETARG_BYTEA_PP(1), CurrentMemoryContext);
  merge(into, from);
  PG_RETURN_POINTER(into);
}
