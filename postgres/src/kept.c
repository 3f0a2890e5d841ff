/* What one call has decoded during a query, found again by the bytes that it was decoded from. */
#include "insitu_pg.h"

#include "kept.h"

#include "common/hashfn.h"

/* Sealed bytes end in a checksum: hashing the last ones tells models apart, at a tenth of the price
 * of hashing all. Where others end alike, comparing them does. */
#define HASHED_BYTES 64

/* A place of the hash table. */
typedef struct Slot {
  InsituKept* key; /* its bytes and their size */
  uint32 hash;
  char status;
} Slot;

void insitu_kept_copy(InsituKept* kept, const void* bytes, Size size) {
  kept->bytes = memcpy(palloc(size), bytes, size);
  kept->size = size;
}

bool insitu_kept_has(const InsituKept* kept, const void* bytes, Size size) {
  return kept->size == size && memcmp(kept->bytes, bytes, size) == 0;
}

static uint32 hash_of(const InsituKept* kept) {
  Size size = Min(kept->size, HASHED_BYTES);
  const unsigned char* end = (const unsigned char*)kept->bytes + kept->size;

  return hash_combine(hash_bytes(end - size, (int)size), (uint32)kept->size);
}

#define SH_PREFIX slots
#define SH_ELEMENT_TYPE Slot
#define SH_KEY_TYPE InsituKept*
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_of(key)
#define SH_EQUAL(table, a, b) insitu_kept_has(a, (b)->bytes, (b)->size)
#define SH_STORE_HASH
#define SH_GET_HASH(table, slot) (slot)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

InsituKeptSet* insitu_kept_of(FmgrInfo* call) {
  InsituKeptSet* set = call->fn_extra;

  if (likely(set != NULL)) return set;
  set = MemoryContextAllocZero(call->fn_mcxt, sizeof(InsituKeptSet));
  dlist_init(&set->by_age);
  set->slots = slots_create(call->fn_mcxt, 16, NULL);
  call->fn_extra = set;
  return set;
}

InsituKept* insitu_kept_find(InsituKeptSet* set, const void* bytes, Size size) {
  InsituKept asked = {.bytes = bytes, .size = size};
  Slot* slot;

  /* Rows of one group often follow each other. */
  if (likely(set->last != NULL && insitu_kept_has(set->last, bytes, size))) return set->last;
  slot = slots_lookup(set->slots, &asked);
  if (slot == NULL) return NULL;
  set->last = slot->key;
  return set->last;
}

static void forget_oldest(InsituKeptSet* set) {
  InsituKept* oldest = dlist_head_element(InsituKept, by_age, &set->by_age);

  slots_delete(set->slots, oldest);
  dlist_delete(&oldest->by_age);
  --set->count;
  if (set->last == oldest) set->last = NULL;
  MemoryContextDelete(oldest->context);
}

void insitu_kept_add(InsituKeptSet* set, InsituKept* kept, int most) {
  bool found;

  if (most > 0 && set->count >= most) forget_oldest(set);
  slots_insert(set->slots, kept, &found);
  Assert(!found);
  dlist_push_tail(&set->by_age, &kept->by_age);
  ++set->count;
  set->last = kept;
}
