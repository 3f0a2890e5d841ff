/* Rows of many groups in the order they came. */
#include "insitu_pg.h"

#include "backlog.h"
#include "numeric.h"

/* A value: the datum itself, a double that was a numeric, or where its text lies. */
typedef union Cell {
  Datum value;
  double number;
  struct {
    uint32 start;
    uint32 size;
  } text;
} Cell;

/* Then follow a bit for each column that is null, padded, and the cells. */
typedef struct RowHeader {
  InsituRowList* list;
} RowHeader;

struct InsituBacklog {
  uint32 room;
  uint32 count;
  Size null_bytes;
  Size row_bytes;
  Size text_used;
  Size text_room;
  char* text;
  char* rows;
  uint32* order; /* of the rows, by group */
};

#define SMALLEST_BACKLOG 1024
#define LARGEST_BACKLOG (1024 * 1024)
#define TEXT_BYTES_PER_ROW 64
/* Rows of one group lie apart: so many are asked for ahead. */
#define ROWS_AHEAD 6

InsituBacklog* insitu_backlog_make(const InsituReader* reader, Size bytes) {
  InsituBacklog* backlog = palloc0(sizeof(InsituBacklog));
  Size rows;

  backlog->null_bytes = MAXALIGN(((Size)reader->n + 7) / 8);
  backlog->row_bytes = sizeof(RowHeader) + backlog->null_bytes + sizeof(Cell) * (Size)reader->n;
  rows = Min(Max(bytes / (backlog->row_bytes + sizeof(uint32)), SMALLEST_BACKLOG), LARGEST_BACKLOG);
  backlog->room = (uint32)rows;
  backlog->rows = MemoryContextAllocHuge(CurrentMemoryContext, rows * backlog->row_bytes);
  backlog->order = MemoryContextAllocHuge(CurrentMemoryContext, rows * sizeof(uint32));
  return backlog;
}

bool insitu_backlog_full(const InsituBacklog* backlog) {
  return backlog->count == backlog->room ||
         backlog->text_used > (Size)backlog->room * TEXT_BYTES_PER_ROW;
}

int insitu_backlog_count(const InsituBacklog* backlog) { return (int)backlog->count; }

static void keep_text(InsituBacklog* backlog, const char* text, int size, Cell* cell) {
  Size needed = backlog->text_used + (Size)size;

  if (needed > backlog->text_room) {
    Size room = Max(needed, Max(8192, 2 * backlog->text_room));

    backlog->text = backlog->text == NULL
                        ? MemoryContextAllocHuge(GetMemoryChunkContext(backlog), room)
                        : repalloc_huge(backlog->text, room);
    backlog->text_room = room;
  }
  memcpy(backlog->text + backlog->text_used, text, (Size)size);
  cell->text.start = (uint32)backlog->text_used;
  cell->text.size = (uint32)size;
  backlog->text_used = needed;
}

static RowHeader* row_at(const InsituBacklog* backlog, uint32 index) {
  return (RowHeader*)(backlog->rows + backlog->row_bytes * index);
}

void insitu_backlog_append(const InsituReader* reader, InsituBacklog* backlog,
                           InsituRowList* list) {
  RowHeader* header = row_at(backlog, backlog->count);
  char* nulls = (char*)(header + 1);
  Cell* cells = (Cell*)(nulls + backlog->null_bytes);

  header->list = list;
  memset(nulls, 0, backlog->null_bytes);
  for (int i = 0; i < reader->n; ++i) {
    const ReaderColumn* column = &reader->columns[i];

    if (unlikely(reader->row[i].isnull)) {
      nulls[i / 8] |= (char)(1 << (i % 8));
    } else if (column->type == COLUMN_NUMERIC) {
      cells[i].number = insitu_numeric_to_double(reader->row[i].value);
    } else if (column->width == 0) {
      int size;
      const char* text = insitu_text(reader, i, reader->row[i].value, &size);

      keep_text(backlog, text, size, &cells[i]);
    } else {
      cells[i].value = reader->row[i].value;
    }
  }
  ++backlog->count;
}

/* A counting sort: `end` first counts. */
InsituRowList* insitu_backlog_sort(InsituBacklog* backlog) {
  InsituRowList* chain = NULL;
  uint32 place = 0;

  for (uint32 i = 0; i < backlog->count; ++i) {
    InsituRowList* list = row_at(backlog, i)->list;

    if (list->end++ > 0) continue;
    list->next = chain;
    chain = list;
  }
  for (InsituRowList* list = chain; list != NULL; list = list->next) {
    uint32 count = list->end;

    list->begin = list->end = place;
    place += count;
  }
  for (uint32 i = 0; i < backlog->count; ++i) backlog->order[row_at(backlog, i)->list->end++] = i;
  return chain;
}

static void move_row(const InsituReader* reader, const InsituBacklog* backlog,
                     const RowHeader* header, InsituRows* rows) {
  const char* nulls = (const char*)(header + 1);
  const Cell* cells = (const Cell*)(nulls + backlog->null_bytes);

  for (int i = 0; i < reader->n; ++i) {
    const ReaderColumn* column = &reader->columns[i];

    if (nulls[i / 8] & (1 << (i % 8)))
      insitu_rows_put_null(reader, rows, i);
    else if (column->type == COLUMN_NUMERIC)
      insitu_rows_put_double(rows, i, cells[i].number);
    else if (column->width == 0)
      insitu_rows_put_text(rows, i, backlog->text + cells[i].text.start, (int)cells[i].text.size);
    else
      insitu_rows_put(reader, rows, i, cells[i].value);
  }
  insitu_rows_end(rows);
}

bool insitu_backlog_take(const InsituReader* reader, InsituBacklog* backlog, InsituRowList* list,
                         InsituRows* rows) {
  for (; list->begin < list->end && !insitu_rows_full(rows); ++list->begin) {
    if (list->begin + ROWS_AHEAD < backlog->count) {
      const char* ahead = (const char*)row_at(backlog, backlog->order[list->begin + ROWS_AHEAD]);

      for (Size line = 0; line < backlog->row_bytes; line += 64) __builtin_prefetch(ahead + line);
    }
    move_row(reader, backlog, row_at(backlog, backlog->order[list->begin]), rows);
  }
  if (list->begin < list->end) return false;
  list->begin = list->end = 0;
  return true;
}

void insitu_backlog_clear(InsituBacklog* backlog) {
  backlog->count = 0;
  backlog->text_used = 0;
}
