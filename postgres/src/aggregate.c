/* insitu.state(spec, columns …): one aggregate for every analysis.
 *
 * Rows are handed to the engine as columns, some thousand at a time. Where there is one group at a
 * time they gather in one buffer; where a hash table holds many groups, in a backlog of all. A
 * group's state lies in the aggregate's memory context. Between processes a state travels under its
 * spec, since whoever merges two states must know their analysis. */
#include "insitu_pg.h"

#include "backlog.h"
#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "plan.h"
#include "rows.h"

/* Rows handed over at once, as many as suit the engine; of one group among many there are few, and
 * columns should not lie a multiple of 4 KB apart. */
#define BATCH_ROWS 4096
#define BATCH_ROWS_OF_MANY 1000
/* The backlog takes this part of what a hash table may take. */
#define BACKLOG_PART_OF_TABLE 4

/* What groups of one spec share. */
typedef struct Aggregation {
  InsituKept kept; /* first; by the spec's raw datum, maybe a toast pointer */
  InsituPlan* plan;
  InsituReader* reader;
  InsituRows* rows; /* null before the first row, whose type a record may tell only then */
  bool constant;    /* no row of a group can have another spec */
  bool many_groups;
  struct InsituGroup* owner; /* one group at a time: whose rows are in the buffer */
  InsituBacklog* backlog;    /* many groups; null before the first row */
} Aggregation;

/* One group. */
typedef struct InsituGroup {
  InsituRowList list; /* first: a list is its group */
  MemoryContext context;
  InsituPlan* plan;
  insitu_state* state;
  Aggregation* aggregation; /* null: made from a stored state, takes no rows */
  bool among_many;          /* other groups' states lie in the same context */
  Size measured_at;         /* the size of the context when the state is measured again */
  MemoryContextCallback callback;
} InsituGroup;

/* True if rows of different groups come in any order. */
static bool has_many_groups(FunctionCallInfo fcinfo) {
  AggState* aggregate;

  if (fcinfo->context == NULL || !IsA(fcinfo->context, AggState)) return false;
  aggregate = (AggState*)fcinfo->context;
  return aggregate->aggstrategy == AGG_HASHED || aggregate->aggstrategy == AGG_MIXED ||
         aggregate->maxsets > 1;
}

/* The aggregate's context is reset or deleted: the group goes with it. Rows that still wait are
 * then of no interest: a group that is asked for its state has handed them over before. */
static void drop_group(void* argument) {
  InsituGroup* group = argument;
  Aggregation* aggregation = group->aggregation;

  if (aggregation != NULL) {
    if (aggregation->rows != NULL) insitu_rows_clear(aggregation->reader, aggregation->rows);
    aggregation->owner = NULL;
    aggregation->backlog = NULL; /* it lies in the same context */
  }
  insitu_state_free(group->state);
}

static InsituGroup* make_group(FunctionCallInfo fcinfo, InsituPlan* plan, Aggregation* aggregation,
                               MemoryContext context) {
  InsituGroup* group = MemoryContextAllocZero(context, sizeof(InsituGroup));

  group->context = context;
  group->plan = plan;
  group->aggregation = aggregation;
  group->among_many = has_many_groups(fcinfo);
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
  const void* value = DatumGetPointer(PG_GETARG_DATUM(1));
  bytea* spec = PG_GETARG_BYTEA_PP(1);

  insitu_kept_copy(&aggregation->kept, value, VARSIZE_ANY(value));
  aggregation->constant = spec_is_constant(fcinfo);
  aggregation->plan =
      insitu_plan_make(VARDATA_ANY(spec), VARSIZE_ANY_EXHDR(spec), fcinfo->flinfo->fn_mcxt);
  aggregation->reader = insitu_reader_make(fcinfo, 2, aggregation->plan->columns,
                                           aggregation->plan->n_columns, "insitu.state");
  aggregation->many_groups = has_many_groups(fcinfo);
  MemoryContextSwitchTo(outer);
  return aggregation;
}

