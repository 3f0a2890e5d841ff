/* The module: settings, the version, and the statement's time. */

#include "insitu_pg.h"

#include <limits.h>
#include "access/xact.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

PG_MODULE_MAGIC;

int insitu_max_state_mb = 1024;
int insitu_max_seconds = 0;
int insitu_min_cell = 0;

StaticAssertDecl(sizeof(sig_atomic_t) == sizeof(int), "the engine watches flags of type int");

extern PGDLLEXPORT void _PG_init(void);

void _PG_init(void) {
  DefineCustomIntVariable(
      "insitu.max_state_mb", "Largest state of an analysis, in megabytes.",
      "A state is refused when it is known, or found, to be larger. Zero: no limit.",
      &insitu_max_state_mb, 1024, 0, 1024 * 1024, PGC_USERSET, 0, NULL, NULL, NULL);
  DefineCustomIntVariable("insitu.max_seconds",
                          "Longest time of a statement that builds states or predicts, in seconds.",
                          "Zero: no limit but statement_timeout.", &insitu_max_seconds, 0, 0,
                          INT_MAX / 1000, PGC_USERSET, GUC_UNIT_S, NULL, NULL, NULL);
  DefineCustomIntVariable("insitu.min_cell",
                          "Fewest rows of a cell or level that a state may tell of.",
                          "A state with a smaller cell is refused. Zero: no limit.",
                          &insitu_min_cell, 0, 0, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
  MarkGUCPrefixReserved("insitu");
  insitu_watch((const volatile int*)&QueryCancelPending, (const volatile int*)&ProcDiePending);
}

void insitu_check_time(void) {
  CHECK_FOR_INTERRUPTS();
  if (insitu_max_seconds > 0 &&
      TimestampDifferenceExceeds(GetCurrentStatementStartTimestamp(), GetCurrentTimestamp(),
                                 insitu_max_seconds * 1000))
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                    errmsg("the statement took longer than insitu.max_seconds, %d, and was stopped",
                           insitu_max_seconds)));
}

PG_FUNCTION_INFO_V1(insitu_pg_version);
Datum insitu_pg_version(PG_FUNCTION_ARGS) { PG_RETURN_TEXT_P(cstring_to_text(insitu_version())); }
