"""The ways in which a PostgreSQL server takes part: its extension builds the state, its own SQL does, or rows are streamed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
from sqlglot import exp

from .. import _core
from ..data.conninfo import is_near
from ..data.database import RxOdbcData
from ..data.postgres_catalog import column_node
from ..data.postgres_engine import Postgres
from ..data.postgres_plan import QueryPlan, expected_rows, read_plan
from ..data.postgres_session import Session, using
from ..errors import DataError, SpecError
from ..postgres_sql.nodes import call, cast
from ..pushdown import POSTGRES, NotOffered, Plan, rows_of_query
from .ways import Done

if TYPE_CHECKING:
    from ..data.inside import Inside
    from ..data.source import Source
    from ..progress import Progress

# An aggregate takes 99 arguments, of which the spec is one; more columns go as one row, of at most 1,600.
MOST_ARGUMENTS = 98
MOST_COLUMNS = 1600


class WayClosedError(Exception):
    """A way that cannot be gone for this computation; the text says why."""


class NotOfferedError(WayClosedError):
    """A pass that is not SQL's, such as one in double-double: it is streamed even where pushdown is asked for."""


class PostgresWays:
    """Chooses a way for every pass, and goes it.

    Arguments:
        how: one of `choices`; a way that is asked for by name and cannot be gone is a SpecError.
        workers: parallel workers that a query may have; None leaves it to the server.
    """

    choices: ClassVar[tuple[str, ...]] = ("auto", "extension", "pushdown", "streaming")

    def __init__(self, how: str, workers: int | None) -> None:
        self._how = how
        self._workers = workers

    def run(
        self, analysis: _core.Analysis, source: Source, progress: Progress | None
    ) -> tuple[Done | None, list[str]]:
        """The state, or None where rows are to be streamed; and why ways before the one gone were closed."""
        closed: list[str] = []
        ways: dict[str, Callable[..., Done]] = {
            "extension": self._by_extension,
            "pushdown": self._by_pushdown,
        }
        for name, way in ways.items():
            if self._how not in ("auto", name):
                continue
            try:
                with using(_target_of(source)) as session:
                    return way(session, analysis, source, progress), closed
            except WayClosedError as reason:
                if self._how == name and not isinstance(reason, NotOfferedError):
                    raise SpecError(f"how={name!r} is not possible here: {reason}.") from None
                closed.append(f"not by {name}: {reason}")
        self._prepare_streaming(source)
        return None, closed

    def _prepare_streaming(self, source: Source) -> None:
        with using(_target_of(source)) as session:
            session.query_workers = self._workers
            session.connections = self._workers or 1

    def map(
        self,
        function: _core.RowFunction,
        source: Source,
        sink: object,
        keep: Sequence[str],
        output_names: Sequence[str] | None,
        progress: Progress | None,
    ) -> tuple[Done | None, list[str]]:
        """What was written in the server, or None where rows are to be streamed, and why."""
        from .postgres_map import map_inside

        closed = []
        if self._how in ("auto", "extension"):
            try:
                return map_inside(
                    function, source, sink, keep, output_names, self._workers, progress
                ), []
            except WayClosedError as reason:
                # Asking for the extension is about states: rows that go elsewhere have to leave the server.
                closed.append(f"not by extension: {reason}")
        self._prepare_streaming(source)
        return None, closed

    # ---- the extension -----------------------------------------------------------------------------------------------

    def _by_extension(
        self, session: Session, analysis: _core.Analysis, source: Source, progress: Progress | None
    ) -> Done:
        require_extension(session)
        described = json.loads(analysis.describe())
        columns = described["columns"]
        if len(columns) > MOST_COLUMNS:
            raise WayClosedError(
                f"the analysis reads {len(columns):,} columns, and a row of the server holds {MOST_COLUMNS:,}"
            )
        select = queried(source, columns)
        spec = json.dumps({"analysis": described["name"], "spec": described["spec"]}).encode()
        rows = select.subquery("rows")
        sql = state_query(columns, rows, PARAMETER)
        session.purpose = f"run {described['name']}"
        session.allow_workers(self._workers)
        plan = read_plan(session, state_query(columns, rows, exp.Null()), sql)
        started = time.perf_counter()
        found = session.execute(sql, [spec], tick=ticking(progress), computing=True)
        stored = found[0]["state"]
        if stored is None:  # no rows
            state = analysis.empty()
        else:
            state = analysis.load(_core.stored_state_open(stored)[1])
        seconds = time.perf_counter() - started
        way = "the extension builds the state in the server"
        return Done(way, [sql], seconds, state, **told(plan))

    # ---- SQL's own aggregates ----------------------------------------------------------------------------------------

    def _by_pushdown(
        self, session: Session, analysis: _core.Analysis, source: Source, progress: Progress | None
    ) -> Done:
        columns = json.loads(analysis.describe())["columns"]
        inside = source.inside(columns)
        if inside.select is None:
            raise WayClosedError(inside.reason)
        executed: list[str] = []

        def execute(tree: exp.Query) -> pa.Table:
            sql = str(tree.sql(dialect="postgres"))
            executed.append(sql)
            try:
                return session.table(sql, tick=ticking(progress), computing=True)
            except DataError as error:
                # Perhaps of a row that the engine would not look at: it decides.
                raise NotOffered(f"the server stopped: {error}") from None

        try:
            rows = rows_of_query(inside.select, inside.schema)
            expected = expected_rows(session, sql := _text(inside), sql)
            plan = Plan(analysis, rows, POSTGRES, expected, _is_stored(session, inside))
            session.purpose = f"run {json.loads(analysis.describe())['name']}"
            session.allow_workers(self._workers)
            if self._how == "auto":
                _require_cheaper(session, source, plan, expected, len(columns))
            started = time.perf_counter()
            with session.attempt():
                state = plan.run(execute)
        except NotOffered as reason:
            raise NotOfferedError(str(reason)) from None
        seconds = time.perf_counter() - started
        facts = told(read_plan(session, executed[-1], executed[-1]))
        facts["notes"] += plan.notes
        way = "SQL's own aggregates build the state in the server"
        return Done(way, executed, seconds, state, rows=plan.rows_read, **facts)


