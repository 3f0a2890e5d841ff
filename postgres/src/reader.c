/* The columns of a call, row by row. */
#include "insitu_pg.h"

#include "reader.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "numeric.h"

#define MICROSECONDS 1000000.0
#define DAYS_TO_UNIX_EPOCH (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)

static int compare_labels(const void* a, const void* b) {
  Oid x = ((const EnumLabel*)a)->oid;
  Oid y = ((const EnumLabel*)b)->oid;

  return x < y ? -1 : x > y;
}

static void read_enum(ReaderColumn* column, Oid type) {
  CatCList* list = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(type));

  column->n_labels = list->n_members;
  column->labels = palloc(sizeof(EnumLabel) * Max(list->n_members, 1));
  for (int i = 0; i < list->n_members; ++i) {
    Form_pg_enum label = (Form_pg_enum)GETSTRUCT(&list->members[i]->tuple);

    column->labels[i].oid = label->oid;
    column->labels[i].text = pstrdup(NameStr(label->enumlabel));
    column->labels[i].size = (int)strlen(column->labels[i].text);
  }
  ReleaseCatCacheList(list);
  qsort(column->labels, (size_t)column->n_labels, sizeof(EnumLabel), compare_labels);
}

static const struct {
  Oid oid;
  ColumnType type;
  int width;
  bool toastable;
  const char* format; /* of Arrow */
} kTypes[] = {
    {FLOAT8OID, COLUMN_FLOAT8, 8, false, "g"},
    {FLOAT4OID, COLUMN_FLOAT4, 4, false, "f"},
    {INT8OID, COLUMN_INT8, 8, false, "l"},
    {INT4OID, COLUMN_INT4, 4, false, "i"},
    {INT2OID, COLUMN_INT2, 2, false, "s"},
    {NUMERICOID, COLUMN_NUMERIC, 8, true, "g"},
    {BOOLOID, COLUMN_BOOL, -1, false, "b"},
    {DATEOID, COLUMN_DATE, 4, false, "tdD"},
    {TIMESTAMPOID, COLUMN_TIMESTAMP, 8, false, "tsu:"},
    {TIMESTAMPTZOID, COLUMN_TIMESTAMP, 8, false, "tsu:UTC"},
    {TEXTOID, COLUMN_TEXT, 0, true, "u"},
    {VARCHAROID, COLUMN_TEXT, 0, true, "u"},
    {BPCHAROID, COLUMN_BPCHAR, 0, true, "u"},
    {NAMEOID, COLUMN_NAME, 0, false, "u"},
};

/* Learns the type of a column; returns its Arrow format. */
static const char* set_type(ReaderColumn* column, Oid type, const char* what, const char* name) {
  Oid base = getBaseType(type);

  for (Size i = 0; i < lengthof(kTypes); ++i) {
    if (kTypes[i].oid != base) continue;
    column->type = kTypes[i].type;
    column->width = kTypes[i].width;
    column->toastable = kTypes[i].toastable;
    return kTypes[i].format;
  }
  if (get_typtype(base) == TYPTYPE_ENUM) {
    column->type = COLUMN_ENUM;
    read_enum(column, base);
    return "u";
  }
  if (base == UNKNOWNOID)
    ereport(ERROR, (errcode(ERRCODE_INDETERMINATE_DATATYPE),
                    errmsg("%s: the value of column \"%s\" is a literal without a type; cast it, "
                           "for example to float8 or text",
                           what, name)));
  ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                  errmsg("%s: column \"%s\" has the type %s, which is neither a number, boolean, "
                         "text, enum nor date; cast it, for example to float8 or text",
                         what, name, format_type_be(type))));
  return NULL;
}

static void set_column(InsituReader* reader, int i, Oid type) {
  reader->fields[i].format = set_type(&reader->columns[i], type, reader->what, reader->names[i]);
}

/* Nothing is owned by the Arrow structs: PostgreSQL's contexts own it all. */
static void release_schema(struct ArrowSchema* schema) { schema->release = NULL; }
static void release_array(struct ArrowArray* array) { array->release = NULL; }

