"""Expressions of `row_selection` and `transforms`: DuckDB's SQL, parsed once, checked against a list, rendered by a builder.

Nothing reaches a database that is not on the list: no subqueries, no files, no aggregates, no windows.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.parser import Parser
from sqlglot.tokens import TokenType

from .data.source import unknown_column
from .errors import SpecError

__all__ = ["parse_expression", "render", "resolve", "used_columns"]

MAX_NODES = 20_000

# Syntax that means the same in every row of every engine.
_SYNTAX: tuple[type[exp.Expression], ...] = (
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Paren,
    exp.Neg,
    exp.Not,
    exp.And,
    exp.Or,
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Is,
    exp.In,
    exp.Tuple,
    exp.Between,
    exp.Like,
    exp.ILike,
    exp.Case,
    exp.If,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.IntDiv,
    exp.Mod,
    exp.Pow,
    exp.DPipe,
    exp.Cast,
    exp.TryCast,
    exp.DataType,
    exp.DataTypeParam,
    exp.Interval,
    exp.Var,
    exp.Extract,
)

# What sqlglot counts as functions although no name of a function is written.
_REFUSED = (
    exp.AggFunc,
    exp.UDTF,
    exp.Array,
    exp.List,
    exp.Struct,
    exp.Map,
    *set(Parser.NO_PAREN_FUNCTIONS.values()),
)

# Functions, by the name that users write. Each has a test against DuckDB and against Python.
FUNCTIONS = frozenset(
    [
        "abs",
        "acos",
        "asin",
        "atan",
        "atan2",
        "ceil",
        "ceiling",
        "coalesce",
        "concat",
        "contains",
        "cos",
        "date_part",
        "date_trunc",
        "day",
        "dayname",
        "dayofweek",
        "dayofyear",
        "degrees",
        "ends_with",
        "exp",
        "floor",
        "greatest",
        "hour",
        "if",
        "ifnull",
        "isfinite",
        "isinf",
        "isnan",
        "isodow",
        "least",
        "left",
        "length",
        "ln",
        "log10",
        "log2",
        "lower",
        "ltrim",
        "minute",
        "month",
        "monthname",
        "nullif",
        "pi",
        "pow",
        "power",
        "quarter",
        "radians",
        "regexp_matches",
        "replace",
        "right",
        "round",
        "rtrim",
        "second",
        "sign",
        "sin",
        "sqrt",
        "starts_with",
        "strlen",
        "substr",
        "substring",
        "suffix",
        "prefix",
        "tan",
        "trim",
        "trunc",
        "upper",
        "week",
        "weekday",
        "year",
        "extract",
        "cast",
        "try_cast",
        "case",
        "not",
        "in",
        "and",
        "or",
    ]
)


def parse_expression(text: str, where: str) -> exp.Expression:
    """The tree of one expression.

    Arguments:
        text: an SQL expression in DuckDB's dialect. where: what the text is, for messages ("row_selection").
    Raises: SpecError if it cannot be read, or holds what is not allowed.

    Example:
        >>> render(parse_expression("ArrDelay > 15 and DayOfWeek = 'Monday'", "row_selection"))
        "ArrDelay > 15 AND DayOfWeek = 'Monday'"
    """
    if not isinstance(text, str) or not text.strip():
        raise SpecError(f"{where} must be an SQL expression such as 'x > 15'; got {text!r}.")
    _check_functions(text, where)
    try:
        trees = [tree for tree in sqlglot.parse(text, read="duckdb") if tree is not None]
    except (sqlglot.ParseError, sqlglot.TokenError) as error:
        raise SpecError(f"{where} {text!r} cannot be read as SQL: {_problem(error)}.") from error
    except RecursionError as error:
        raise SpecError(f"{where} is nested too deeply.") from error
    if len(trees) != 1:
        raise SpecError(f"{where} must be one expression; {text!r} holds {len(trees)}.")
    tree: exp.Expression = trees[0]
    for count, node in enumerate(tree.walk()):
        if count > MAX_NODES:
            raise SpecError(f"{where} has more than {MAX_NODES} parts: make it shorter.")
        _check_node(node, text, where)
    return tree


def _check_functions(text: str, where: str) -> None:
    try:
        tokens = sqlglot.tokenize(text, read="duckdb")
    except sqlglot.TokenError as error:
        raise SpecError(f"{where} {text!r} cannot be read as SQL: {_problem(error)}.") from error
    for token, following in itertools.pairwise(tokens):
        called = following.token_type == TokenType.L_PAREN and token.token_type != TokenType.STRING
        name = token.text.lower()
        if not called or not name.replace("_", "").isalnum():
            continue
        if name == "log":
            raise SpecError(
                f"{where}: log means base 10 in one database and base e in another: write ln or log10."
            )
        if name not in FUNCTIONS and not _is_type(name):
            near = difflib.get_close_matches(name, FUNCTIONS, n=3)
            hint = (
                f"did you mean {' or '.join(near)}"
                if near
                else "only functions of one row's values are"
            )
            raise SpecError(
                f"{where}: the function {name!r} is not available in expressions; {hint}."
            )


def _is_type(name: str) -> bool:
    return name in ("decimal", "numeric", "varchar", "char")


def _problem(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if errors:
        before = str(errors[0].get("start_context", ""))
        if str(errors[0].get("description")).startswith("Required keyword"):
            read = f"{before[-20:]}{errors[0].get('highlight', '')}".strip()
            return f"something is missing after {read!r}"
        near = f"{errors[0].get('start_context', '')[-20:]}{errors[0].get('highlight', '')}".strip()
        return f"{str(errors[0].get('description')).rstrip('.')} near {near!r}"
    return str(error).split("\n")[0].rstrip(".")


def _check_node(node: exp.Expression, text: str, where: str) -> None:
    if isinstance(node, exp.In) and (
        node.args.get("query") or node.args.get("unnest") or node.args.get("field")
    ):
        raise SpecError(f"{where} {text!r}: IN takes a list of values, not a query.")
    if isinstance(node, exp.Column) and node.args.get("table"):
        raise SpecError(
            f"{where} {text!r}: write columns without a table, {node.name!r} instead of {node.sql()!r}."
        )
    if isinstance(node, _SYNTAX):
        return
    if isinstance(node, exp.Func) and not isinstance(node, _REFUSED):
        return  # its name was checked as it was written
    raise SpecError(
        f"{where} {text!r}: {type(node).__name__} is not allowed in an expression over one row."
    )


def resolve(tree: exp.Expression, known: dict[str, exp.Expression], where: str) -> exp.Expression:
    """The tree with every column replaced by what `known` says of its name (exact, else ignoring case if that is unique).

    Raises: SpecError with near names for a column that is not known.
    """

    def replace(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Column):
            return node
        found = known.get(node.name)
        if found is None:
            folded = [name for name in known if name.lower() == node.name.lower()]
            if len(folded) != 1:
                raise SpecError(f"{where}: {_missing(node, list(known))}")
            found = known[folded[0]]
        return found.copy()

    made = tree.copy().transform(replace)
    if sum(1 for _ in made.walk()) > MAX_NODES:
        raise SpecError(
            f"{where} has more than {MAX_NODES} parts once other transforms are put in: make it shorter."
        )
    return made


def _missing(node: exp.Column, names: Sequence[str]) -> str:
    sentence = unknown_column(node.name, names)
    if node.this.args.get("quoted"):
        sentence = f"{sentence[:-1]} (text is written in single quotes: {exp.Literal.string(node.name).sql()})."
    return sentence


def used_columns(tree: exp.Expression) -> list[str]:
    """Names of the columns in a tree, each once, in order.

    Example:
        >>> used_columns(parse_expression("b + a > b", "row_selection"))
        ['b', 'a']
    """
    return list(dict.fromkeys(node.name for node in tree.find_all(exp.Column, bfs=False)))


def guarded(tree: exp.Expression) -> exp.Expression:
    """The tree with logarithms and roots that are missing outside their range, where DuckDB would stop with an error."""

    def guard(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Ln):
            return _where_positive(node, node.this, strict=True)
        if isinstance(node, exp.Log):
            return _where_positive(node, node.expression or node.this, strict=True)
        if isinstance(node, exp.Sqrt):
            return _where_positive(node, node.this, strict=False)
        if isinstance(node, (exp.Asin, exp.Acos)):
            inside = exp.Between(
                this=node.this.copy(), low=exp.Literal.number(-1), high=exp.Literal.number(1)
            )
            return exp.Case(ifs=[exp.If(this=inside, true=node.copy())])
        return node

    # Children first, so that a guard is not guarded again.
    made = tree.copy()
    for node in reversed(
        list(made.find_all(exp.Ln, exp.Log, exp.Sqrt, exp.Asin, exp.Acos, bfs=False))
    ):
        new = guard(node)
        if node is made:
            made = new
        else:
            node.replace(new)
    return made


def _where_positive(node: exp.Expression, value: exp.Expression, *, strict: bool) -> exp.Expression:
    compare = exp.GT if strict else exp.GTE
    test = compare(this=exp.Paren(this=value.copy()), expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=test, true=node.copy())])


def render(tree: exp.Expression) -> str:
    """The tree as DuckDB's SQL."""
    return str(tree.sql(dialect="duckdb"))
