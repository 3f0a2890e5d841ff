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
    # Fits promise nine digits and read the rows where sums of doubles keep fewer; no case loses more than three of fifteen.
    tolerance = 3.0

    def connect(self, directory):
        """The database file that the table and query sources of this directory use."""
        import insitu

        return insitu.RxInSqlServer(sources.connection_string(directory), how="pushdown")


CASE = DuckDbPushdown()
