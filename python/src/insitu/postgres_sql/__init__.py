"""Expressions of `row_selection` and `transforms` as PostgreSQL's SQL, with DuckDB's meaning.

What means something else in the two, or would need the server's locale, is refused: such expressions are computed in DuckDB,
over the rows that are streamed. NaN is missing in columns, division by zero is infinite, roots and logarithms are guarded before
they come here; texts compare by their bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
from sqlglot import exp

from ..data.types import is_decimal, is_text
from . import numbers, texts, times
from .nodes import call, cast, when
from .translator import Rule, Translator, Types, name_of
from .types import (
    UntranslatableError,
    column_value,
    finished,
    is_number,
    is_plain_time,
    server_type,
)

__all__ = [
    "Types",
    "UntranslatableError",
    "column_value",
    "finished",
    "server_type",
    "translated",
]

_ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?")


def translated(
    tree: exp.Expression, columns: Mapping[str, exp.Expression], types: Types
) -> exp.Expression:
    """The tree in PostgreSQL's SQL.

    Arguments:
        columns: what stands for each column. types: DuckDB's type of a part of the tree.
    Raises: UntranslatableError.
    """
    return Translator(columns, types, _RULES).of(tree)


def if_(t: Translator, node: exp.Expression) -> exp.Expression:
    t.refuse_mixed_singles(node)
    if isinstance(node.parent, exp.Case) and node.arg_key == "ifs":
        return t.same(node)
    return exp.Case(ifs=[when(t.of(node.this), t.of(node.args["true"]))],
                    default=t.of(node.args["false"]) if node.args.get("false") else None)  # fmt: skip


def called(t: Translator, node: exp.Expression) -> exp.Expression:
    """Functions that sqlglot knows by name only."""
    name, values = node.name.lower(), node.expressions
    if name in ("prefix", "starts_with"):
        return call("starts_with", *texts.texts_of(t, node, *values))
    if name in ("suffix", "ends_with"):
        return texts.ending(t, *texts.texts_of(t, node, *values))
    if name == "strlen":
        (text,) = texts.texts_of(t, node, *values)
        return cast(call("octet_length", call("convert_to", text, exp.Literal.string("UTF8"))), "bigint")  # fmt: skip
    if name == "isfinite":
        return exp.Not(this=numbers.among(t, node, values[0], ("NaN", "Infinity", "-Infinity")))
    if name == "date_part" and isinstance(values[0], exp.Literal):
        return times.part(t, values[0].name.lower(), values[1])
    if name in times.PARTS:
        return times.part(t, name, values[0])
    raise UntranslatableError(f"{name} is computed in DuckDB")


def converted(t: Translator, node: exp.Expression) -> exp.Expression:
    kind, value = t.type_of(node), node.this
    name = None if kind is None or is_decimal(kind) else server_type(kind)
    of, is_ = t.type_of(value), t.is_
    if name is None or of is None or isinstance(node, exp.TryCast):
        raise UntranslatableError(f"{name_of(node)} is computed in DuckDB")
    to_number = is_number(kind)
    if (is_number(of) and to_number) or (is_(value, pa.types.is_date, is_plain_time) and name in ("date", "timestamp")):  # fmt: skip
        return cast(t.of(value), name)
    if pa.types.is_integer(of) and name == "text":
        return column_value(cast(t.of(value), name), pa.string())
    if is_text(of) and name in ("text", "double precision"):
        return cast(t.of(value), name)
    if pa.types.is_boolean(of) and to_number:
        return cast(cast(t.of(value), "integer"), name)
    if isinstance(value, exp.Literal) and _ISO.fullmatch(value.name) and name in ("date", "timestamp"):  # fmt: skip
        return cast(t.of(value), name)
    raise UntranslatableError(f"a cast of {of} to {kind} is computed in DuckDB")


_RULES: dict[str, Rule] = {
    **numbers.RULES,
    **texts.RULES,
    **times.RULES,
    "If": if_,
    "Anonymous": called,
    **dict.fromkeys(("Cast", "TryCast"), converted),
}
