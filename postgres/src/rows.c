/* Some rows of one group, as an Arrow batch. */
#include "rows.h"

#include "insitu_pg.h"
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
  int n;
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

Size insitu_rows_bytes(const InsituReader* reader, int room) {
  Size bytes = 0;

  for (int i = 0; i < reader->n; ++i) {
    int width = reader->columns[i].width;

    bytes += width > 0   ? (Size)width * (Size)room
             : width < 0 ? bitmap_bytes(room)
                         : sizeof(int32) * (Size)(room + 1);
  }
  return bytes;
}

InsituRows* insitu_rows_make(const InsituReader* reader, int room) {
  InsituRows* rows = palloc0(offsetof(InsituRows, columns) + sizeof(ColumnRows) * (Size)reader->n);

  rows->n = reader->n;
  insitu_rows_grow(reader, rows, room);
  return rows;
}

/* The new bytes are `fill`. */
static void* enlarged(void* old, Size old_bytes, Size bytes, int fill) {
  char* made = old == NULL ? palloc(bytes) : repalloc(old, bytes);

  memset(made + old_bytes, fill, bytes - old_bytes);
  return made;
}

void insitu_rows_grow(const InsituReader* reader, InsituRows* rows, int room) {
  int before = rows->room;

  for (int i = 0; i < reader->n; ++i) {
    ColumnRows* column = &rows->columns[i];
    int width = reader->columns[i].width;

    if (width > 0)
      column->values =
          enlarged(column->values, (Size)width * (Size)before, (Size)width * (Size)room, 0);
    else if (width < 0)
      column->values = enlarged(column->values, bitmap_bytes(before), bitmap_bytes(room), 0);
    else
      column->offsets =
          enlarged(column->offsets, before == 0 ? 0 : sizeof(int32) * (Size)(before + 1),
                   sizeof(int32) * (Size)(room + 1), 0);
    if (column->validity != NULL)
      column->validity = enlarged(column->validity, bitmap_bytes(before), bitmap_bytes(room), 0xFF);
  }
  rows->room = room;
}

static void append_null(InsituRows* rows, ColumnRows* column) {
  if (column->validity == NULL) {
    /* In the context of the buffer itself, wherever the caller is. */
    column->validity = MemoryContextAlloc(GetMemoryChunkContext(rows), bitmap_bytes(rows->room));
    memset(column->validity, 0xFF, bitmap_bytes(rows->room));
  }
  column->validity[rows->count / 8] &= (uint8) ~(1 << (rows->count % 8));
  ++column->n_null;
}

static void append_text(InsituReader* reader, InsituRows* rows, int i) {
  ColumnRows* column = &rows->columns[i];
  int32 start = column->offsets[rows->count];
  int size;
  const char* text = insitu_reader_text(reader, i, &size);
  Size needed = (Size)start + (Size)size;

  if (needed > column->text_room) {
    Size room = Max(needed, Max(64, 2 * column->text_room));

    column->values = column->values == NULL ? MemoryContextAlloc(GetMemoryChunkContext(rows), room)
                                            : repalloc_huge(column->values, room);
    column->text_room = room;
  }
  memcpy(column->values + start, text, (size_t)size);
  column->offsets[rows->count + 1] = start + size;
  if (needed > TEXT_LIMIT) rows->full = true;
}

static void append_value(InsituReader* reader, InsituRows* rows, int i) {
  ColumnRows* column = &rows->columns[i];
  Datum value = reader->row[i].value;
  int at = rows->count;

  switch (reader->columns[i].type) {
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
    case COLUMN_NUMERIC:
      ((float8*)column->values)[at] = insitu_numeric_to_double(value);
      break;
    case COLUMN_BOOL:
      if (DatumGetBool(value)) column->values[at / 8] |= (char)(1 << (at % 8));
      break;
    case COLUMN_DATE:
      ((int32*)column->values)[at] = insitu_unix_days(reader, i);
      break;
    case COLUMN_TIMESTAMP:
      ((int64*)column->values)[at] = insitu_unix_microseconds(reader, i);
      break;
    default:
      append_text(reader, rows, i);
      break;
  }
}

static void append_missing(InsituReader* reader, InsituRows* rows, int i) {
  ColumnRows* column = &rows->columns[i];
  int width = reader->columns[i].width;

  append_null(rows, column);
  if (width == 0)
    column->offsets[rows->count + 1] = column->offsets[rows->count];
  else if (width > 0)
    memset(column->values + (Size)width * (Size)rows->count, 0, (Size)width);
}

void insitu_rows_append(InsituReader* reader, InsituRows* rows) {
  Assert(rows->count < rows->room);
  for (int i = 0; i < reader->n; ++i) {
    if (unlikely(reader->row[i].isnull))
      append_missing(reader, rows, i);
    else if (reader->columns[i].type == COLUMN_FLOAT8) /* most columns are */
      ((Datum*)rows->columns[i].values)[rows->count] = reader->row[i].value;
    else
      append_value(reader, rows, i);
  }
  ++rows->count;
}

bool insitu_rows_full(const InsituRows* rows) { return rows->full || rows->count == rows->room; }
int insitu_rows_count(const InsituRows* rows) { return rows->count; }
int insitu_rows_room(const InsituRows* rows) { return rows->room; }

void insitu_rows_clear(const InsituReader* reader, InsituRows* rows) {
  for (int i = 0; i < reader->n; ++i) {
    ColumnRows* column = &rows->columns[i];

    if (column->n_null > 0) memset(column->validity, 0xFF, bitmap_bytes(rows->room));
    column->n_null = 0;
    if (reader->columns[i].width < 0) memset(column->values, 0, bitmap_bytes(rows->room));
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