/* The aggregation for this row's spec; groups may have specs of their own. */
static Aggregation* find_aggregation(FunctionCallInfo fcinfo) {
  InsituKeptSet* set = insitu_kept_of(fcinfo->flinfo);
  const void* spec;
  Aggregation* found;

  if (PG_ARGISNULL(1))
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("insitu.state: the spec is null")));
  spec = DatumGetPointer(PG_GETARG_DATUM(1));
  found = (Aggregation*)insitu_kept_find(set, spec, VARSIZE_ANY(spec));
  if (found != NULL) return found;
  found = make_aggregation(fcinfo);
  insitu_kept_add(set, &found->kept, 0);
  return found;
}

static void check_spec(const Aggregation* aggregation, FunctionCallInfo fcinfo) {
  const void* spec = DatumGetPointer(PG_GETARG_DATUM(1));

  if (!PG_ARGISNULL(1)) {
    const bytea* bytes;

    if (insitu_kept_has(&aggregation->kept, spec, VARSIZE_ANY(spec))) return;
    /* The same bytes may be stored in several places. */
    bytes = PG_GETARG_BYTEA_PP(1);
    if (insitu_kept_has(&aggregation->plan->kept, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)))
      return;
  }
  ereport(
      ERROR,
      (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
       errmsg("insitu.state: the spec varies from row to row; all rows of a group take one spec")));
}

/* ---- Rows ---- */

/* Of groups among many, whose memory is counted together, the size is seen when they are sealed.
 * Other aggregates of the query may lie in the same context: where it has grown beyond the limit,
 * the state itself is measured, and again when the context has grown by a quarter. */
static void check_growth(InsituGroup* group) {
  insitu_bytes saved = {NULL, 0};
  Size used;

  if (insitu_max_state_mb == 0 || group->among_many) return;
  used = MemoryContextMemAllocated(group->context, false);
  if (used / (1024 * 1024) < (Size)insitu_max_state_mb + 1 || used < group->measured_at) return;
  group->measured_at = used + used / 4;
  INSITU_CALL(group->context,
              insitu_state_save(group->plan->analysis, group->state, &saved, &error));
  used = saved.size;
  insitu_bytes_free(&saved);
  insitu_check_state_size((double)used, "");
}

/* Hands the rows in the buffer to the engine. */
static void update(InsituGroup* group) {
  Aggregation* aggregation = group->aggregation;
  const struct ArrowArray* batch;

  if (insitu_rows_count(aggregation->rows) == 0) return;
  batch = insitu_rows_batch(aggregation->reader, aggregation->rows);
  INSITU_CALL(group->context, insitu_state_update(group->plan->analysis, group->state,
                                                  &aggregation->reader->schema, batch, -1, &error));
  insitu_rows_clear(aggregation->reader, aggregation->rows);
}

static void flush_backlog(Aggregation* aggregation) {
  InsituRowList* list = insitu_backlog_sort(aggregation->backlog);

  while (list != NULL) {
    InsituGroup* group = (InsituGroup*)list;

    insitu_check_time();
    list = list->next;
    while (!insitu_backlog_take(aggregation->reader, aggregation->backlog, &group->list,
                                aggregation->rows))
      update(group);
    update(group);
  }
  insitu_backlog_clear(aggregation->backlog);
}

/* Hands the rows that wait to the engine, those of the group at least. */
static void flush(InsituGroup* group) {
  Aggregation* aggregation = group->aggregation;

  if (aggregation == NULL) return;
  insitu_check_time();
  if (aggregation->backlog != NULL && insitu_backlog_count(aggregation->backlog) > 0)
    flush_backlog(aggregation);
  if (aggregation->owner != group) return;
  aggregation->owner = NULL;
  update(group);
  check_growth(group);
}

static InsituGroup* first_row(FunctionCallInfo fcinfo) {
  MemoryContext context = aggregate_context(fcinfo);
  Aggregation* aggregation = find_aggregation(fcinfo);
  InsituGroup* group = make_group(fcinfo, aggregation->plan, aggregation, context);

  INSITU_CALL(context, insitu_state_empty(aggregation->plan->analysis, &group->state, &error));
  if (aggregation->many_groups && aggregation->backlog == NULL) {
    /* In the aggregate's context, where the hash table's memory is counted. */
    MemoryContext outer = MemoryContextSwitchTo(context);

    aggregation->backlog =
        insitu_backlog_make(aggregation->reader, get_hash_memory_limit() / BACKLOG_PART_OF_TABLE);
    MemoryContextSwitchTo(outer);
  }
  return group;
}

