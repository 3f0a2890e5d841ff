"""A PostgreSQL server from which rows are streamed."""

from conformance import postgres
from conformance.contexts.base import ContextCase


class PostgresStreaming(ContextCase):
    """RxInPostgres with nothing installed in the server, and no pushdown."""

    name = "postgres_streaming"
    reads = ("postgres_table", "postgres_query", "pandas")
    outside = ("pandas",)

    def missing(self):
        return postgres.missing()

    def connect(self, directory):
        """The server that the suite shares."""
        import insitu

        return insitu.RxInPostgres(postgres.connection_string())


CASE = PostgresStreaming()
