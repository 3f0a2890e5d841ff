"""The embedded database, through RxInSqlServer on a duckdb:/// string."""

from conformance import sources
from conformance.contexts.base import ContextCase


class DuckDb(ContextCase):
    """RxInSqlServer on a DuckDB file."""

    name = "duckdb"
    needs = ("duckdb",)
    reads = sources.EMBEDDED
    outside = ("pandas", "polars", "arrow", "parquet", "csv")

    def connect(self, directory):
        """The database file that the table and query sources of this directory use."""
        import insitu

        return insitu.RxInSqlServer(connection_string=sources.connection_string(directory))


CASE = DuckDb()
