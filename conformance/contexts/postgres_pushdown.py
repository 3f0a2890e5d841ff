"""A PostgreSQL server whose own aggregates build the states, with nothing installed in it."""

import importlib.util

from conformance import postgres
from conformance.contexts.base import ContextCase


class PostgresPushdown(ContextCase):
    """RxInPostgres by pushdown; passes in double-double are streamed, as SQL has none."""

    name = "postgres_pushdown"
    reads = ("postgres_table", "postgres_query")
    same_bits = False
    expected_way = "SQL's own aggregates build the state in the server"
    other_way = "not by pushdown"
    # Nine digits are promised; where SQL would keep fewer, rows are streamed.
    tolerance = 6.0

    def missing(self):
        if importlib.util.find_spec("insitu.pushdown") is None:
            return "insitu.pushdown is not there yet"
        return postgres.missing()

    def connect(self, directory):
        """The server that the suite shares."""
        import insitu

        return insitu.RxInPostgres(postgres.connection_string(), how="pushdown")


CASE = PostgresPushdown()
