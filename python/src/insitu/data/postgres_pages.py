"""A table read over several connections side by side, a range of pages at a time: one snapshot, and rows in the table's order."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from ..errors import SourceError
from ..waiting import POLL_SECONDS
from .postgres_catalog import column_node, literal
from .postgres_session import Session

if TYPE_CHECKING:
    from .postgres_catalog import Relation
    from .postgres_engine import Postgres

# Bytes of a table, long values with it, that a connection reads at a time. In memory are at most so many for each connection, and
# for two ranges more that wait for their turn.
_BYTES_AT_ONCE = 32 << 20
# How long a further connection waits for the table, which someone who is to change it may have asked for in between.
_LOCK_TIMEOUT = "1s"


def ranges_of(session: Session, relation: Relation, select: exp.Select) -> list[exp.Select]:
    """The query over one range of pages after the other; the query itself where its rows have no pages that others can read.

    That is so of views, partitioned, foreign and temporary tables, of tables that others inherit from, of small ones, and of
    servers before version 14, which would read the whole table for every range.
    """
    if relation.table is None or len(list(select.find_all(exp.Table))) != 1:
        return [select]
    name = literal(_text(relation))
    found = session.execute(
        "SELECT pg_relation_size(c.oid) / current_setting('block_size')::int AS pages,"
        " pg_relation_size(c.oid) + coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0) AS bytes"
        f" FROM pg_class c JOIN pg_am m ON m.oid = c.relam WHERE c.oid = {name}::regclass AND c.relkind IN ('r', 'm')"
        " AND c.relpersistence <> 't' AND NOT c.relhassubclass AND m.amname = 'heap'"
        " AND current_setting('server_version_num')::int >= 140000"
    )
    pages = int(found[0]["pages"]) if found else 0
    if pages == 0:
        return [select]
    at_once = max(1, _BYTES_AT_ONCE * pages // int(found[0]["bytes"]))
    starts = range(0, pages, at_once)
    if len(starts) < 2:
        return [select]
    return [
        _within(select, start, start + at_once if start < starts[-1] else None) for start in starts
    ]


def _text(relation: Relation) -> str:
    return str(relation.tree.sql(dialect="postgres"))


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
        session: the first of the connections, whose snapshot the others share; it says how many there may be. Where the
            server does not give so many, or does not let them at the table, there are fewer.
        relation: the table that the queries read.
    """

    def __init__(
        self, target: Postgres, session: Session, queries: Sequence[str], relation: Relation
    ) -> None:
        self._queries = queries
        self._stopped = threading.Event()
        self._sessions = [session]
        snapshot = str(session.execute("SELECT pg_export_snapshot() AS name")[0]["name"])
        try:
            while len(self._sessions) < min(session.connections, len(queries)):
                self._sessions.append(Session(target, session.purpose, snapshot=snapshot))
                _prepare(self._sessions[-1], relation)
        except SourceError:
            self._forget_broken()
        except BaseException:
            self.close()
            raise
        self._idle: queue.SimpleQueue[Session] = queue.SimpleQueue()
        for one in self._sessions:
            self._idle.put(one)

    def _forget_broken(self) -> None:
        """Goes on without a connection that could be made, and not be used."""
        if len(self._sessions) > 1 and self._sessions[-1].broken:
            self._sessions.pop().close()

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
                self._stopped.set()
                for waiting in ahead:
                    waiting.cancel()
                while wait(ahead, POLL_SECONDS).not_done:  # one may be about to start its query
                    self.cancel()
                raise

    def _read(self, sql: str) -> list[pa.RecordBatch]:
        session = self._idle.get()
        try:
            if self._stopped.is_set():
                return []
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
        for session in self._sessions[1:]:
            session.close()


def _prepare(session: Session, relation: Relation) -> None:
    """Locks the table as reading it does, without waiting behind those who want it to themselves: they wait for the first connection."""
    session.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
    session.execute(f"SELECT 1 FROM {_text(relation)} LIMIT 0")
    session.execute("SET LOCAL lock_timeout TO DEFAULT")
    session.allow_workers(0)
