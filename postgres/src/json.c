/* Reading what the engine writes, with PostgreSQL's own JSON. */

#include "insitu_pg.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"

Datum insitu_jsonb(const char* text, size_t size) {
  return DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(text, size)));
}

static JsonbValue* find(Datum jsonb, const char* key, JsonbValue* place) {
  Jsonb* object = DatumGetJsonbP(jsonb);

  if (!JB_ROOT_IS_OBJECT(object)) return NULL;
  return getKeyJsonValueFromContainer(&object->root, key, (int)strlen(key), place);
}

bool insitu_json_member(Datum jsonb, const char* key, Datum* member) {
  JsonbValue place;
  JsonbValue* value = find(jsonb, key, &place);

  if (value == NULL || value->type == jbvNull) return false;
  *member = JsonbPGetDatum(JsonbValueToJsonb(value));
  return true;
}

char* insitu_json_text(Datum jsonb, const char* key) {
  JsonbValue place;
  JsonbValue* value = find(jsonb, key, &place);
  Jsonb* member;

  if (value == NULL || value->type == jbvNull) return NULL;
  if (value->type == jbvString) return pnstrdup(value->val.string.val, (Size)value->val.string.len);
  member = JsonbValueToJsonb(value);
  return JsonbToCString(NULL, &member->root, (int)VARSIZE(member));
}

char** insitu_json_strings(Datum jsonb, const char* key, int* count) {
  Datum list;
  Jsonb* array;
  char** strings;

  *count = 0;
  if (!insitu_json_member(jsonb, key, &list)) return NULL;
  array = DatumGetJsonbP(list);
  if (!JB_ROOT_IS_ARRAY(array)) return NULL;
  *count = (int)JB_ROOT_COUNT(array);
  strings = palloc(sizeof(char*) * (Size)Max(*count, 1));
  for (int i = 0; i < *count; ++i) {
    JsonbValue* item = getIthJsonbValueFromContainer(&array->root, (uint32)i);

    if (item == NULL || item->type != jbvString)
      elog(ERROR, "insitu: \"%s\" is not a list of texts", key);
    strings[i] = pnstrdup(item->val.string.val, (Size)item->val.string.len);
  }
  return strings;
}

void insitu_append_string(StringInfo json, const char* text) { escape_json(json, text); }
