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
  uint32 next; /* place of the next row of the group; 0: none */
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
};

#define SMALLEST_BACKLOG 1024
#define LARGEST_BACKLOG (1024 * 1024)
#define TEXT_BYTES_PER_ROW 64

InsituBacklog* insitu_backlog_make(const InsituReader* reader, Size bytes) {
  InsituBacklog* backlog = palloc0(sizeof(InsituBacklog));
  Size rows;

  backlog->null_bytes = MAXALIGN(((Size)reader->n + 7) / 8);
  backlog->row_bytes = sizeof(RowHeader) + backlog->null_bytes + sizeof(Cell) * (Size)reader->n;
  rows = Min(Max(bytes / backlog->row_bytes, SMALLEST_BACKLOG), LARGEST_BACKLOG);
  backlog->room = (uint32)rows;
  backlog->rows = MemoryContextAllocHuge(CurrentMemoryContext, rows * backlog->row_bytes);
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

InsituRowList* insitu_backlog_sort(InsituBacklog* backlog) {
  InsituRowList* chain = NULL;

  for (uint32 i = 0; i < backlog->count; ++i) {
    RowHeader* header = row_at(backlog, i);
    InsituRowList* list = header->list;

    header->next = 0;
    if (list->first == 0) {
      list->first = i + 1;
      list->next = chain;
      chain = list;
    } else {
      row_at(backlog, list->last - 1)->next = i + 1;
    }
    list->last = i + 1;
  }
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
  while (list->first != 0 && !insitu_rows_full(rows)) {
    const RowHeader* header = row_at(backlog, list->first - 1);

    if (header->next != 0) __builtin_prefetch(row_at(backlog, header->next - 1));
    move_row(reader, backlog, header, rows);
    list->first = header->next;
  }
  return list->first == 0;
}

void insitu_backlog_clear(InsituBacklog* backlog) {
  backlog->count = 0;
  backlog->text_used = 0;
}
