"""A PostgreSQL server from which rows are streamed."""

from conformance import postgres
from conformance.contexts.base import ContextCase


class PostgresStreaming(ContextCase):
    """RxInPostgres by streaming, as with nothing installed in the server where pushdown costs more."""

    name = "postgres_streaming"
    reads = ("postgres_table", "postgres_query", "pandas")
    outside = ("pandas",)
    expected_way = "rows streamed to this process"

    def missing(self):
        return postgres.missing()

    def connect(self, directory):
        """The server that the suite shares."""
        import insitu

        return insitu.RxInPostgres(postgres.connection_string(), how="streaming")


CASE = PostgresStreaming()
