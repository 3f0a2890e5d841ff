/* The data of insitu.lm and insitu.spec: a table's name or a query, as SQL that can stand after
 * FROM. */
#ifndef INSITU_RELATION_H
#define INSITU_RELATION_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "lib/stringinfo.h"

typedef struct InsituRelation {
  char* from; /* quoted name, or the query in brackets with an alias */
  TupleDesc columns;
  double rows;  /* the planner's estimate */
  List* tables; /* Oids of those that are read */
} InsituRelation;

/* Within SPI. Errors: no such table (near names are offered), not one SELECT. */
extern InsituRelation insitu_relation(const char* data);

/* The columns that models can use, as the list "columns" of a spec. */
extern void insitu_append_columns(StringInfo json, TupleDesc columns, const char* fweights);

#endif