static void add_to_backlog(Aggregation* aggregation, InsituGroup* group) {
  insitu_backlog_append(aggregation->reader, aggregation->backlog, &group->list);
  if (unlikely(insitu_backlog_full(aggregation->backlog))) flush_backlog(aggregation);
}

static void add_to_rows(Aggregation* aggregation, InsituGroup* group) {
  if (unlikely(aggregation->owner != group)) {
    if (aggregation->owner != NULL) flush(aggregation->owner);
    aggregation->owner = group;
  }
  insitu_rows_append(aggregation->reader, aggregation->rows);
  if (unlikely(insitu_rows_full(aggregation->rows))) flush(group);
}

static void make_rows(Aggregation* aggregation) {
  MemoryContext outer = MemoryContextSwitchTo(aggregation->plan->context);

  aggregation->rows = insitu_rows_make(aggregation->reader,
                                       aggregation->many_groups ? BATCH_ROWS_OF_MANY : BATCH_ROWS);
  MemoryContextSwitchTo(outer);
}

PG_FUNCTION_INFO_V1(insitu_pg_transition);
Datum insitu_pg_transition(PG_FUNCTION_ARGS) {
  const InsituKeptSet* set = fcinfo->flinfo->fn_extra;
  Aggregation* aggregation;
  InsituGroup* group;

  if (PG_ARGISNULL(0)) {
    group = first_row(fcinfo);
    aggregation = group->aggregation;
  } else {
    group = (InsituGroup*)PG_GETARG_POINTER(0);
    aggregation = (Aggregation*)set->last;
    /* With one spec the group itself need not be touched. */
    if (set->count > 1 || !aggregation->constant) {
      aggregation = group->aggregation;
      if (!aggregation->constant) check_spec(aggregation, fcinfo);
    }
  }
  insitu_reader_row(aggregation->reader, fcinfo);
  if (unlikely(aggregation->rows == NULL)) make_rows(aggregation);
  if (aggregation->many_groups)
    add_to_backlog(aggregation, group);
  else
    add_to_rows(aggregation, group);
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
  group = make_group(fcinfo, insitu_plan_of(fcinfo->flinfo, spec, spec_size), NULL, context);
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
      !insitu_kept_has(&into->plan->kept, from->plan->kept.bytes, from->plan->kept.size))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("states of different specs cannot be merged; group by the spec, or "
                           "build them with one")));
  flush(into);
  flush(from);
  INSITU_CALL(into->context,
              insitu_state_merge(into->plan->analysis, into->state, from->state, &error));
  check_growth(into);
}

/* The first state to arrive is merged into an empty one that lives as long as the group. */
static InsituGroup* adopt(FunctionCallInfo fcinfo, InsituGroup* from, MemoryContext context) {
  InsituGroup* into = make_group(fcinfo, from->plan, NULL, context);

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
  if (into == NULL) PG_RETURN_POINTER(adopt(fcinfo, from, context));
  merge(into, from);
  PG_RETURN_POINTER(into);
}

/* Rare cells can identify people: a state that tells of them does not leave the server. */
static void check_cells(const InsituGroup* group) {
  uint64 rows = 0;

  if (insitu_min_cell == 0) return;
  INSITU_CALL(group->context,
              insitu_state_smallest_cell(group->plan->analysis, group->state, &rows, &error));
  if (rows >= (uint64)insitu_min_cell) return;
  if (rows == 0)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("the state tells of cells whose rows are not counted, and "
                           "insitu.min_cell is %d; leave out "
                           "weights and rare levels",
                           insitu_min_cell)));
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("the state tells of a cell of %llu rows, and insitu.min_cell is %d; leave "
                         "out rare levels and "
                         "small groups, or join them to others",
                         (unsigned long long)rows, insitu_min_cell)));
}

PG_FUNCTION_INFO_V1(insitu_pg_final);
Datum insitu_pg_final(PG_FUNCTION_ARGS) {
  InsituGroup* group;

  aggregate_context(fcinfo);
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  group = (InsituGroup*)PG_GETARG_POINTER(0);
  flush(group);
  check_cells(group);
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
