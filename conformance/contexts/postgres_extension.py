"""A PostgreSQL server whose extension builds the states."""

from conformance import postgres
from conformance.contexts.base import ContextCase


class PostgresExtension(ContextCase):
    """RxInPostgres by the extension, with parallel plans forced on every table."""

    name = "postgres_extension"
    reads = ("postgres_table", "postgres_query")
    # Workers merge in any order, and read rows in any order.
    same_bits = False
    expected_way = "the extension builds the state in the server"

    def missing(self):
        return postgres.missing() or postgres.missing_extension()

    def connect(self, directory):
        """The server that the suite shares."""
        import insitu

        return insitu.RxInPostgres(
            postgres.parallel_connection_string(), num_tasks=4, how="extension"
        )

    def load(self, kind, table, directory, name, levels=None):
        """The table, read through the connection that forces parallel plans."""
        source = super().load(kind, table, directory, name, levels)
        return postgres.through(source, postgres.parallel_connection_string())


CASE = PostgresExtension()
