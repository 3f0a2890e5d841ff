"""The embedded database, whose own SQL aggregates build the states."""

from conformance import sources
from conformance.contexts.base import ContextCase


class DuckDbPushdown(ContextCase):
    """RxInSqlServer on a DuckDB file, with how="pushdown"; what SQL cannot do is streamed."""

    name = "duckdb_pushdown"
    reads = ("duckdb_table", "duckdb_query", "pandas")
    outside = ("pandas",)
    needs = ("duckdb",)
    same_bits = False
    # Nine digits are promised; where SQL would keep fewer, rows are streamed. How many more it keeps depends on the rows that
    # the shift is taken from, in whatever order threads give them.
    tolerance = 6.0

    def connect(self, directory):
        """The database file that the table and query sources of this directory use."""
        import insitu

        return insitu.RxInSqlServer(sources.connection_string(directory), how="pushdown")


CASE = DuckDbPushdown()
