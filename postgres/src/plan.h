/* A spec given to SQL, decoded once per query. */
#ifndef INSITU_PLAN_H
#define INSITU_PLAN_H

#include "postgres.h"

#include "fmgr.h"

#include "insitu/c_api.h"
#include "kept.h"

typedef struct InsituPlan {
  InsituKept kept;       /* first; by the spec, the JSON text that was given */
  MemoryContext context; /* all of it lives here, as long as the query */
  insitu_analysis* analysis;
  char** columns; /* names, in the order of the arguments */
  int n_columns;
  int64 state_bytes; /* estimate before running */
  char* fit_name;    /* null: the spec has no fit */
  char* fit_spec;
} InsituPlan;

/* {"analysis": name, "spec": …, "fit": {"name": …, "spec": …}} */
extern InsituPlan* insitu_plan_make(const char* spec, Size size, MemoryContext context);

/* The plan of a spec, kept in fn_extra: made once per query and spec. */
extern InsituPlan* insitu_plan_of(FmgrInfo* call, const char* spec, Size size);

/* The plan's state under its spec: what a value of type insitu.state holds. */
extern struct varlena* insitu_plan_seal(const InsituPlan* plan, const insitu_state* state);

/* An error where a state of so many bytes is more than insitu.max_state_mb allows; `about`: before
 * the number. */
extern void insitu_check_state_size(double bytes, const char* about);

#endif
