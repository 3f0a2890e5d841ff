/* One cell of a row, as hosts have it that meet rows one at a time. */
#ifndef INSITU_VALUE_H
#define INSITU_VALUE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INSITU_VALUE_NUMBER 0
#define INSITU_VALUE_TEXT 1

/* Numbers are as a model reads them: dates are days, timestamps seconds since 1970-01-01 UTC.
 * Labels are text: "True" and "False" of a boolean; a number given for a label stands for its
 * shortest decimal digits. Text is borrowed, UTF-8, and need not be terminated. */
typedef struct insitu_value {
  int32_t is_null;
  int32_t kind;
  double number;
  const char* text;
  size_t size;
} insitu_value;

#ifdef __cplusplus
}
#endif

#endif /* INSITU_VALUE_H */
