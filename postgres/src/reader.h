/* The columns of a call, row by row: which types they have, and the values of the row at hand. */
#ifndef INSITU_READER_H
#define INSITU_READER_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "fmgr.h"

#include "insitu/arrow_c.h"
#include "insitu/c_api.h"

typedef enum ColumnType {
  COLUMN_FLOAT8,
  COLUMN_FLOAT4,
  COLUMN_INT8,
  COLUMN_INT4,
  COLUMN_INT2,
  COLUMN_NUMERIC,
  COLUMN_BOOL,
  COLUMN_DATE,
  COLUMN_TIMESTAMP,
  COLUMN_TEXT,
  COLUMN_BPCHAR,
  COLUMN_NAME,
  COLUMN_ENUM
} ColumnType;

/* Labels of an enum type, sorted by oid. */
typedef struct EnumLabel {
  Oid oid;
  int size;
  const char* text;
} EnumLabel;

typedef struct ReaderColumn {
  ColumnType type;
  bool toastable; /* values may be compressed, or lie elsewhere */
  int width;      /* bytes of a value; 0: text; -1: a bit */
  int n_labels;
  EnumLabel* labels;
} ReaderColumn;

typedef struct InsituReader {
  MemoryContext context;
  const char* what;
  char** names;
  int n;
  int first_arg;
  ReaderColumn* columns;
  const NullableDatum* row; /* of the row at hand */
  NullableDatum* own;       /* where `row` points if values had to be changed or moved */
  int n_toastable;
  int* toastable; /* columns that may hold toasted values */
  struct insitu_value* scored;

  bool composite;     /* one argument holds all columns */
  TupleDesc row_type; /* of the row last read, a copy; null before the first */
  Oid row_type_id;
  int32 row_type_mod;
  int* attributes; /* per column: its attribute in row_type */
  Datum* row_values;
  bool* row_nulls;

  struct ArrowSchema schema;
  struct ArrowSchema* fields;
  struct ArrowSchema** field_list;
  struct ArrowArray batch;
  struct ArrowArray* arrays;
  struct ArrowArray** array_list;
  const void* (*buffers)[3];
  const void* no_buffer[1];
} InsituReader;

static inline bool insitu_is_text(const ReaderColumn* column) {
  return column->width == 0 || column->type == COLUMN_BOOL;
}

/* A reader of the columns `names`, given as arguments first_arg … of a function call, or as one
 * composite argument whose attributes are matched by name, else by place. Lives in
 * CurrentMemoryContext. Raises an error that names the column for a type that models cannot use, or
 * a wrong number of arguments. `what` begins the sentence: "insitu.state". */
extern InsituReader* insitu_reader_make(FunctionCallInfo fcinfo, int first_arg, char** names,
                                        int n_names, const char* what);

/* Makes this call's row the row at hand: reader->row. Text and numerics are
 * detoasted, in CurrentMemoryContext. */
extern void insitu_reader_row(InsituReader* reader, FunctionCallInfo fcinfo);

/* A text of column i, borrowed; not toasted. */
extern const char* insitu_text(const InsituReader* reader, int i, Datum value, int* size);
/* A number of column i as a double: dates as days, timestamps as seconds since 1970. */
extern double insitu_number(const InsituReader* reader, int i, Datum value);
/* Since 1970; an error where infinite. */
extern int32 insitu_unix_days(const InsituReader* reader, int i, Datum value);
extern int64 insitu_unix_microseconds(const InsituReader* reader, int i, Datum value);

#endif
