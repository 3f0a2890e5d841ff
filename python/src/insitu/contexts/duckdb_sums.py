"""Passes that DuckDB's own SQL aggregates add up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import duckdb
import pyarrow as pa
from sqlglot import exp

from .. import _core
from ..data.connections import first_line
from ..data.database import RxOdbcData
from ..data.duckdb_engine import DuckDbRows
from ..data.embedded import close_connection, connect
from ..data.source import Source
from ..pushdown import DUCKDB, NotOffered, Plan
from ..pushdown.duckdb_rows import rows_of
from ..waiting import run_aside
from .ways import Done

if TYPE_CHECKING:
    from ..progress import Progress

_ROWS = "insitu_rows"  # what the rows are called in statements


class DuckDbWays:
    """DuckDB's ways: its column batches, reduced in this process, unless its aggregates are asked for."""

    choices: ClassVar[tuple[str, ...]] = ("auto", "pushdown", "streaming")

    def __init__(self, how: str, workers: int | None) -> None:
        self._how = how

    def run(
        self, analysis: _core.Analysis, source: Source, progress: Progress | None
    ) -> tuple[Done | None, list[str]]:
        """The state that the database's own aggregates add up."""
        if self._how != "pushdown":
            return None, []
        try:
            return summed(analysis, source, progress), []
        except NotOffered as reason:
            return None, [f"not by pushdown: {reason}"]

    def map(self, *_: object) -> tuple[Done | None, list[str]]:
        """Rows are scored in this process."""
        return None, []


def summed(analysis: _core.Analysis, source: Source, progress: Progress | None) -> Done:
    """The state of the rows of a DuckDB table or query.

    Raises: NotOffered where SQL cannot do it; DataError for values that no pass can use; SourceError from the database.
    """
    base = source.base
    if not isinstance(base, RxOdbcData) or not isinstance(base.rows, DuckDbRows):
        raise NotOffered(f"{source.data_name} is not in a DuckDB database")
    started = time.perf_counter()
    table = exp.Table(this=exp.to_identifier(_ROWS, quoted=True))
    plan = Plan(analysis, rows_of(source, table), DUCKDB)
    connection = connect(base.rows.database)
    try:
        connection.begin()  # all statements see one snapshot
        done = _Statements(connection, base.rows, source, progress)
        state = plan.run(done.execute)
    finally:
        close_connection(connection)
    seconds = time.perf_counter() - started
    way = "DuckDB's own SQL aggregates"
    sql = [base.rows.sql(), *done.sql]
    return Done(way, sql, seconds, state, rows=plan.rows_read, bytes=done.bytes, notes=plan.notes)


class _Statements:
    """Runs statements over the rows, on one connection."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        rows: DuckDbRows,
        source: Source,
        progress: Progress | None,
    ) -> None:
        self._connection = connection
        self._relation = rows.relation(connection)
        self._source = source
        self._progress = progress
        self.sql: list[str] = []
        self.bytes = 0

    def execute(self, tree: exp.Query) -> pa.Table:
        """The answer of a statement."""
        text = str(tree.sql(dialect="duckdb"))
        self.sql.append(text)
        try:
            table = run_aside(lambda: self._fetch(text), self._connection.interrupt, self._tick())
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            # Perhaps of a row that the engine would not look at: it decides.
            raise NotOffered(f"the database stopped: {first_line(error)}") from error
        except duckdb.Error as error:
            raise self._source.read_error(str(error)) from error
        self.bytes += table.nbytes
        return table

    def _tick(self) -> Callable[[], None] | None:
        progress = self._progress
        return None if progress is None else lambda: progress(0, self.bytes)

    def _fetch(self, text: str) -> pa.Table:
        relation = self._relation.query(_ROWS, text)
        found = (
            relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()
        )
        return found if isinstance(found, pa.Table) else pa.Table.from_batches(list(found))
