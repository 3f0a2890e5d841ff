"""Types and values as PostgreSQL has them."""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from ..data.types import is_decimal, is_text
from .nodes import call, cast


class UntranslatableError(Exception):
    """An expression that the server would compute differently, or not at all; the text says which part and why."""


def server_type(arrow_type: pa.DataType) -> str | None:
    """PostgreSQL's type for values of an Arrow type; None if there is none.

    Example:
        >>> server_type(pa.int32()), server_type(pa.time64("us"))
        ('integer', None)
    """
    for test, name in (
        (pa.types.is_boolean, "boolean"),
        (lambda t: pa.types.is_int8(t) or pa.types.is_int16(t) or pa.types.is_uint8(t), "smallint"),
        (lambda t: pa.types.is_int32(t) or pa.types.is_uint16(t), "integer"),
        (lambda t: pa.types.is_int64(t) or pa.types.is_uint32(t), "bigint"),
        (pa.types.is_float32, "real"),
        (lambda t: pa.types.is_float64(t) or is_decimal(t) or pa.types.is_uint64(t), "double precision"),
        (is_text, "text"),
        (pa.types.is_date, "date"),
        (lambda t: pa.types.is_timestamp(t) and t.tz is None, "timestamp"),
    ):  # fmt: skip
        if test(arrow_type):
            return name
    return None


def column_value(node: exp.Expression, arrow_type: pa.DataType) -> exp.Expression:
    """A column as expressions see it: NaN is missing, and texts are compared by their bytes."""
    if pa.types.is_floating(arrow_type):
        return call("nullif", node, exp.Literal.string("NaN"))
    if is_text(arrow_type):
        return exp.Paren(
            this=exp.Collate(this=node, expression=exp.to_identifier("C", quoted=True))
        )
    return node


def finished(value: exp.Expression, arrow_type: pa.DataType) -> exp.Expression:
    """What a transform gives: of the type that DuckDB gives it, and missing where it is not finite."""
    name = server_type(arrow_type)
    if name is None:
        raise UntranslatableError(f"values of type {arrow_type} stay in DuckDB")
    made = cast(value, name)
    if not (pa.types.is_floating(arrow_type) or is_decimal(arrow_type)):
        return made
    for word in ("NaN", "Infinity", "-Infinity"):
        made = call("nullif", made, exp.Literal.string(word))
    return made


def is_number(kind: pa.DataType) -> bool:
    """True for whole numbers, floating point and decimals."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or is_decimal(kind))


def is_plain_time(kind: pa.DataType) -> bool:
    """True for times without a zone."""
    return bool(pa.types.is_timestamp(kind) and kind.tz is None)
