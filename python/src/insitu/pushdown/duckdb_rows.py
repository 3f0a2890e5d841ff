"""The rows of DuckDB's tables and queries, seen through column_info, transforms and row selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from sqlglot import exp

from ..data.column_info import Plan
from ..data.selected import SelectedSource
from ..data.source import Source
from ..data.typed import RxDataSource
from ..expressions import resolve
from .dialects import DUCKDB, Tree, column, double
from .errors import NotOffered
from .rows import Rows, SqlColumn, finite, sql_column, without_nan


def rows_of(source: Source, table: Tree) -> Rows:
    """The rows of a source whose own raw rows are those of `table`, through column_info, transforms and row selection.

    Raises: NotOffered if the source is of another kind.
    """
    if isinstance(source, SelectedSource):
        return _selected(source, rows_of(source.source, table))
    if not isinstance(source, RxDataSource):
        raise NotOffered(f"{source.data_name} is no table of a database")
    fields, _ = source._fields()
    types = dict(fields)
    return Rows(table, {p.column.name: _planned(p, types[p.raw]) for p in source.plans()})


def _planned(plan: Plan, raw: pa.DataType) -> SqlColumn | str:
    if plan.column.problem is not None:
        return plan.column.problem
    # Integers that column_info makes factors: their digits are their labels.
    digits = pa.types.is_integer(raw) and pa.types.is_string(plan.column.arrow_type)
    decimal = pa.types.is_decimal(raw) and pa.types.is_float64(plan.column.arrow_type)
    if not plan.plain and not digits and not decimal and not pa.types.is_null(raw):
        return f"column {plan.column.name!r} is converted as column_info says"
    return sql_column(column(plan.raw), raw)


def _selected(source: SelectedSource, base: Rows) -> Rows:
    made, where = source.expressions()
    known: dict[str, Tree] = {}
    for name, found in base.columns.items():
        if isinstance(found, SqlColumn):
            # NaN is missing to us; to a database it is a number above all others.
            nullable = found.may_be_special(DUCKDB)
            known[name] = without_nan(found.tree) if nullable else found.tree
    schema = source.schema()
    columns = dict(base.columns)
    for name, tree in made.items():
        columns[name] = _made(tree, known, schema[name].arrow_type)
    if where is None:
        return Rows(base.table, columns, base.where)
    chosen = _over(where, known)
    return Rows(base.table, columns, chosen if base.where is None else exp.and_(base.where, chosen))


def _made(tree: Tree, known: Mapping[str, Tree], arrow_type: pa.DataType) -> SqlColumn | str:
    try:
        value: Tree = exp.Paren(this=_over(tree, known))
    except NotOffered as reason:
        return str(reason)
    if pa.types.is_floating(arrow_type):
        return SqlColumn(finite(double(value)), "exact")
    return sql_column(value, arrow_type)


def _over(tree: Tree, known: Mapping[str, Tree]) -> Tree:
    """The tree over the database's own columns."""
    for name in _names(tree):
        if name not in known:
            raise NotOffered(f"an expression uses column {name!r}, which SQL cannot give here")
    return resolve(tree, {name: exp.Paren(this=value) for name, value in known.items()}, "SQL")


def _names(tree: Tree) -> Sequence[str]:
    return [node.name for node in tree.find_all(exp.Column)]
