/* Fits from within the server: passes over a relation until the model is ready. */
#ifndef INSITU_FIT_H
#define INSITU_FIT_H

#include "postgres.h"

#include "insitu/c_api.h"
#include "relation.h"

/* A pass of a fit. */
typedef struct InsituPass {
  insitu_analysis* analysis;
  char* name;
  char* spec;
  char** columns;
  int n_columns;
} InsituPass;

/* The next pass; false where the fit is done. */
extern bool insitu_next_pass(insitu_fit* fit, InsituPass* pass);

/* A pass as SQL's spec; with the spec of fit "linear" that it begins, if there is one. */
extern bytea* insitu_pass_spec(const InsituPass* pass, const char* linear);

/* All passes of the fit `name` over the relation, in one snapshot; the model, in the caller's
 * memory. Within SPI. */
extern bytea* insitu_run_fit(const char* name, const char* spec, const InsituRelation* relation,
                             MemoryContext caller);

/* A value of SPI's memory for the caller's. */
extern struct varlena* insitu_handed_out(struct varlena* value, MemoryContext caller);

/* The start of a fit's spec: formula and columns, and the rows where they are known. */
extern void insitu_begin_spec(StringInfo json, const char* formula, const InsituRelation* relation,
                              const char* fweights);
/* Members of a spec; null where there is no value. */
extern void insitu_append_text(StringInfo json, const char* key, const char* value);

/* Arguments of a function: text, or null; and text that must be there. */
extern char* insitu_text_or_null(FunctionCallInfo fcinfo, int i);
extern char* insitu_text_needed(FunctionCallInfo fcinfo, int i, const char* name);

#endif