static void make_arrow(InsituReader* reader) {
  int n = reader->n;

  reader->fields = palloc0(sizeof(struct ArrowSchema) * Max(n, 1));
  reader->field_list = palloc(sizeof(struct ArrowSchema*) * Max(n, 1));
  reader->arrays = palloc0(sizeof(struct ArrowArray) * Max(n, 1));
  reader->array_list = palloc(sizeof(struct ArrowArray*) * Max(n, 1));
  reader->buffers = palloc0(sizeof(const void* [3]) * Max(n, 1));
  for (int i = 0; i < n; ++i) {
    reader->field_list[i] = &reader->fields[i];
    reader->fields[i].name = reader->names[i];
    reader->fields[i].flags = ARROW_FLAG_NULLABLE;
    reader->fields[i].release = release_schema;
    reader->array_list[i] = &reader->arrays[i];
    reader->arrays[i].buffers = reader->buffers[i];
    reader->arrays[i].release = release_array;
  }
  reader->schema.format = "+s";
  reader->schema.n_children = n;
  reader->schema.children = reader->field_list;
  reader->schema.release = release_schema;
  reader->batch.n_buffers = 1;
  reader->batch.buffers = reader->no_buffer;
  reader->batch.n_children = n;
  reader->batch.children = reader->array_list;
  reader->batch.release = release_array;
}

static char* listed(char** names, int n) {
  StringInfoData list;

  initStringInfo(&list);
  for (int i = 0; i < n && i < 20; ++i)
    appendStringInfo(&list, "%s\"%s\"", i == 0 ? "" : ", ", names[i]);
  if (n > 20) appendStringInfoString(&list, ", …");
  return list.data;
}

static int find_attribute(TupleDesc type, const char* name) {
  for (int a = 0; a < type->natts; ++a) {
    Form_pg_attribute attribute = TupleDescAttr(type, a);

    if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0) return a;
  }
  return -1;
}

/* ROW(…) names its fields f1, f2, …: then places count. A table may have such names too, and a
 * subquery: what they mean is asked where places and names differ. */
static bool is_by_place(const InsituReader* reader) {
  TupleDesc type = reader->row_type;
  char name[16];
  bool found = true;
  bool same = true;

  if (reader->row_type_id != RECORDOID) return false;
  for (int a = 0; a < type->natts; ++a) {
    snprintf(name, sizeof(name), "f%d", a + 1);
    if (strcmp(NameStr(TupleDescAttr(type, a)->attname), name) != 0) return false;
  }
  for (int i = 0; i < reader->n; ++i) {
    int at = find_attribute(type, reader->names[i]);

    found = found && at >= 0;
    same = same && at == i;
  }
  if (found && !same)
    ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_COLUMN),
                    errmsg("%s: the fields of the row are called f1, f2, …, as ROW(…) calls them, "
                           "and so are the columns %s: give the columns one by one, or a row of "
                           "the table itself",
                           reader->what, listed(reader->names, reader->n))));
  if (type->natts != reader->n)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("%s: expected a row of %d values, in the order %s, and got %d", reader->what,
                    reader->n, listed(reader->names, reader->n), type->natts)));
  return true;
}

/* Finds the columns in a row's type, which may be known only once there is a row. */
static void learn_row_type(InsituReader* reader, Oid type, int32 mod) {
  MemoryContext outer = MemoryContextSwitchTo(reader->context);
  TupleDesc known = lookup_rowtype_tupdesc(type, mod);
  bool by_place;

  reader->row_type = CreateTupleDescCopy(known);
  ReleaseTupleDesc(known);
  reader->row_type_id = type;
  reader->row_type_mod = mod;
  reader->row_values = palloc(sizeof(Datum) * (Size)Max(reader->row_type->natts, 1));
  reader->row_nulls = palloc(sizeof(bool) * (Size)Max(reader->row_type->natts, 1));
  by_place = is_by_place(reader);
  for (int i = 0; i < reader->n; ++i) {
    int at = by_place ? i : find_attribute(reader->row_type, reader->names[i]);

    if (at < 0)
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                      errmsg("%s: the row has no column \"%s\"; the columns needed are %s",
                             reader->what, reader->names[i], listed(reader->names, reader->n))));
    reader->attributes[i] = at;
    set_column(reader, i, TupleDescAttr(reader->row_type, at)->atttypid);
  }
  MemoryContextSwitchTo(outer);
}

