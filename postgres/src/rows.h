/* Some rows of one group, as an Arrow batch. */
#ifndef INSITU_ROWS_H
#define INSITU_ROWS_H

#include "postgres.h"

#include "reader.h"

typedef struct InsituRows InsituRows;

/* An empty buffer with room for so many rows, in CurrentMemoryContext. */
extern InsituRows* insitu_rows_make(const InsituReader* reader, int room);
/* Makes more room, in the buffer's own context. */
extern void insitu_rows_grow(const InsituReader* reader, InsituRows* rows, int room);
/* Bytes that a buffer with this room takes, text left out. */
extern Size insitu_rows_bytes(const InsituReader* reader, int room);
/* Appends the row at hand; there must be room. */
extern void insitu_rows_append(InsituReader* reader, InsituRows* rows);
/* True if there is no room, or much text. */
extern bool insitu_rows_full(const InsituRows* rows);
extern int insitu_rows_count(const InsituRows* rows);
extern int insitu_rows_room(const InsituRows* rows);
extern void insitu_rows_clear(const InsituReader* reader, InsituRows* rows);
/* The rows as a batch under reader->schema, borrowed: valid until the buffer or the reader is used
 * again. */
extern const struct ArrowArray* insitu_rows_batch(InsituReader* reader, InsituRows* rows);

#endif
