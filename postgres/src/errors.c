/* The engine's errors as PostgreSQL's: one sentence, and a SQLSTATE of the class "IS". */

#include "insitu_pg.h"

#include "miscadmin.h"

static int sqlstate_of(insitu_code code) {
  switch (code) {
    case INSITU_SPEC_ERROR:
      return MAKE_SQLSTATE('I', 'S', '0', '0', '1');
    case INSITU_DATA_ERROR:
      return MAKE_SQLSTATE('I', 'S', '0', '0', '2');
    case INSITU_STATE_ERROR:
      return MAKE_SQLSTATE('I', 'S', '0', '0', '3');
    case INSITU_NUMERIC_ERROR:
      return MAKE_SQLSTATE('I', 'S', '0', '0', '4');
    case INSITU_SOURCE_ERROR:
      return MAKE_SQLSTATE('I', 'S', '0', '0', '5');
    default:
      return MAKE_SQLSTATE('I', 'S', '0', '0', '7');
  }
}

void insitu_check(insitu_code code, const insitu_error* error) {
  if (code == INSITU_OK) return;
  if (code == INSITU_CANCELLED) CHECK_FOR_INTERRUPTS();
  ereport(ERROR, (errcode(sqlstate_of(code)), errmsg_internal("%s", error->message)));
}

struct varlena* insitu_varlena(insitu_bytes* bytes) {
  struct varlena* result;
  insitu_bytes taken = *bytes;

  /* The bytes lie in a memory context, so an error raised by palloc loses nothing. */
  if (taken.size > MaxAllocSize - VARHDRSZ)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("the result takes %zu bytes, and a value of PostgreSQL holds 1 GB",
                           taken.size)));
  result = palloc(taken.size + VARHDRSZ);
  SET_VARSIZE(result, taken.size + VARHDRSZ);
  memcpy(VARDATA(result), taken.data, taken.size);
  insitu_bytes_free(bytes);
  return result;
}
