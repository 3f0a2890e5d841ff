"""Rows as a database has them: what FROM names, and every column as a tree of SQL with what is known of its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
from sqlglot import exp

from ..data.types import is_text
from .dialects import Dialect, Tree, call, column, double, special, when
from .errors import NotOffered

Kind = Literal["float", "exact", "boolean", "date", "timestamp", "text"]


@dataclass(frozen=True)
class SqlColumn:
    """A column: its tree, and what its values are; `unit` of timestamps."""

    tree: Tree
    kind: Kind
    unit: str = "us"

    def number(self, dialect: Dialect) -> Tree:
        """The values as doubles."""
        tree = self.tree.copy()
        if self.kind == "date":
            return dialect.days(tree)
        if self.kind == "timestamp":
            return dialect.seconds(tree, self.unit)
        if self.kind == "boolean":
            return double(exp.Cast(this=tree, to=exp.DataType.build("int")))
        if self.kind == "text":
            raise NotOffered("text where a number is needed is left to the engine")
        return double(tree)

    def may_be_special(self, dialect: Dialect) -> bool:
        """True where a value may be NaN or an infinity."""
        return self.kind == "float" and dialect.specials


@dataclass(frozen=True)
class Rows:
    """The rows that a query reads. `columns` holds, for a column that SQL cannot give, the reason as text."""

    table: Tree
    columns: Mapping[str, SqlColumn | str]
    where: Tree | None = None

    def column(self, name: str) -> SqlColumn:
        """Raises: NotOffered for a column that SQL cannot give."""
        found = self.columns.get(name, f"there is no column {name!r}")
        if isinstance(found, str):
            raise NotOffered(found)
        return found


def rows_of_query(select: exp.Select, schema: pa.Schema) -> Rows:
    """The rows of a query whose columns have the names and (as Arrow has them) types of a schema."""
    table = select.subquery("rows")
    return Rows(table, {f.name: sql_column(column(f.name), f.type) for f in schema})


def sql_column(tree: Tree, arrow_type: pa.DataType) -> SqlColumn | str:
    """The column of a tree whose values have an Arrow type; the reason where SQL cannot give it."""
    if pa.types.is_dictionary(arrow_type):
        return sql_column(tree, arrow_type.value_type)
    if pa.types.is_floating(arrow_type):
        return SqlColumn(tree, "float")
    if pa.types.is_integer(arrow_type) or pa.types.is_decimal(arrow_type):
        return SqlColumn(tree, "exact")
    if pa.types.is_boolean(arrow_type):
        return SqlColumn(tree, "boolean")
    if pa.types.is_date(arrow_type):
        return SqlColumn(tree, "date")
    if pa.types.is_timestamp(arrow_type):
        return SqlColumn(tree, "timestamp", arrow_type.unit)
    if is_text(arrow_type):
        return SqlColumn(exp.Cast(this=tree, to=exp.DataType.build("text")), "text")
    if pa.types.is_null(arrow_type):
        return SqlColumn(exp.Null(), "exact")
    return f"values of type {arrow_type} are left to the engine"


def without_nan(tree: Tree) -> Tree:
    """The value, null for NaN."""
    return exp.Nullif(this=tree.copy(), expression=special("NaN"))


def finite(tree: Tree) -> Tree:
    """The value, null where it is not finite."""
    test = exp.LT(this=call("ABS", tree.copy()), expression=special("Infinity"))
    return when((test, tree))
