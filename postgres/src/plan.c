/* A spec given to SQL, decoded once per query. */
#include "insitu_pg.h"

#include "plan.h"

#include "utils/jsonb.h"

static char* required(Datum object, const char* key) {
  char* text = insitu_json_text(object, key);

  if (text == NULL)
    ereport(ERROR, (errcode(MAKE_SQLSTATE('I', 'S', '0', '0', '1')),
                    errmsg("the spec has no \"%s\"; insitu.spec(formula, table) makes one", key)));
  return text;
}

static void describe(InsituPlan* plan) {
  insitu_bytes text = {NULL, 0};
  Datum description;

  INSITU_CALL(plan->context, insitu_analysis_describe(plan->analysis, &text, &error));
  description = insitu_jsonb(text.data, text.size);
  insitu_bytes_free(&text);
  plan->columns = insitu_json_strings(description, "columns", &plan->n_columns);
  plan->state_bytes = strtoll(required(description, "state_bytes"), NULL, 10);
}

/* A state that is known beforehand to be too large is refused before a row is read; what others
 * have become, when they are to travel or to be stored. */
void insitu_check_state_size(double bytes, const char* about) {
  double megabytes = bytes / (1024 * 1024);

  if (insitu_max_state_mb > 0 && megabytes >= insitu_max_state_mb)
    ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                    errmsg("the state takes %s%.1f MB, and insitu.max_state_mb is %d; raise "
                           "it, or use fewer levels",
                           about, megabytes, insitu_max_state_mb)));
}

InsituPlan* insitu_plan_make(const char* spec, Size size, MemoryContext context) {
  MemoryContext outer = MemoryContextSwitchTo(context);
  InsituPlan* plan = palloc0(sizeof(InsituPlan));
  Datum parsed;
  Datum fit;
  char* name;
  char* inner;

  plan->context = context;
  insitu_kept_copy(&plan->kept, spec, size);
  parsed = insitu_jsonb(spec, size);
  name = required(parsed, "analysis");
  inner = required(parsed, "spec");
  INSITU_CALL(context, insitu_analysis_make(name, inner, strlen(inner), &plan->analysis, &error));
  if (insitu_json_member(parsed, "fit", &fit)) {
    plan->fit_name = required(fit, "name");
    plan->fit_spec = required(fit, "spec");
  }
  describe(plan);
  insitu_check_state_size((double)plan->state_bytes, "about ");
  MemoryContextSwitchTo(outer);
  return plan;
}

InsituPlan* insitu_plan_of(FmgrInfo* call, const char* spec, Size size) {
  InsituKeptSet* set = insitu_kept_of(call);
  InsituPlan* plan = (InsituPlan*)insitu_kept_find(set, spec, size);

  if (plan != NULL) return plan;
  plan = insitu_plan_make(spec, size, call->fn_mcxt);
  insitu_kept_add(set, &plan->kept, 0);
  return plan;
}

struct varlena* insitu_plan_seal(const InsituPlan* plan, const insitu_state* state) {
  insitu_bytes saved = {NULL, 0};
  insitu_bytes sealed = {NULL, 0};

  INSITU_CALL(CurrentMemoryContext, insitu_state_save(plan->analysis, state, &saved, &error));
  INSITU_CALL(CurrentMemoryContext,
              insitu_stored_state_seal(plan->kept.bytes, plan->kept.size, saved.data, saved.size,
                                       &sealed, &error));
  insitu_bytes_free(&saved);
  insitu_check_state_size((double)sealed.size, "");
  return insitu_varlena(&sealed);
}
