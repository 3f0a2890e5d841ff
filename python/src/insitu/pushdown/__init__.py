"""States from a database's own SQL aggregates, where nothing of ours is installed.

An analysis says what it needs summed, as plain data; `Plan` makes statements of it, for whatever dialect, and the state of
their answers. A context gives a way to execute them:

    plan = Plan(analysis, rows_of_query(select, schema), POSTGRES)
    state = plan.run(lambda tree: fetch_arrow(tree.sql(dialect="postgres")))

Where SQL cannot do it, `NotOffered` says why, and the context streams the rows instead.
"""

from .dialects import DUCKDB, POSTGRES, TSQL, Dialect
from .errors import NotOffered
from .plan import Plan
from .rows import Rows, SqlColumn, rows_of_query, sql_column

__all__ = [
    "DUCKDB",
    "POSTGRES",
    "TSQL",
    "Dialect",
    "NotOffered",
    "Plan",
    "Rows",
    "SqlColumn",
    "rows_of_query",
    "sql_column",
]
