"""What dialects of SQL call the same things. Trees are built, never pasted; every number in them is a double."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlglot import exp

Tree: TypeAlias = exp.Expression

_FUNCTIONS = {
    "abs": "ABS",
    "ceil": "CEIL",
    "cos": "COS",
    "exp": "EXP",
    "floor": "FLOOR",
    "ln": "LN",
    "log10": "LOG10",
    "log2": "LOG2",
    "sin": "SIN",
    "sqrt": "SQRT",
    "tan": "TAN",
    "^": "POWER",
}


def column(name: str) -> exp.Column:
    """A column, quoted."""
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def call(name: str, *args: Tree) -> exp.Anonymous:
    """A function by the very name that a dialect has for it."""
    return exp.Anonymous(this=name, expressions=list(args))


def double(tree: Tree) -> exp.Cast:
    """The value as a double."""
    return exp.Cast(this=tree, to=exp.DataType.build("double"))


def number(value: float) -> Tree:
    """A number, exactly: written with an exponent it is a double from the start.

    Example:
        >>> number(-0.1).sql("duckdb"), number(2).sql("tsql")
        ('CAST(-0.1e0 AS DOUBLE)', 'CAST(2e0 AS FLOAT)')
    """
    digits, _, exponent = repr(abs(float(value))).partition("e")
    text = f"{digits.removesuffix('.0')}e{int(exponent or 0)}"
    literal: Tree = exp.Literal.number(text)
    return double(exp.Neg(this=literal) if value < 0 else literal)


def whole(value: int) -> exp.Literal:
    """A count in the text of a query: the number of a block, a status."""
    return exp.Literal.number(str(value))


def special(name: str) -> exp.Cast:
    """NaN, Infinity or -Infinity."""
    return double(exp.Literal.string(name))


def when(*cases: tuple[Tree, Tree], otherwise: Tree | None = None) -> exp.Case:
    """CASE WHEN … THEN … ELSE … END."""
    return exp.Case(ifs=[exp.If(this=test, true=value) for test, value in cases], default=otherwise)


def is_null(tree: Tree) -> exp.Is:
    """True where a value is missing."""
    return exp.Is(this=tree, expression=exp.Null())


def is_set(tree: Tree) -> exp.Not:
    """True where a value is there."""
    return exp.Not(this=is_null(tree))


@dataclass(frozen=True)
class Dialect:
    """One dialect.

    Attributes:
        name: sqlglot's. specials: floats hold NaN and infinities, NaN above all. overflow: a result beyond doubles is an
            infinity; otherwise the query stops. functions: names of the functions of formulas it has.
        sum_name: of sums of doubles; compensated: they carry along what they round. text_collation: by which text
            is compared by its bytes; text_end: put behind it, where spaces at the end do not count otherwise.
        count_name: of counts beyond 32 bits.
        fenced: a subquery's columns would be computed anew wherever they are used; OFFSET 0 has them computed once.
        parts: sums are taken in parts, over rows on this or that side of the origins of so many values at most, so that
            fewer roundings follow one another.
        product_seconds, group_seconds, scan_seconds: about what one product of one row costs, grouping a row, reading it.
    """

    name: str
    specials: bool = True
    overflow: bool = False
    functions: Mapping[str, str] = field(default_factory=lambda: _FUNCTIONS)
    sum_name: str = "SUM"
    compensated: bool = False
    text_collation: str = "C"
    text_end: str = ""
    count_name: str = "COUNT"
    fenced: bool = False
    parts: int = 0
    product_seconds: float = 14e-9
    group_seconds: float = 400e-9
    scan_seconds: float = 150e-9

    def sum(self, tree: Tree) -> Tree:
        """The sum over rows."""
        return call(self.sum_name, tree)

    def count(self, tree: Tree | None = None) -> Tree:
        """The number of rows, or of those with a value."""
        return call(self.count_name, exp.Star() if tree is None else tree)

    def text(self, tree: Tree) -> Tree:
        """Text that compares and groups by its bytes."""
        return exp.Collate(
            this=tree, expression=exp.to_identifier(self.text_collation, quoted=True)
        )

    def label(self, text: str) -> Tree:
        """A text to compare with such."""
        return exp.Literal.string(text)

    def truth(self, comparison: Tree) -> Tree:
        """1 or 0, or null where either side is missing."""
        as_int = exp.Cast(this=exp.Paren(this=comparison), to=exp.DataType.build("int"))
        return double(as_int)

    def above(self, tree: Tree) -> Tree:
        """Something that rows can be grouped by: whether a number is above zero."""
        return exp.GT(this=tree, expression=number(0))

    def days(self, tree: Tree) -> Tree:
        """A date as days since 1970-01-01."""
        return double(call("DATE_DIFF", exp.Literal.string("day"), _first_day(), tree))

    def seconds(self, tree: Tree, unit: str) -> Tree:
        """A timestamp of this unit as seconds since 1970-01-01 UTC."""
        name, units = ("EPOCH_NS", 1e9) if unit == "ns" else ("EPOCH_US", 1e6)
        return exp.Div(this=double(call(name, tree)), expression=number(units))


def _first_day() -> exp.Cast:
    return exp.Cast(this=exp.Literal.string("1970-01-01"), to=exp.DataType.build("date"))


class _Postgres(Dialect):
    def days(self, tree: Tree) -> Tree:
        return double(exp.Paren(this=exp.Sub(this=tree, expression=_first_day())))

    def seconds(self, tree: Tree, unit: str) -> Tree:
        return double(exp.Extract(this=exp.var("EPOCH"), expression=tree))


class _TSql(Dialect):
    def text(self, tree: Tree) -> Tree:
        ended = exp.Paren(this=exp.Add(this=tree, expression=exp.Literal.string(self.text_end)))
        return exp.Collate(this=ended, expression=exp.var(self.text_collation))

    def label(self, text: str) -> Tree:
        return exp.National(this=text + self.text_end)

    def truth(self, comparison: Tree) -> Tree:
        otherwise = exp.Not(this=exp.Paren(this=comparison.copy()))
        return when((comparison, number(1)), (otherwise, number(0)))

    def above(self, tree: Tree) -> Tree:
        return when((super().above(tree), whole(1)), otherwise=whole(0))

    def days(self, tree: Tree) -> Tree:
        return double(call("DATEDIFF", exp.var("DAY"), _first_day(), tree))

    def seconds(self, tree: Tree, unit: str) -> Tree:
        epoch = exp.Cast(
            this=exp.Literal.string("1970-01-01"),
            to=exp.DataType.build("datetime2", dialect="tsql"),
        )
        micro = call("DATEDIFF_BIG", exp.var("MICROSECOND"), epoch, tree)
        return exp.Div(this=double(micro), expression=number(1e6))


DUCKDB = Dialect(
    "duckdb",
    overflow=True,
    sum_name="FSUM",
    compensated=True,
    product_seconds=6e-9,
    group_seconds=20e-9,
    scan_seconds=2e-9,
)
POSTGRES = _Postgres(
    "postgres",
    fenced=True,
    parts=8,
    functions={k: v for k, v in _FUNCTIONS.items() if k != "log2"} | {"log10": "LOG"},
)
TSQL = _TSql(
    "tsql",
    specials=False,
    functions={k: v for k, v in _FUNCTIONS.items() if k != "log2"}
    | {"ceil": "CEILING", "ln": "LOG"},
    text_collation="Latin1_General_100_BIN2",
    text_end=".",
    count_name="COUNT_BIG",
    parts=8,
    product_seconds=3e-9,
)
