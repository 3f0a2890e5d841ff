/* Numbers of type numeric as doubles. */
#ifndef INSITU_NUMERIC_H
#define INSITU_NUMERIC_H

#include "postgres.h"

/* The nearest double, for any numeric value in memory (not toasted; a short header is fine). Too
 * large: infinity. */
extern double insitu_numeric_to_double(Datum numeric);

#endif
