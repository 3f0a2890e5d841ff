"""A table or query as one SELECT of the server, with column_info, transforms and row selection in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from sqlglot import exp

from ..errors import SourceError
from ..postgres_sql import UntranslatableError, column_value, finished, translated
from .connections import PlannedColumn
from .inside import Computed
from .postgres_catalog import Relation
from .postgres_columns import planned_value
from .postgres_session import Session
from .types import is_decimal


def inside_query(
    relation: Relation,
    columns: Sequence[str],
    planned: Sequence[PlannedColumn],
    computed: Computed | None,
    native: bool,
) -> tuple[exp.Select, pa.Schema]:
    """SELECT of columns by the names that models know, with what is computed of them.

    Raises: ConversionError or UntranslatableError for what this process has to do.
    """
    values = {}
    for item in planned:
        column = relation.columns[item.plan.raw]
        value = planned_value(column, item.plan, item.info, native=native)
        values[item.plan.column.name] = value
    made: dict[str, exp.Expression] = {}
    where = None
    if computed is not None:
        made, where = _computed(values, computed, relation, planned)
    items, fields = [], []
    for name in columns:
        value, kind = (
            (made[name], computed.types[name]) if computed and name in made else values[name]
        )
        items.append(exp.alias_(value.copy(), name, quoted=True))
        fields.append((name, pa.float64() if is_decimal(kind) else kind))
    select = exp.select(*items).from_(relation.tree.copy())
    if where is not None:
        select = select.where(where)
    return select, pa.schema(fields)


def _computed(
    values: Mapping[str, tuple[exp.Expression, pa.DataType]],
    computed: Computed,
    relation: Relation,
    planned: Sequence[PlannedColumn],
) -> tuple[dict[str, exp.Expression], exp.Expression | None]:
    """The new columns and the selection, in the server's SQL."""
    known = {}
    for item in planned:
        column, name = relation.columns[item.plan.raw], item.plan.column.name
        value, kind = planned_value(column, item.plan, item.info, native=False)
        if pa.types.is_timestamp(kind) and kind.tz is not None and _uses(computed, name):
            raise UntranslatableError(
                f"column {name!r} has a time zone, with which DuckDB computes"
            )
        known[name] = column_value(value, kind)
    made = {
        name: finished(translated(tree, known, computed.type_of), computed.types[name])
        for name, tree in computed.columns.items()
    }
    if computed.where is None:
        return made, None
    return made, translated(computed.where, known, computed.type_of)


def _uses(computed: Computed, name: str) -> bool:
    trees = [*computed.columns.values(), *([] if computed.where is None else [computed.where])]
    return any(node.name == name for tree in trees for node in tree.find_all(exp.Column))


def refusal(session: Session, select: exp.Select) -> str:
    """What the server says against a query; "" if nothing."""
    try:
        with session.attempt():
            session.names_of(str(select.sql(dialect="postgres")))
    except SourceError as error:
        return str(error).split("; the query is")[0].removeprefix("The query failed: ")
    return ""
