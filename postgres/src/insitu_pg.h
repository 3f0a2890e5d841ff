/* What the files of the extension share.
 *
 * Two rules keep C++ and PostgreSQL apart. No PostgreSQL function that can raise an error is called
 * under a C++ frame: the engine's only way back is its allocator (memory.cpp), which throws
 * instead. And no exception leaves the engine: the C border turns each into a code, which
 * insitu_check() raises as an error of PostgreSQL once the C++ frames are gone. */
#ifndef INSITU_PG_H
#define INSITU_PG_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "insitu/c_api.h"

/* ---- module.c: settings */
extern int insitu_max_state_mb; /* 0: no limit */
extern int insitu_max_seconds;  /* 0: no limit */
extern int insitu_min_cell;     /* rows; 0: no limit */

/* Lets a waiting cancel through, and raises an error if the statement runs longer than
 * insitu.max_seconds. */
extern void insitu_check_time(void);

/* ---- memory.cpp: where the engine's memory comes from */
/* The engine allocates in `context` until the next call; returns what it was. Null: a context that
 * lives as long as the process. */
extern MemoryContext insitu_use_memory(MemoryContext context);

/* ---- errors.c */
/* Raises the engine's sentence as an error, unless the code is INSITU_OK. */
extern void insitu_check(insitu_code code, const insitu_error* error);

/* Calls the engine with its memory in a context: INSITU_CALL(context, insitu_state_save(analysis,
 * state, &bytes, &error)) */
#define INSITU_CALL(context, call)                               \
  do {                                                           \
    insitu_error error;                                          \
    MemoryContext outer_memory = insitu_use_memory(context);     \
    insitu_code code = call;                                     \
    insitu_use_memory(outer_memory);                             \
    if (unlikely(code != INSITU_OK)) insitu_check(code, &error); \
  } while (0)

/* The engine's bytes as a varlena; frees them. */
extern struct varlena* insitu_varlena(insitu_bytes* bytes);

/* ---- json.c: reading what the engine writes */
/* The member of an object, as jsonb of its own; false where it is missing or null. */
extern bool insitu_json_member(Datum jsonb, const char* key, Datum* member);
/* The member of an object: its text (strings unquoted), or null where it is missing or null. */
extern char* insitu_json_text(Datum jsonb, const char* key);
/* A list of strings; *count receives its length. */
extern char** insitu_json_strings(Datum jsonb, const char* key, int* count);
/* Text of the engine (not ended by zero) as jsonb. */
extern Datum insitu_jsonb(const char* text, size_t size);
extern void insitu_append_string(StringInfo json, const char* text); /* quoted */

#endif
