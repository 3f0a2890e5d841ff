/* The data of insitu.lm and insitu.spec. */
#include "insitu_pg.h"

#include "relation.h"

#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "nodes/plannodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/varlena.h"

static bool is_query(const char* data) {
  static const char* const starts[] = {"select", "with", "values", "table"};

  if (*data == '(' || strncmp(data, "--", 2) == 0 || strncmp(data, "/*", 2) == 0) return true;
  for (Size i = 0; i < lengthof(starts); ++i) {
    Size size = strlen(starts[i]);

    if (pg_strncasecmp(data, starts[i], size) == 0 && data[size] != '\0' && data[size] != '.' &&
        data[size] != '_' && data[size] != '$' && !isalnum((unsigned char)data[size]) &&
        !IS_HIGHBIT_SET(data[size]))
      return true;
  }
  return false;
}

/* The nearest name among the tables in sight, or null. */
static char* near_table(const char* name) {
  static const char* const query =
      "SELECT relname::text FROM pg_catalog.pg_class WHERE relkind IN ('r', 'v', 'm', 'f', 'p') "
      "AND pg_catalog.pg_table_is_visible(oid) AND relnamespace <> 'pg_catalog'::regnamespace "
      "LIMIT 10000";
  char* best = NULL;
  int least = Max(1, (int)strlen(name) / 3) + 1;

  if (strlen(name) >= NAMEDATALEN || SPI_execute(query, true, 0) != SPI_OK_SELECT) return NULL;
  for (uint64 i = 0; i < SPI_processed; ++i) {
    char* other = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
    int far = varstr_levenshtein(name, (int)strlen(name), other, (int)strlen(other), 1, 1, 1, true);

    if (far < least) {
      least = far;
      best = other;
    }
  }
  return best;
}

/* A table's name as people write it, maybe quoted and with its schema; else the very name of one.
 */
#define NAME_PART "(\"([^\"]|\"\")+\"|[[:alpha:]_][[:alnum:]_$]*)"
static const char* const kFindTable =
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN "
    "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = CASE WHEN $1 ~ "
    "'^" NAME_PART "([.]" NAME_PART
    "){0,2}$' THEN pg_catalog.to_regclass($1)::oid ELSE (SELECT oid FROM "
    "pg_catalog.pg_class WHERE relname::text = $1 AND pg_catalog.pg_table_is_visible(oid)) END";

static char* table_name(const char* data) {
  Oid types[] = {TEXTOID};
  Datum values[] = {CStringGetTextDatum(data)};
  char* near;

  if (SPI_execute_with_args(kFindTable, 1, types, values, NULL, true, 1) != SPI_OK_SELECT)
    elog(ERROR, "insitu: the catalog cannot be read");
  if (SPI_processed == 1) return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
  near = near_table(data);
  if (near != NULL && strcmp(near, data) == 0)
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_TABLE),
             errmsg("there is no table %s in the search path; a name with capitals or blanks "
                    "needs quotes: %s",
                    data, quote_identifier(near))));
  if (near != NULL)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("there is no table \"%s\" in the search path; did you mean \"%s\"?",
                           data, near)));
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                  errmsg("there is no table \"%s\" in the search path; give a table's name, or a "
                         "query that begins with SELECT",
                         data)));
  return NULL;
}

/* Planning reads statistics: only those who may read the rows learn what it found. */
static void check_permissions(const PlannedStmt* statement) {
#if PG_VERSION_NUM >= 160000
  ExecCheckPermissions(statement->rtable, statement->permInfos, true);
#else
  ExecCheckRTPerms(statement->rtable, true);
#endif
}

/* What the planner knows of a query: the rows it expects, 0 where it makes no plan, and the tables.
 */
static void look_at_plan(SPIPlanPtr plan, InsituRelation* relation) {
  CachedPlan* cached = SPI_plan_get_cached_plan(plan);

  relation->rows = 0.0;
  relation->tables = NIL;
  if (cached == NULL) return;
  if (list_length(cached->stmt_list) == 1) {
    PlannedStmt* statement = linitial_node(PlannedStmt, cached->stmt_list);

    check_permissions(statement);
    if (statement->planTree != NULL) relation->rows = statement->planTree->plan_rows;
    relation->tables = list_copy(statement->relationOids);
  }
  ReleaseCachedPlan(cached, NULL); /* plans that are not saved have no owner */
}

