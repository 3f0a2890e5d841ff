/* Some rows of one group, as an Arrow batch. */
#ifndef INSITU_ROWS_H
#define INSITU_ROWS_H

#include "postgres.h"

#include "reader.h"

typedef struct InsituRows InsituRows;

/* An empty buffer with room for so many rows, in CurrentMemoryContext. */
extern InsituRows* insitu_rows_make(const InsituReader* reader, int room);
/* Appends the row at hand; there must be room. */
extern void insitu_rows_append(const InsituReader* reader, InsituRows* rows);
/* True if there is no room, or much text. */
extern bool insitu_rows_full(const InsituRows* rows);
extern int insitu_rows_count(const InsituRows* rows);
extern void insitu_rows_clear(const InsituReader* reader, InsituRows* rows);
/* The rows as a batch under reader->schema, borrowed: valid until the buffer or the reader is used
 * again. */
extern const struct ArrowArray* insitu_rows_batch(InsituReader* reader, InsituRows* rows);

/* A row value by value: one of these for each column i, then the end. Numerics are put as doubles.
 */
extern void insitu_rows_put(const InsituReader* reader, InsituRows* rows, int i, Datum value);
extern void insitu_rows_put_double(InsituRows* rows, int i, double value);
extern void insitu_rows_put_text(InsituRows* rows, int i, const char* text, int size);
extern void insitu_rows_put_null(const InsituReader* reader, InsituRows* rows, int i);
extern void insitu_rows_end(InsituRows* rows);

#endif
