/* Some rows of one group, as an Arrow batch. */
#include "insitu_pg.h"

#include "rows.h"

#include "numeric.h"
#include "utils/date.h"
#include "utils/timestamp.h"

typedef struct ColumnRows {
  char* values;    /* or the bits of booleans, or the bytes of text */
  int32* offsets;  /* text */
  uint8* validity; /* null while every value is there */
  Size text_room;
  int64 n_null;
} ColumnRows;

struct InsituRows {
  int room;
  int count;
  bool full;
  ColumnRows columns[FLEXIBLE_ARRAY_MEMBER];
};

/* Doubles are stored as they come. */
StaticAssertDecl(sizeof(Datum) == sizeof(float8), "insitu needs a 64-bit server");

/* A buffer is full when some column has so much text. */
#define TEXT_LIMIT (1 << 20)

static Size bitmap_bytes(int rows) { return (Size)((rows + 7) / 8); }

InsituRows* insitu_rows_make(const InsituReader* reader, int room) {
  InsituRows* rows = palloc0(offsetof(InsituRows, columns) + sizeof(ColumnRows) * (Size)reader->n);

  rows->room = room;
  for (int i = 0; i < reader->n; ++i) {
    ColumnRows* column = &rows->columns[i];
    int width = reader->columns[i].width;

    if (width > 0)
      column->values = palloc0((Size)width * (Size)room);
    else if (width < 0)
      column->values = palloc0(bitmap_bytes(room));
    else
      column->offsets = palloc0(sizeof(int32) * (Size)(room + 1));
  }
  return rows;
}

void insitu_rows_put_null(const InsituReader* reader, InsituRows* rows, int i) {
  ColumnRows* column = &rows->columns[i];
  int width = reader->columns[i].width;

  if (column->validity == NULL) {
    /* In the context of the buffer itself, wherever the caller is. */
    column->validity = MemoryContextAlloc(GetMemoryChunkContext(rows), bitmap_bytes(rows->room));
    memset(column->validity, 0xFF, bitmap_bytes(rows->room));
  }
  column->validity[rows->count / 8] &= (uint8) ~(1 << (rows->count % 8));
  ++column->n_null;
  if (width == 0)
    column->offsets[rows->count + 1] = column->offsets[rows->count];
  else if (width > 0)
    memset(column->values + (Size)width * (Size)rows->count, 0, (Size)width);
}

void insitu_rows_put_text(InsituRows* rows, int i, const char* text, int size) {
  ColumnRows* column = &rows->columns[i];
  int32 start = column->offsets[rows->count];
  Size needed = (Size)start + (Size)size;

  if (needed > column->text_room) {
    Size room = Max(needed, Max(1024, 2 * column->text_room));

    column->values = column->values == NULL ? MemoryContextAlloc(GetMemoryChunkContext(rows), room)
                                            : repalloc_huge(column->values, room);
    column->text_room = room;
  }
  memcpy(column->values + start, text, (Size)size);
  column->offsets[rows->count + 1] = start + size;
  if (needed > TEXT_LIMIT) rows->full = true;
}

void insitu_rows_put_double(InsituRows* rows, int i, double value) {
  ((float8*)rows->columns[i].values)[rows->count] = value;
}

static void put_bool(InsituRows* rows, ColumnRows* column, bool value) {
  if (value) column->values[rows->count / 8] |= (char)(1 << (rows->count % 8));
}

void insitu_rows_put(const InsituReader* reader, InsituRows* rows, int i, Datum value) {
  ColumnRows* column = &rows->columns[i];
  int at = rows->count;
  const char* text;
  int size;

  switch (reader->columns[i].type) {
    case COLUMN_FLOAT8:
      ((Datum*)column->values)[at] = value;
      break;
    case COLUMN_FLOAT4:
      ((float4*)column->values)[at] = DatumGetFloat4(value);
      break;
    case COLUMN_INT8:
      ((int64*)column->values)[at] = DatumGetInt64(value);
      break;
    case COLUMN_INT4:
      ((int32*)column->values)[at] = DatumGetInt32(value);
      break;
    case COLUMN_INT2:
      ((int16*)column->values)[at] = DatumGetInt16(value);
      break;
    case COLUMN_BOOL:
      put_bool(rows, column, DatumGetBool(value));
      break;
    case COLUMN_DATE:
      ((int32*)column->values)[at] = insitu_unix_days(reader, i, value);
      break;
    case COLUMN_TIMESTAMP:
      ((int64*)column->values)[at] = insitu_unix_microseconds(reader, i, value);
      break;
    default:
      text = insitu_text(reader, i, value, &size);
      insitu_rows_put_text(rows, i, text, size);
      break;
  }
}

void insitu_rows_end(InsituRows* rows) { ++rows->count; }

void insitu_rows_append(const InsituReader* reader, InsituRows* rows) {
  Assert(rows->count < rows->room);
  for (int i = 0; i < reader->n; ++i) {
    if (unlikely(reader->row[i].isnull))
      insitu_rows_put_null(reader, rows, i);
    else if (reader->columns[i].type == COLUMN_FLOAT8) /* most columns are */
      ((Datum*)rows->columns[i].values)[rows->count] = reader->row[i].value;
    else if (reader->columns[i].type == COLUMN_NUMERIC)
      insitu_rows_put_double(rows, i, insitu_numeric_to_double(reader->row[i].value));
    else
      insitu_rows_put(reader, rows, i, reader->row[i].value);
  }
  ++rows->count;
}

bool insitu_rows_full(const InsituRows* rows) { return rows->full || rows->count == rows->room; }
int insitu_rows_count(const InsituRows* rows) { return rows->count; }

void insitu_rows_clear(const InsituReader* reader, InsituRows* rows) {
  for (int i = 0; i < reader->n; ++i) {
    ColumnRows* column = &rows->columns[i];

    if (column->n_null > 0) memset(column->validity, 0xFF, bitmap_bytes(rows->count));
    column->n_null = 0;
    if (reader->columns[i].width < 0) memset(column->values, 0, bitmap_bytes(rows->count));
  }
  rows->count = 0;
  rows->full = false;
}

const struct ArrowArray* insitu_rows_batch(InsituReader* reader, InsituRows* rows) {
  for (int i = 0; i < reader->n; ++i) {
    ColumnRows* column = &rows->columns[i];
    bool text = reader->columns[i].width == 0;

    reader->buffers[i][0] = column->n_null > 0 ? column->validity : NULL;
    reader->buffers[i][1] = text ? (const void*)column->offsets : column->values;
    reader->buffers[i][2] = text ? (column->values == NULL ? "" : column->values) : NULL;
    reader->arrays[i].n_buffers = text ? 3 : 2;
    reader->arrays[i].length = rows->count;
    reader->arrays[i].null_count = column->n_null;
  }
  reader->batch.length = rows->count;
  return &reader->batch;
}
