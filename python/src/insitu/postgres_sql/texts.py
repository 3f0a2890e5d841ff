"""Rules for texts: compared by their bytes, and nothing that needs a locale."""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from ..data.types import is_text
from .nodes import call, cast, number
from .translator import Rule, Translator
from .types import UntranslatableError

# What DuckDB trims: the Unicode spaces.
_SPACES = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"


def texts_of(t: Translator, node: exp.Expression, *parts: exp.Expression) -> list[exp.Expression]:
    for part in parts:
        t.need(node, part, is_text)
    return [t.of(part) for part in parts]


def like(t: Translator, node: exp.Expression) -> exp.Expression:
    """A backslash is a character like any other."""
    text, pattern = texts_of(t, node, node.this, node.expression)
    return exp.Escape(this=exp.Like(this=text, expression=pattern), expression=exp.Literal.string(""))  # fmt: skip


def joined(t: Translator, node: exp.Expression) -> exp.Expression:
    left, right = texts_of(t, node, node.this, node.expression)
    return exp.DPipe(this=left, expression=right, safe=False)


def concat(t: Translator, node: exp.Expression) -> exp.Expression:
    return call("concat", *texts_of(t, node, *node.expressions))


def contains(t: Translator, node: exp.Expression) -> exp.Expression:
    found = call("strpos", *texts_of(t, node, node.this, node.expression))
    return exp.Paren(this=exp.GT(this=found, expression=number("0")))


def begins(t: Translator, node: exp.Expression) -> exp.Expression:
    return call("starts_with", *texts_of(t, node, node.this, node.expression))


def ends(t: Translator, node: exp.Expression) -> exp.Expression:
    return ending(t, *texts_of(t, node, node.this, node.expression))


def ending(t: Translator, text: exp.Expression, end: exp.Expression) -> exp.Expression:
    last = call("right", text, call("char_length", end))
    return exp.Paren(this=exp.EQ(this=last, expression=end.copy()))


def side(t: Translator, node: exp.Expression) -> exp.Expression:
    """left, right."""
    (text,) = texts_of(t, node, node.this)
    t.need(node, node.expression, pa.types.is_integer)
    return call(type(node).__name__.lower(), text, cast(t.of(node.expression), "integer"))


def length(t: Translator, node: exp.Expression) -> exp.Expression:
    return cast(call("char_length", *texts_of(t, node, node.this)), "bigint")


def replace(t: Translator, node: exp.Expression) -> exp.Expression:
    parts = texts_of(t, node, node.this, node.expression, node.args["replacement"])
    return call("replace", *parts)


def substring(t: Translator, node: exp.Expression) -> exp.Expression:
    (text,) = texts_of(t, node, node.this)
    bounds = [node.args.get("start"), node.args.get("length")]
    if not all(b is None or (isinstance(b, exp.Literal) and b.name.isdigit()) for b in bounds):
        raise UntranslatableError("substring between such bounds is computed in DuckDB")
    return call("substr", text, *(b.copy() for b in bounds if b is not None))


def trim(t: Translator, node: exp.Expression) -> exp.Expression:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position")).upper(), "btrim")  # fmt: skip
    given = node.args.get("expression")
    characters = exp.Literal.string(_SPACES) if given is None else texts_of(t, node, given)[0]
    return call(name, *texts_of(t, node, node.this), characters)


RULES: dict[str, Rule] = {
    "Like": like,
    "DPipe": joined,
    "Concat": concat,
    "Contains": contains,
    "StartsWith": begins,
    "EndsWith": ends,
    **dict.fromkeys(("Left", "Right"), side),
    "Length": length,
    "Replace": replace,
    "Substring": substring,
    "Trim": trim,
}
