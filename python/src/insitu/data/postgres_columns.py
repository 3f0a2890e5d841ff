"""column_info in the server: how a column of a table is read as the column that models see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from sqlglot import exp

from ..postgres_sql.nodes import call, cast, number, paren, when
from .column_info import Plan
from .postgres_catalog import ServerColumn, column_node
from .types import is_decimal, is_text, label

_WHOLE = ("int2", "int4", "int8", "oid")


class ConversionError(Exception):
    """A conversion that only this process does; the text says of which column."""


def planned_value(
    column: ServerColumn, plan: Plan, info: Mapping[str, Any], *, native: bool
) -> tuple[exp.Expression, pa.DataType]:
    """The column under its entry of column_info, and the Arrow type in which it is streamed.

    Arguments:
        native: numbers and enums may keep types that insitu's own functions in the server read.
    Raises: ConversionError where the conversion is this process's.
    """
    if column.arrow_type is None:
        raise ConversionError(f"column {column.name!r} holds {column.type}")
    wanted = plan.column.arrow_type
    if plan.plain:
        value = column_node(column.name) if native else column.read()
        return value, column.arrow_type
    value = column.read()
    if "newLevels" in info:
        return _relabelled(column, value, plan, info), pa.string()
    if plan.column.logical and pa.types.is_integer(column.arrow_type):
        return paren(exp.NEQ(this=value, expression=number("0"))), pa.bool_()
    if plan.column.kind == "factor":
        return _labelled(column, value, plan), pa.string()
    if pa.types.is_floating(wanted):
        return _number(column, value, wanted)
    if pa.types.is_integer(wanted) and pa.types.is_integer(column.arrow_type):
        return value, column.arrow_type
    raise _here(column)


def _here(column: ServerColumn) -> ConversionError:
    return ConversionError(f"column {column.name!r} is converted by column_info in this process")


def _number(
    column: ServerColumn, value: exp.Expression, wanted: pa.DataType
) -> tuple[exp.Expression, pa.DataType]:
    kind = column.arrow_type
    assert kind is not None
    name = "real" if pa.types.is_float32(wanted) else "double precision"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or is_decimal(kind):
        return cast(value, name), wanted
    if pa.types.is_boolean(kind):
        return cast(cast(value, "integer"), name), wanted
    raise _here(column)


def _labelled(column: ServerColumn, value: exp.Expression, plan: Plan) -> exp.Expression:
    """The labels of a factor made of whole numbers, truth values or dates."""
    kind = column.arrow_type
    assert kind is not None
    if info_is_index(plan):
        raise _here(column)
    if pa.types.is_integer(kind):
        return cast(value, "text")
    if pa.types.is_boolean(kind):
        yes, no = exp.Literal.string("True"), exp.Literal.string("False")
        return exp.Case(ifs=[when(value, yes), when(exp.Not(this=value.copy()), no)])
    if pa.types.is_date(kind):
        return call("to_char", value, exp.Literal.string("YYYY-MM-DD"))
    raise _here(column)


def info_is_index(plan: Plan) -> bool:
    """True for codes that stand for levels by their place."""
    return plan.column.levels is not None and pa.types.is_dictionary(plan.column.arrow_type)


def _relabelled(
    column: ServerColumn, value: exp.Expression, plan: Plan, info: Mapping[str, Any]
) -> exp.Expression:
    old = info.get("levels") or column.levels
    if old is None or not is_text(column.arrow_type):
        raise _here(column)
    pairs = zip((label(v) for v in old), (label(v) for v in info["newLevels"]), strict=True)
    ifs = [
        when(exp.EQ(this=value.copy(), expression=exp.Literal.string(was)), exp.Literal.string(now))
        for was, now in pairs
    ]
    return exp.Case(ifs=ifs)
