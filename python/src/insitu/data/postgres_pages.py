"""A table read over several connections side by side, a range of pages at a time: one snapshot, and rows in the table's order."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from ..errors import SourceError
from .postgres_catalog import column_node, literal
from .postgres_session import Session

if TYPE_CHECKING:
    from .postgres_catalog import Relation
    from .postgres_engine import Postgres

# 32 MB of a table: what a connection reads at a time, and what waits for its turn.
_PAGES_AT_ONCE = 4_096


def ranges_of(session: Session, relation: Relation, select: exp.Select) -> list[exp.Select]:
    """The query over one range of pages after the other; the query itself where its rows have no pages that others can read.

    That is so of views, partitioned, foreign and temporary tables, and of small ones.
    """
    if relation.table is None or len(list(select.find_all(exp.Table))) != 1:
        return [select]
    name = literal(str(relation.tree.sql(dialect="postgres")))
    found = session.execute(
        f"SELECT pg_relation_size(oid) / current_setting('block_size')::int AS pages FROM pg_class WHERE oid = {name}::regclass"
        " AND relkind IN ('r', 'm') AND relpersistence <> 't'"
    )
    pages = int(found[0]["pages"]) if found else 0
    starts = range(0, pages, _PAGES_AT_ONCE)
    if len(starts) < 2:
        return [select]
    return [
        _within(select, start, start + _PAGES_AT_ONCE if start < starts[-1] else None)
        for start in starts
    ]


def _within(select: exp.Select, first: int, end: int | None) -> exp.Select:
    """The rows on pages from `first` to before `end`; None: to the last."""
    ranged = select.copy()
    table = ranged.find(exp.Table)
    inner = None if table is None else table.parent_select
    assert isinstance(inner, exp.Select)
    tests: list[exp.Expression] = [exp.GTE(this=column_node("ctid"), expression=_place(first))]
    if end is not None:
        tests.append(exp.LT(this=column_node("ctid"), expression=_place(end)))
    inner.where(*tests, copy=False)
    return ranged


def _place(page: int) -> exp.Expression:
    return exp.cast(exp.Literal.string(f"({page},0)"), exp.DataType.build("tid", udt=True))


class SideBySide:
    """Queries that several connections run in turn, their rows in the order of the queries.

    Arguments:
        session: the first of the connections, whose snapshot the others share. connections: how many there are in all;
            where the server does not give so many, those it gives.
    """

    def __init__(
        self, target: Postgres, session: Session, queries: Sequence[str], connections: int
    ) -> None:
        self._queries = queries
        self._others: list[Session] = []
        snapshot = str(session.execute("SELECT pg_export_snapshot() AS name")[0]["name"])
        for _ in range(min(connections, len(queries)) - 1):
            try:
                self._others.append(Session(target, session.purpose, snapshot=snapshot))
            except SourceError:
                break
        self._sessions = [session, *self._others]
        self._idle: queue.SimpleQueue[Session] = queue.SimpleQueue()
        for one in self._sessions:
            self._idle.put(one)

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._sessions)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows; the connections read ahead by one query each."""
        with ThreadPoolExecutor(self.connections, thread_name_prefix="insitu-read") as pool:
            left = iter(self._queries)
            ahead: deque[Future[list[pa.RecordBatch]]] = deque()
            try:
                ahead.extend(pool.submit(self._read, q) for q in islice(left, self.connections + 1))
                while ahead:
                    found = ahead.popleft().result()
                    ahead.extend(pool.submit(self._read, q) for q in islice(left, 1))
                    yield from found
            except BaseException:
                for waiting in ahead:
                    waiting.cancel()
                self.cancel()
                raise

    def _read(self, sql: str) -> list[pa.RecordBatch]:
        session = self._idle.get()
        try:
            batches: list[pa.RecordBatch] = session.table(sql, computing=True).to_batches()
            return batches
        finally:
            self._idle.put(session)

    def cancel(self) -> None:
        """Asks the server to stop what it does for all of them; from any thread."""
        for session in self._sessions:
            session.cancel()

    def close(self) -> None:
        """Ends all but the first."""
        for session in self._others:
            session.close()
