"""PostgreSQL as an engine that connection strings lead to: tables and queries, streamed by binary COPY."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from ..errors import DataError, SourceError
from ..postgres_sql import UntranslatableError
from .connections import Database, Fields, PlannedColumn, Rows
from .conninfo import parts_of, place_of
from .inside import Computed, Inside
from .postgres_catalog import (
    Relation,
    find_table,
    query_relation,
    size_of,
    table_relation,
)
from .postgres_columns import ConversionError
from .postgres_inside import inside_query, refusal
from .postgres_pages import SideBySide, ranges_of
from .postgres_plan import expected_rows, read_plan, with_ancestors
from .postgres_session import Session, as_schema, reading, session_of, stream_of, using
from .source import Stream

if TYPE_CHECKING:
    from .sinks import Sink

# A table whose files take at most this is counted where somebody asks for its rows: some tens of milliseconds.
_COUNTED_BYTES = 8 << 20
# The driver counts days and microseconds from 1970 where the server counts from 2000: infinities, and moments past the year
# 292,277, come out as numbers below these, which nothing else reaches (the server's calendar begins in 4713 BC).
_FIRST_DAY, _FIRST_MICROSECOND = -3_000_000, -(10**18)


@dataclass(frozen=True)
class Postgres(Database):
    """A database of a PostgreSQL server."""

    text: str

    engine = "PostgreSQL"
    dialect = "postgres"

    @cached_property
    def parts(self) -> dict[str, str]:
        """The settings of the connection string."""
        return parts_of(self.text)

    @property
    def key(self) -> object:
        return ("postgres", *place_of(self.parts))

    def __str__(self) -> str:
        host, port, name = place_of(self.parts)
        return f"database {name!r} at {host}:{port}"

    def __repr__(self) -> str:
        return f"<{self}>"

    def rows(self, table: str | None, sql_query: str | None, dialect: str) -> Rows:
        return PostgresRows(self, table, sql_query, dialect)

    def sink(self, target: Any, *, overwrite: bool, append: bool) -> Sink:
        from .postgres_sink import PostgresSink

        return PostgresSink(target, self, overwrite=overwrite, append=append)

    def reading(self, purpose: str) -> AbstractContextManager[None]:
        return reading(self, purpose)


def database(connection: object) -> Postgres:
    """The database that a URL or a text of keywords leads to."""
    return Postgres(str(connection))


class PostgresRows(Rows):
    """A table or query of a PostgreSQL database."""

    def __init__(
        self, database: Postgres, table: str | None, sql_query: str | None, dialect: str
    ) -> None:
        self.database = database
        self._table = table
        self._query = sql_query
        self._dialect = dialect
        self._found: Relation | None = None

    @property
    def shown(self) -> str:
        """The rows as errors call them."""
        return self._query or f"table {self._table}"

    def relation(self, session: Session) -> Relation:
        """What stands after FROM, and its columns; asked for once."""
        if self._found is None:
            if self._query is not None:
                self._found = query_relation(session, self._query, self._dialect)
            else:
                self._found = table_relation(session, self._table or "")
        return self._found

    def _relation(self) -> Relation:
        if self._found is None:
            with using(self.database) as session:
                return self.relation(session)
        return self._found

    def sql(self) -> str:
        return str(exp.select("*").from_(self._relation().tree).sql(dialect="postgres"))

    def fields(self) -> Fields:
        columns = self._relation().columns.values()
        return Fields(
            [(c.name, c.arrow_type or pa.binary()) for c in columns],
            {c.name: c.levels for c in columns if c.levels is not None},
            {c.name: c.type for c in columns if c.arrow_type is None},
        )

    def scan(self, names: Sequence[str]) -> Stream:
        session, release = session_of(self.database)
        try:
            relation = self.relation(session)
            columns = [relation.columns[name] for name in names]
            items = [exp.alias_(c.read(), c.name, quoted=True) for c in columns]
            select = exp.select(*items).from_(relation.tree)
            schema = pa.schema([(c.name, c.arrow_type) for c in columns])
            return self._streamed(session, release, select, schema)
        except BaseException:
            release()
            raise

    def inside(
        self,
        columns: Sequence[str],
        planned: Sequence[PlannedColumn],
        computed: Computed | None,
        native: bool,
    ) -> Inside:
        with using(self.database) as session:
            try:
                relation = self.relation(session)
                select, schema = inside_query(relation, columns, planned, computed, native)
            except (ConversionError, UntranslatableError) as error:
                return Inside(rows=self, reason=str(error))
            if computed is not None:
                refused = refusal(session, select)
                if refused:
                    return Inside(rows=self, reason=f"the server does not compute it: {refused}")
            return Inside(select, schema, self)

    def stream(self, inside: Inside) -> Stream:
        if inside.select is None:
            raise SourceError(f"The rows of {self.shown!r} have no query: {inside.reason}.")
        session, release = session_of(self.database)
        try:
            return self._streamed(session, release, inside.select, inside.schema)
        except BaseException:
            release()
            raise

    def _streamed(
        self, session: Session, release: Callable[[], None], select: exp.Select, schema: pa.Schema
    ) -> Stream:
        relation = self.relation(session)
        table = relation.table
        # Workers hand over rows as they come: a table is read in its own order, a query as the server likes.
        session.allow_workers(0 if table is not None else session.query_workers)
        if table is not None and session.connections > 1:
            ranges = ranges_of(session, relation, select)
            if len(ranges) > 1:
                return self._side_by_side(session, release, ranges, schema)
        return session.stream(
            str(select.sql(dialect="postgres")),
            schema,
            shown=self.shown,
            close=release,
            computing=table is not None,
            change=_checked(schema),
        )

    def _side_by_side(
        self,
        session: Session,
        release: Callable[[], None],
        ranges: Sequence[exp.Select],
        schema: pa.Schema,
    ) -> Stream:
        queries = [str(select.sql(dialect="postgres")) for select in ranges]
        reading = SideBySide(self.database, session, queries, self.relation(session))

        def close() -> None:
            reading.close()
            release()

        return stream_of(
            reading.batches,
            schema,
            _checked(schema),
            cancel=reading.cancel,
            close=close,
            sql=f"{queries[0]} -- and the next pages, over {reading.connections} connections",
        )

    def row_count(self) -> int | None:
        with using(self.database) as session:
            relation = self.relation(session)
            size = size_of(session, relation)
            if size is None or size > _COUNTED_BYTES:
                return None
            count = exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(relation.tree)
            rows = session.execute(str(count.sql(dialect="postgres")), shown=self.shown)
            return int(rows[0]["n"])

    def expected_rows(self) -> int | None:
        """What the server's planner expects, from its statistics."""
        with using(self.database) as session:
            self.relation(session)
            return expected_rows(session, self.sql(), self.shown)

    def reads(self, table: str) -> bool:
        with using(self.database) as session:
            target = find_table(session, table)
            if target is None:
                return False
            relation = self.relation(session)
            if target == relation.table:
                return True
            plan = read_plan(session, self.sql(), self.shown)
            return target in with_ancestors(session, plan.tables)

    def read_error(self, message: str) -> SourceError:
        return SourceError(f"Reading {self.shown!r} failed: {message.rstrip('.')}.")


def _checked(schema: pa.Schema) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Gives batches the schema, and refuses dates and times that are infinite."""
    limits = [
        _FIRST_DAY
        if pa.types.is_date(f.type)
        else _FIRST_MICROSECOND
        if pa.types.is_timestamp(f.type)
        else None
        for f in schema
    ]
    seen = 0

    def check(batch: pa.RecordBatch) -> pa.RecordBatch:
        nonlocal seen
        for array, field, limit in zip(batch.columns, schema, limits, strict=True):
            if limit is None:
                continue
            whole = array.cast(pa.int32() if limit == _FIRST_DAY else pa.int64())
            low = pc.min(whole).as_py()
            if low is not None and low < limit:
                row = pc.index(pc.less(whole, limit), True).as_py() + seen + 1
                raise DataError(
                    f"Column {field.name!r} holds an infinite date or time in row {row:,}, which is no number:"
                    " leave such rows out (isfinite), or make them NULL."
                )
        seen += batch.num_rows
        return as_schema(batch, schema)

    return check