InsituReader* insitu_reader_make(FunctionCallInfo fcinfo, int first_arg, char** names, int n_names,
                                 const char* what) {
  InsituReader* reader = palloc0(sizeof(InsituReader));
  int given = PG_NARGS() - first_arg;
  Oid first_type = given > 0 ? get_fn_expr_argtype(fcinfo->flinfo, first_arg) : InvalidOid;

  if (get_fn_expr_variadic(fcinfo->flinfo))
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("%s takes columns one by one or as one row, not as a VARIADIC array", what)));
  reader->context = CurrentMemoryContext;
  reader->what = what;
  reader->names = names;
  reader->n = n_names;
  reader->first_arg = first_arg;
  reader->columns = palloc0(sizeof(ReaderColumn) * Max(n_names, 1));
  reader->own = palloc0(sizeof(NullableDatum) * Max(n_names, 1));
  make_arrow(reader);
  reader->composite = given == 1 && OidIsValid(first_type) && type_is_rowtype(first_type);
  if (reader->composite) {
    reader->attributes = palloc(sizeof(int) * Max(n_names, 1));
    /* A row that is null, as outer joins give them, tells nothing of its type. */
    if (first_type != RECORDOID) learn_row_type(reader, getBaseType(first_type), -1);
    return reader;
  }
  if (given != n_names)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("%s: expected %d columns, in the order %s, and got %d", what, n_names,
                           listed(names, n_names), given)));
  reader->toastable = palloc(sizeof(int) * Max(n_names, 1));
  for (int i = 0; i < n_names; ++i) {
    set_column(reader, i, get_fn_expr_argtype(fcinfo->flinfo, first_arg + i));
    if (reader->columns[i].toastable) reader->toastable[reader->n_toastable++] = i;
  }
  return reader;
}

static void read_composite(InsituReader* reader, FunctionCallInfo fcinfo) {
  HeapTupleHeader header;
  HeapTupleData tuple;

  if (PG_ARGISNULL(reader->first_arg)) {
    if (reader->row_type == NULL)
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                      errmsg("%s: the first row is null, and its type is not known; leave such "
                             "rows out, or give the columns one by one",
                             reader->what)));
    for (int i = 0; i < reader->n; ++i) reader->own[i].isnull = true;
    return;
  }
  header = DatumGetHeapTupleHeader(PG_GETARG_DATUM(reader->first_arg));
  if (reader->row_type == NULL)
    learn_row_type(reader, HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
  else if (reader->row_type_id != HeapTupleHeaderGetTypeId(header) ||
           reader->row_type_mod != HeapTupleHeaderGetTypMod(header))
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("%s: rows of different types were given", reader->what)));
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  ItemPointerSetInvalid(&tuple.t_self);
  tuple.t_tableOid = InvalidOid;
  tuple.t_data = header;
  heap_deform_tuple(&tuple, reader->row_type, reader->row_values, reader->row_nulls);
  for (int i = 0; i < reader->n; ++i) {
    reader->own[i].value = reader->row_values[reader->attributes[i]];
    reader->own[i].isnull = reader->row_nulls[reader->attributes[i]];
  }
}

/* Compressed, or stored elsewhere. */
static bool is_toasted(const NullableDatum* value) {
  return !value->isnull && (VARATT_IS_EXTERNAL(DatumGetPointer(value->value)) ||
                            VARATT_IS_COMPRESSED(DatumGetPointer(value->value)));
}

static void detoast(InsituReader* reader) {
  for (int i = 0; i < reader->n; ++i) {
    NullableDatum* value = &reader->own[i];

    if (reader->columns[i].toastable && is_toasted(value))
      value->value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value->value));
  }
}