# Seconds that a value takes to here by binary COPY and Arrow, and what a network of 1 Gbit/s adds.
_STREAMED_SECONDS = 67e-9
_NETWORK_SECONDS = 64e-9


def _require_cheaper(session: Session, source: Source, plan: Plan, rows: int, columns: int) -> None:
    """WayClosedError where streaming the rows is expected to take less time than adding them up in SQL."""
    sums = str(plan.statements()[-1].sql(dialect="postgres"))
    there = plan.seconds(rows) / (1 + read_plan(session, sums, sums).workers)
    near = is_near(_target_of(source).parts)
    here = rows * columns * (_STREAMED_SECONDS + (0.0 if near else _NETWORK_SECONDS))
    if here < there:
        raise WayClosedError(
            f"streaming about {rows:,} rows is expected to take {here:.2g} s, and SQL's own aggregates {there:.2g} s"
        )


def _text(inside: Inside) -> str:
    assert inside.select is not None
    return str(inside.select.sql(dialect="postgres"))


def _is_stored(session: Session, inside: Inside) -> bool:
    """True if the rows are one table's, so that some of its pages can be read."""
    assert inside.select is not None
    tables = list(inside.select.find_all(exp.Table))
    if len(tables) != 1 or inside.select.find(exp.Var) is not None:
        return False
    found = session.execute(
        "SELECT c.relkind IN ('r', 'm', 'p') AS stored FROM pg_class c"
        " WHERE c.oid = to_regclass(format('%I.%I', $1::text, $2::text))",
        [tables[0].db, tables[0].name],
    )
    return bool(found and found[0]["stored"])


def told(plan: QueryPlan) -> dict[str, Any]:
    """What a plan says of a pass: bytes, processes, and why it is serial if it is."""
    because = plan.serial_because
    note = f"was serial: {because}" if because else f"was parallel: {plan.workers} workers planned"
    return {"bytes": plan.scanned_bytes, "threads": plan.workers + 1, "notes": [note]}


def _target_of(source: Source) -> Postgres:
    """The database of the source, through the connection string that it was given."""
    base = source.base
    if isinstance(base, RxOdbcData) and isinstance(base.target, Postgres):
        return base.target
    raise WayClosedError(f"{source.data_name} is not in a PostgreSQL database")


PARAMETER = exp.Parameter(this=exp.Literal.number(1))


def state_query(columns: Sequence[str], rows: exp.Expression, spec: exp.Expression) -> str:
    """SELECT of the state of a spec over rows."""
    items = [column_node(name) for name in columns]
    if len(items) > MOST_ARGUMENTS:
        items = [call("row", *items)]
    state = call("state", cast(spec.copy(), "bytea"), *items)
    value = cast(exp.Dot(this=exp.to_identifier("insitu"), expression=state), "bytea")
    select = exp.select(exp.alias_(value, "state", quoted=True)).from_(rows.copy())
    return str(select.sql(dialect="postgres"))


def require_extension(session: Session) -> None:
    """WayClosedError unless the database holds the extension of this version."""
    found = session.remembered("extension", _find_extension)
    if found is None:
        raise WayClosedError(
            "the extension insitu is not in the database (CREATE EXTENSION insitu)"
        )
    if found != _core.version():
        raise WayClosedError(
            f"the extension insitu in the server is of version {found}, and this library of {_core.version()}:"
            " install the same (ALTER EXTENSION insitu UPDATE)"
        )


def _find_extension(session: Session) -> str | None:
    """The version of the extension's library; None without one that this user may call."""
    there = session.execute(
        "SELECT has_schema_privilege(oid, 'USAGE') AS usable FROM pg_namespace WHERE nspname = 'insitu'"
        " AND EXISTS (SELECT FROM pg_extension WHERE extname = 'insitu')"
    )
    if not there or not there[0]["usable"]:
        return None
    return str(session.execute("SELECT insitu.version() AS version")[0]["version"])


def queried(source: Source, columns: Sequence[str]) -> exp.Select:
    """The columns as a query; WayClosedError where they are made in this process."""
    inside = source.inside(columns, native=True)
    if inside.select is None:
        raise WayClosedError(inside.reason)
    return inside.select


def ticking(progress: Progress | None) -> Callable[[], None] | None:
    """What a wait for the server calls: it may raise, which cancels the query."""
    return None if progress is None else lambda: progress(0, 0)
