/* What one call has decoded during a query, found again by the bytes that it was decoded from: a
 * query may give a model, or a spec, for each of many groups. */
#ifndef INSITU_KEPT_H
#define INSITU_KEPT_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/ilist.h"

/* Begins the struct of a decoded thing. */
typedef struct InsituKept {
  const void* bytes;
  Size size;
  MemoryContext context; /* all of it lives here; null: it is never forgotten */
  dlist_node by_age;
} InsituKept;

typedef struct InsituKeptSet {
  InsituKept* last; /* found or added last */
  int count;
  dlist_head by_age; /* the oldest first */
  struct slots_hash* slots;
} InsituKeptSet;

/* The set of a call, in fn_extra: made when it is first asked for. */
extern InsituKeptSet* insitu_kept_of(FmgrInfo* call);

/* Copies the bytes, in CurrentMemoryContext. Raw datums do as they come, short, compressed or
 * toasted: nothing is detoasted, and the same toast pointer is the same value. */
extern void insitu_kept_copy(InsituKept* kept, const void* bytes, Size size);

/* True if the thing was decoded from these bytes. */
extern bool insitu_kept_has(const InsituKept* kept, const void* bytes, Size size);

/* The thing that was decoded from these bytes, or null. */
extern InsituKept* insitu_kept_find(InsituKeptSet* set, const void* bytes, Size size);

/* Adds a thing that was not found. Of more than `most` the oldest is forgotten; 0: no limit. */
extern void insitu_kept_add(InsituKeptSet* set, InsituKept* kept, int most);

#endif