void insitu_reader_row(InsituReader* reader, FunctionCallInfo fcinfo) {
  if (reader->composite) {
    read_composite(reader, fcinfo);
    detoast(reader);
    reader->row = reader->own;
    return;
  }
  /* The arguments are not ours to change, since constants among them are evaluated only once. */
  reader->row = &fcinfo->args[reader->first_arg];
  for (int i = 0; i < reader->n_toastable; ++i) {
    if (likely(!is_toasted(&reader->row[reader->toastable[i]]))) continue;
    memcpy(reader->own, reader->row, sizeof(NullableDatum) * (Size)reader->n);
    detoast(reader);
    reader->row = reader->own;
    return;
  }
}

static const EnumLabel* find_label(const ReaderColumn* column, Oid oid, const char* what) {
  EnumLabel key = {.oid = oid};
  const EnumLabel* found =
      bsearch(&key, column->labels, (size_t)column->n_labels, sizeof(EnumLabel), compare_labels);

  if (found == NULL)
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("%s: an enum got a new label while the query ran; run it again", what)));
  return found;
}

/* The text of a value, without a copy. */
const char* insitu_text(const InsituReader* reader, int i, Datum value, int* size) {
  const ReaderColumn* column = &reader->columns[i];

  if (column->type == COLUMN_ENUM) {
    const EnumLabel* label = find_label(column, DatumGetObjectId(value), reader->what);

    *size = label->size;
    return label->text;
  }
  if (column->type == COLUMN_BOOL) {
    *size = DatumGetBool(value) ? 4 : 5;
    return DatumGetBool(value) ? "True" : "False";
  }
  if (column->type == COLUMN_NAME) {
    *size = (int)strlen(NameStr(*DatumGetName(value)));
    return NameStr(*DatumGetName(value));
  }
  *size = (int)VARSIZE_ANY_EXHDR(DatumGetPointer(value));
  /* The blanks that pad a char(n) mean nothing. */
  if (column->type == COLUMN_BPCHAR)
    *size = bpchartruelen(VARDATA_ANY(DatumGetPointer(value)), *size);
  return VARDATA_ANY(DatumGetPointer(value));
}

static void refuse_infinite(const InsituReader* reader, int i, const char* kind) {
  ereport(ERROR, (errcode(MAKE_SQLSTATE('I', 'S', '0', '0', '2')),
                  errmsg("column \"%s\" holds an infinite %s, which no model can use; filter it "
                         "out, or store null",
                         reader->names[i], kind)));
}

int32 insitu_unix_days(const InsituReader* reader, int i, Datum value) {
  DateADT date = DatumGetDateADT(value);

  if (DATE_NOT_FINITE(date)) refuse_infinite(reader, i, "date");
  return date + DAYS_TO_UNIX_EPOCH;
}

int64 insitu_unix_microseconds(const InsituReader* reader, int i, Datum value) {
  Timestamp time = DatumGetTimestamp(value);

  if (TIMESTAMP_NOT_FINITE(time)) refuse_infinite(reader, i, "timestamp");
  if (pg_add_s64_overflow(time, DAYS_TO_UNIX_EPOCH * USECS_PER_DAY, &time))
    ereport(ERROR, (errcode(MAKE_SQLSTATE('I', 'S', '0', '0', '2')),
                    errmsg("column \"%s\" holds a timestamp after the year 294246, which cannot "
                           "be counted in microseconds since 1970; filter it out, or store null",
                           reader->names[i])));
  return time;
}

double insitu_number(const InsituReader* reader, int i, Datum value) {
  switch (reader->columns[i].type) {
    case COLUMN_FLOAT8:
      return DatumGetFloat8(value);
    case COLUMN_FLOAT4:
      return DatumGetFloat4(value);
    case COLUMN_INT8:
      return (double)DatumGetInt64(value);
    case COLUMN_INT4:
      return DatumGetInt32(value);
    case COLUMN_INT2:
      return DatumGetInt16(value);
    case COLUMN_NUMERIC:
      return insitu_numeric_to_double(value);
    case COLUMN_DATE:
      return insitu_unix_days(reader, i, value);
    case COLUMN_TIMESTAMP:
      return (double)insitu_unix_microseconds(reader, i, value) / MICROSECONDS;
    default:
      elog(ERROR, "insitu: column \"%s\" is no number", reader->names[i]);
  }
  return 0.0;
}
