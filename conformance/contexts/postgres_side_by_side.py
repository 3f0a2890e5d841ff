"""A PostgreSQL server from which tables are streamed over several connections, a few pages at a time."""

from conformance import postgres
from conformance.contexts.postgres_streaming import PostgresStreaming


class PostgresSideBySide(PostgresStreaming):
    """RxInPostgres by streaming with num_tasks=3; every table of more than one page is read in ranges."""

    name = "postgres_side_by_side"
    reads = ("postgres_table",)
    outside = ()

    def connect(self, directory):
        """The server that the suite shares."""
        import insitu
        from insitu.data import postgres_pages

        postgres_pages._BYTES_AT_ONCE = 8192  # no other context of the suite reads in ranges
        return insitu.RxInPostgres(postgres.connection_string(), num_tasks=3, how="streaming")


CASE = PostgresSideBySide()
