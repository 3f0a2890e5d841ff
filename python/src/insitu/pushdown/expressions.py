"""Expressions of formulas as SQL, with the engine's rule: what is not finite at any step is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from .dialects import Dialect, Tree, call, number, when, whole
from .errors import NotOffered
from .request import Factor
from .rows import Rows, finite, without_nan

# Beyond, a query is longer than databases like: levels as literals, nodes of a tree.
MOST_LEVELS = 2_000
_MOST_NODES = 5_000

_ARITHMETIC: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}
_COMPARISONS: dict[str, type[exp.Binary]] = {
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "==": exp.EQ,
    "!=": exp.NEQ,
}
# What stays finite, and is never NaN, over finite values.
_SAFE = frozenset(
    ["abs", "ceil", "floor", "ln", "log10", "log2", "sqrt", "sin", "cos", *_COMPARISONS]
)


class Numbers:
    """Makes the trees of numbers over the rows of a query. `nan`: stored NaN is made null, rather than its row left out."""

    def __init__(self, rows: Rows, dialect: Dialect, *, nan: bool) -> None:
        self._rows = rows
        self._dialect = dialect
        self._nan = nan

    def value(self, tree: Any) -> Tree:
        """The number that an expression of the engine stands for; null where it is missing.

        Raises: NotOffered for a function that the dialect lacks.
        """
        made = self._made(tree)
        # A plain column's infinities are errors that are looked for elsewhere.
        if "column" not in tree and not self._is_safe(tree):
            made = finite(made)
        if sum(1 for _ in made.walk()) > _MOST_NODES:
            raise NotOffered("an expression of the formula is too long for SQL")
        return made

    def is_stored(self, tree: Any) -> bool:
        """True for a plain column, whose value must be looked at for NaN and infinities."""
        return "column" in tree and self._rows.column(tree["column"]).may_be_special(self._dialect)

    def _is_safe(self, tree: Any) -> bool:
        if not self._dialect.overflow or "codes" in tree or "number" in tree or "column" in tree:
            return True
        return tree["call"] in _SAFE or (
            tree["call"] == "-" and len(tree["args"]) == 1 and self._is_safe(tree["args"][0])
        )

    def _made(self, tree: Any) -> Tree:
        if "number" in tree:
            return number(tree["number"])
        if "column" in tree:
            column = self._rows.column(tree["column"])
            made = column.number(self._dialect)
            return without_nan(made) if self._nan and column.may_be_special(self._dialect) else made
        if "codes" in tree:
            return self._codes(tree)
        name, args = tree["call"], tree["args"]
        if name in _COMPARISONS:
            left, right = (self._checked(arg) for arg in args)
            return self._dialect.truth(_COMPARISONS[name](this=left, expression=right))
        if len(args) == 1 and name == "-":
            return exp.Paren(this=exp.Neg(this=self._made(args[0])))
        if name in _ARITHMETIC:
            left, right = (self._made(arg) for arg in args)
            return exp.Paren(this=_ARITHMETIC[name](this=left, expression=right))
        if name == "/":
            divisor = exp.Nullif(this=self._checked(args[1]), expression=number(0))
            return exp.Paren(this=exp.Div(this=self._made(args[0]), expression=divisor))
        if name == "^":
            return self._power(args)
        return self._function(name, args)

    def _checked(self, tree: Any) -> Tree:
        """An operand where an infinity or NaN would not be seen in the result."""
        made = self._made(tree)
        return made if self._is_safe(tree) else finite(made)

    def _codes(self, tree: Any) -> Tree:
        levels = tree["levels"]
        if len(levels) > MOST_LEVELS:
            raise NotOffered(f"N({tree['codes']}) has more than {MOST_LEVELS:,} levels")
        key = Keys(self._rows, self._dialect).label(tree["codes"])
        if not levels:
            return number_null()
        return when(*((key.equals(level), number(i)) for i, level in enumerate(levels)))

    def _power(self, args: Sequence[Any]) -> Tree:
        base, exponent = args
        value = _constant(exponent)
        if value == 2 and "column" in base:
            return exp.Paren(this=exp.Mul(this=self._made(base), expression=self._made(base)))
        left, right = self._checked(base), self._checked(exponent)
        if value is not None and value < 0:
            left = exp.Nullif(this=left, expression=number(0))
        return call(self._name("^"), left, right)

    def _function(self, name: str, args: Sequence[Any]) -> Tree:
        made = (
            self._checked(args[0]) if name in ("exp", "sin", "cos", "tan") else self._made(args[0])
        )
        called = call(self._name(name), made)
        if name in ("ln", "log10", "log2"):
            return when((exp.GT(this=made.copy(), expression=number(0)), called))
        if name == "sqrt":
            return when((exp.GTE(this=made.copy(), expression=number(0)), called))
        return called

    def _name(self, function: str) -> str:
        if function not in self._dialect.functions:
            raise NotOffered(f"{self._dialect.name} has no function {function}() of doubles")
        return self._dialect.functions[function]


def _constant(tree: Any) -> float | None:
    """The number that an expression is, if it is one."""
    if tree.get("call") == "-" and len(tree["args"]) == 1:
        inner = _constant(tree["args"][0])
        return None if inner is None else -inner
    return float(tree["number"]) if "number" in tree else None


def number_null() -> Tree:
    """A missing number."""
    return exp.Cast(this=exp.Null(), to=exp.DataType.build("double"))


class Key:
    """A label to group by: its tree, its type of SQL, and the literal of a level (None: no value has that label)."""

    def __init__(self, tree: Tree, sql_type: str, literal: Callable[[str], Tree | None]) -> None:
        self.tree = tree
        self.sql_type = sql_type
        self.literal = literal

    def equals(self, level: str) -> Tree:
        """True where the label is this level."""
        return self._is(self.literal(level))

    def within(self, levels: Sequence[str]) -> Key:
        """The label, null where it is none of these."""
        literals = [found for level in levels if (found := self.literal(level)) is not None]
        inside: Tree = self._is(None)
        if literals:
            inside = exp.In(this=self.tree.copy(), expressions=literals)
        return Key(when((inside, self.tree.copy())), self.sql_type, self.literal)

    def null(self) -> Tree:
        """A missing label of the same type."""
        return exp.Cast(this=exp.Null(), to=exp.DataType.build(self.sql_type))

    def _is(self, literal: Tree | None) -> Tree:
        if literal is None:
            return exp.EQ(this=whole(1), expression=whole(0))
        return exp.EQ(this=self.tree.copy(), expression=literal)


class Keys:
    """Makes the labels of factors over the rows of a query."""

    def __init__(self, rows: Rows, dialect: Dialect) -> None:
        self._rows = rows
        self._dialect = dialect

    def key(self, factor: Factor) -> Key:
        """The label of a factor, null outside the levels that are given."""
        made = self._whole_part(factor) if factor.floor else self.label(factor.column)
        if factor.levels is None:
            return made
        if len(factor.levels) > MOST_LEVELS:
            raise NotOffered(f"column {factor.column!r} has more than {MOST_LEVELS:,} given levels")
        return made.within(factor.levels)

    def label(self, name: str) -> Key:
        """The labels of a column that is a factor."""
        column = self._rows.column(name)
        if column.kind == "text":
            return Key(self._dialect.text(column.tree.copy()), "text", self._dialect.label)
        if column.kind == "boolean":
            return Key(column.tree.copy(), "boolean", _truth)
        if column.kind == "exact":
            return Key(
                exp.Cast(this=column.tree.copy(), to=exp.DataType.build("bigint")),
                "bigint",
                _digits,
            )
        raise NotOffered(f"the labels of column {name!r} are left to the engine")

    def _whole_part(self, factor: Factor) -> Key:
        column = self._rows.column(factor.column)
        tree = call(self._dialect.functions["floor"], column.number(self._dialect))
        return Key(tree, "double", lambda level: number(float(level)))


def _truth(level: str) -> Tree | None:
    return {"True": exp.true(), "False": exp.false()}.get(level)


def _digits(level: str) -> Tree | None:
    """The integer that is written so, if there is one.

    Example:
        >>> _digits("-7").sql(), _digits("07"), _digits("1e3")
        ('-7', None, None)
    """
    try:
        value = int(level)
    except ValueError:
        return None
    return exp.Literal.number(level) if str(value) == level and abs(value) < 2**63 else None