/* Columns and rows of one SELECT. */
static void look_at(const char* query, InsituRelation* relation) {
  SPIPlanPtr plan = SPI_prepare(query, 0, NULL);
  List* sources = plan == NULL ? NIL : SPI_plan_get_plan_sources(plan);
  CachedPlanSource* source = list_length(sources) == 1 ? linitial(sources) : NULL;

  if (source == NULL || source->resultDesc == NULL || source->commandTag != CMDTAG_SELECT)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("the data must be one SELECT; the query holds something else")));
  relation->columns = source->resultDesc;
  look_at_plan(plan, relation);
}

/* Without blanks around it, and without a semicolon at its end. */
static const char* trimmed(const char* data) {
  const char* end = data + strlen(data);

  while (isspace((unsigned char)*data)) ++data;
  while (end > data && (isspace((unsigned char)end[-1]) || end[-1] == ';')) --end;
  return pnstrdup(data, (Size)(end - data));
}

InsituRelation insitu_relation(const char* given) {
  InsituRelation relation;
  const char* data = trimmed(given);

  if (is_query(data)) {
    look_at(data, &relation);
    /* The line feed ends a comment that the query may end with. */
    relation.from = psprintf("(%s\n) AS data", data);
    return relation;
  }
  relation.from = table_name(data);
  look_at(psprintf("SELECT * FROM %s", relation.from), &relation);
  return relation;
}

static void append_levels(StringInfo json, Oid type) {
  Oid types[] = {OIDOID};
  Datum values[] = {ObjectIdGetDatum(type)};

  if (SPI_execute_with_args("SELECT enumlabel::text FROM pg_catalog.pg_enum WHERE enumtypid = $1 "
                            "ORDER BY enumsortorder",
                            1, types, values, NULL, true, 0) != SPI_OK_SELECT)
    elog(ERROR, "insitu: the labels of an enum cannot be read");
  appendStringInfoString(json, ", \"levels\": [");
  for (uint64 i = 0; i < SPI_processed; ++i) {
    if (i > 0) appendStringInfoString(json, ", ");
    insitu_append_string(json, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
  }
  /* A spec may outlive them: an enum can get more. */
  appendStringInfoString(json, "], \"open\": true");
}

/* What a column of this type is to a model; false: nothing. */
static bool append_kind(StringInfo json, Oid type) {
  switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
      appendStringInfoString(json, "\"kind\": \"numeric\", \"integer\": true");
      return true;
    case FLOAT4OID:
    case FLOAT8OID:
    case NUMERICOID:
      appendStringInfoString(json, "\"kind\": \"numeric\"");
      return true;
    case DATEOID:
      appendStringInfoString(json, "\"kind\": \"numeric\", \"time\": \"days\"");
      return true;
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      appendStringInfoString(json, "\"kind\": \"numeric\", \"time\": \"seconds\"");
      return true;
    case BOOLOID:
      appendStringInfoString(json, "\"kind\": \"factor\", \"logical\": true");
      return true;
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case NAMEOID:
      appendStringInfoString(json, "\"kind\": \"factor\"");
      return true;
    default:
      if (get_typtype(type) != TYPTYPE_ENUM) return false;
      appendStringInfoString(json, "\"kind\": \"factor\"");
      append_levels(json, type);
      return true;
  }
}

void insitu_append_columns(StringInfo json, TupleDesc columns, const char* fweights) {
  bool first = true;

  appendStringInfoChar(json, '[');
  for (int a = 0; a < columns->natts; ++a) {
    Form_pg_attribute attribute = TupleDescAttr(columns, a);
    int before = json->len;

    if (attribute->attisdropped) continue;
    appendStringInfoString(json, first ? "{" : ", {");
    appendStringInfoString(json, "\"name\": ");
    insitu_append_string(json, NameStr(attribute->attname));
    appendStringInfoString(json, ", ");
    if (!append_kind(json, getBaseType(attribute->atttypid))) {
      json->len = before;
      json->data[before] = '\0';
      continue;
    }
    if (fweights != NULL && strcmp(fweights, NameStr(attribute->attname)) == 0)
      appendStringInfoString(json, ", \"whole\": true");
    appendStringInfoChar(json, '}');
    first = false;
  }
  appendStringInfoChar(json, ']');
}
