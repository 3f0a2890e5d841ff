"""One suite of cases, run in every compute context and on every kind of source there is."""
