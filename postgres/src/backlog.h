/* Rows of many groups in the order they came, waiting to be handed to the engine group by group.
 *
 * A row is written behind the last one: nothing of its group is touched, which would cost a miss of
 * every cache. Only when the backlog is full are its rows sorted into lists, one per group. */
#ifndef INSITU_BACKLOG_H
#define INSITU_BACKLOG_H

#include "postgres.h"

#include "reader.h"
#include "rows.h"

typedef struct InsituBacklog InsituBacklog;

/* The rows of one group in a sorted backlog: places [begin, end) of its order. Starts as zeros, and
 * is zeros again once the rows are taken. */
typedef struct InsituRowList {
  uint32 begin;
  uint32 end;
  struct InsituRowList* next; /* of another group */
} InsituRowList;

/* In CurrentMemoryContext, of about so many bytes. */
extern InsituBacklog* insitu_backlog_make(const InsituReader* reader, Size bytes);
extern bool insitu_backlog_full(const InsituBacklog* backlog);
extern int insitu_backlog_count(const InsituBacklog* backlog);
/* Appends the row at hand, of the group that owns the list. */
extern void insitu_backlog_append(const InsituReader* reader, InsituBacklog* backlog,
                                  InsituRowList* list);
/* Sorts the rows by group, in the order they came; returns the chain of lists that have any. */
extern InsituRowList* insitu_backlog_sort(InsituBacklog* backlog);
/* Moves rows of a list to a buffer until one of the two has no more; true if the list is empty. */
extern bool insitu_backlog_take(const InsituReader* reader, InsituBacklog* backlog,
                                InsituRowList* list, InsituRows* rows);
/* Forgets all rows; their lists are empty, or of no interest any more. */
extern void insitu_backlog_clear(InsituBacklog* backlog);

#endif
