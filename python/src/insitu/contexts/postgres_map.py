"""Predictions from table to table inside a PostgreSQL server: no row leaves it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from .. import _core
from ..data.postgres_catalog import column_node, table_node
from ..data.postgres_plan import QueryPlan, read_plan
from ..data.postgres_session import Session
from ..data.postgres_sink import PostgresSink
from ..postgres_sql.nodes import call, cast, number, paren
from ..waiting import run_aside
from .postgres_ways import (
    MOST_ARGUMENTS,
    PARAMETER,
    WayClosedError,
    queried,
    require_extension,
    ticking,
    told,
)
from .ways import Done

if TYPE_CHECKING:
    from ..data.source import Source
    from ..progress import Progress

_OUTPUTS = "insitu outputs"


@dataclass(frozen=True)
class _Work:
    """A row function over a query: what is kept of a row, and what the outputs are called."""

    function: str
    spec: bytes
    columns: Sequence[str]
    keep: Sequence[str]
    names: Sequence[str]
    rows: exp.Select

    def outputs(self, spec: exp.Expression) -> exp.Expression:
        """The array of outputs of a row."""
        items: list[exp.Expression] = [column_node(name) for name in self.columns]
        if len(items) > MOST_ARGUMENTS:
            items = [call("row", *items)]
        made = call("apply", cast(spec.copy(), "bytea"), *items)
        return exp.Dot(this=exp.to_identifier("insitu"), expression=made)

    def select(self, spec: exp.Expression) -> exp.Select:
        """What the new table holds."""
        kept: list[exp.Expression] = [column_node(name) for name in self.keep]
        rows = self.rows.copy().subquery("rows")
        if len(self.names) == 1:
            only = exp.alias_(_element(self.outputs(spec), 0), self.names[0], quoted=True)
            return exp.select(*kept, only).from_(rows)
        # OFFSET 0 keeps the planner from computing the row function anew for every output.
        array = exp.alias_(self.outputs(spec), _OUTPUTS, quoted=True)
        scored = exp.select(*kept, array).from_(rows).offset(0).subquery("scored")
        items = [
            exp.alias_(_element(column_node(_OUTPUTS), i), name, quoted=True)
            for i, name in enumerate(self.names)
        ]
        return exp.select(*(item.copy() for item in kept), *items).from_(scored)

    def missing(self, streamed: exp.Select) -> str:
        """The rows without a first output, with the columns that the function reads, as they are streamed."""
        spec = exp.Literal.string("\\x" + self.spec.hex())
        test = exp.Is(this=_element(self.outputs(spec), 0), expression=exp.Null())
        items = [column_node(name) for name in self.columns]
        select = exp.select(*items).from_(streamed.copy().subquery("rows")).where(test)
        return str(select.sql(dialect="postgres"))


def _element(array: exp.Expression, index: int) -> exp.Expression:
    return exp.Bracket(this=paren(array), expressions=[number(str(index))])


def map_inside(
    function: _core.RowFunction,
    source: Source,
    sink: object,
    keep: Sequence[str],
    output_names: Sequence[str] | None,
    workers: int | None,
    progress: Progress | None,
) -> Done:
    """Writes the table of a sink by CREATE TABLE AS, which the server's workers share.

    Raises: WayClosedError where rows must come here: another kind of target, rows to be added, columns made in this process.
    """
    if not isinstance(sink, PostgresSink):
        raise WayClosedError("the rows are not written to a table of the database")
    described = json.loads(function.describe())
    columns = [c["name"] if isinstance(c, dict) else str(c) for c in described["columns"]]
    outputs = [o["name"] if isinstance(o, dict) else str(o) for o in described["outputs"]]
    if _OUTPUTS in (*columns, *keep):
        raise WayClosedError(f"a column is called {_OUTPUTS!r}")
    spec = {"row_function": described["name"], "spec": described["spec"]}
    work = _Work(
        described["name"],
        json.dumps(spec).encode(),
        columns,
        list(keep),
        list(output_names or outputs),
        queried(source, list(dict.fromkeys([*columns, *keep]))),
    )
    with sink.opened() as session:
        if sink.appends:
            raise WayClosedError("rows are added to a table that exists")
        require_extension(session)
        session.purpose = f"map {work.function}"
        session.allow_workers(workers)
        started = time.perf_counter()
        plan, sql, made = _create(session, sink, work, progress)
        notes = _noticed(session, function, source, made, work)
        session.commit()
        way, seconds = "the extension scores the rows in the server", time.perf_counter() - started
        return Done(way, [sql], seconds, written=(sink.target, notes), **told(plan))


def _create(
    session: Session, sink: PostgresSink, work: _Work, progress: Progress | None
) -> tuple[QueryPlan, str, exp.Table]:
    """Makes the table and gives it its name."""
    schema, new = sink.beside(session)
    table = table_node(schema, new).sql(dialect="postgres")
    select = work.select(PARAMETER).sql(dialect="postgres")
    plan = read_plan(session, work.select(exp.Null()).sql(dialect="postgres"), select)
    sql = f"CREATE TABLE {table} AS {select}"
    with sink.writing():
        session.execute(sql, [work.spec], shown=select, tick=ticking(progress), computing=True)
        made = sink.take_place(session, schema, new)
    return plan, select, made


def _noticed(
    session: Session, function: _core.RowFunction, source: Source, made: exp.Table, work: _Work
) -> dict[str, Any]:
    """What the row function notices, asked of the rows that got no output, if there are any."""
    test = exp.Is(this=column_node(work.names[0]), expression=exp.Null())
    some = exp.Exists(this=exp.select(number("1")).from_(made.copy()).where(test))
    query = exp.select(exp.alias_(some, "missing")).sql(dialect="postgres")
    streamed = source.inside(work.columns)
    if streamed.select is None or not session.execute(query)[0]["missing"]:
        return {}
    sql = work.missing(streamed.select)
    stream = session.stream(
        sql, streamed.schema, shown="the rows without a prediction", close=lambda: None
    )
    try:
        mapped = _core.map_stream(function, stream, "{}")
        reader = pa.RecordBatchReader.from_stream(mapped)

        def drain() -> None:
            for _ in reader:
                pass

        run_aside(drain, stream.cancel)
        noticed: dict[str, Any] = json.loads(mapped.notes())
        return noticed
    finally:
        stream.close()
