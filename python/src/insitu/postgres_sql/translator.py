"""How a tree is followed: rule by rule, and refused where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pyarrow as pa
from sqlglot import exp

from .types import UntranslatableError, is_number

Types: TypeAlias = Callable[[exp.Expression], pa.DataType | None]
Test: TypeAlias = Callable[[pa.DataType], bool]
Rule: TypeAlias = Callable[["Translator", exp.Expression], exp.Expression]

# What means the same in both where its parts do; by the names of sqlglot's classes, of which not every version has all.
_SAME = frozenset([
    "Paren", "Neg", "Not", "And", "Or", "Is", "Tuple", "Null", "Boolean", "Literal", "Interval", "Var",
    "Abs", "In", "Between", "Case",
    "If", "Coalesce", "Nullif",
])  # fmt: skip


class Translator:
    """Follows a tree, rule by rule."""

    def __init__(
        self, columns: Mapping[str, exp.Expression], types: Types, rules: Mapping[str, Rule]
    ) -> None:
        self._columns = columns
        self._rules = rules
        self.type_of = types

    def of(self, node: exp.Expression) -> exp.Expression:
        """The node in the server's SQL."""
        if isinstance(node, exp.Column):
            return self._columns[node.name].copy()
        name = type(node).__name__
        rule = self._rules.get(name)
        if rule is not None:
            return rule(self, node)
        if name in _SAME:
            self.refuse_mixed_singles(node)
            return self.same(node)
        raise UntranslatableError(f"{name_of(node)} is computed in DuckDB")

    def same(self, node: exp.Expression) -> exp.Expression:
        """The node with its parts translated."""
        made = node.copy()
        for key, value in node.args.items():
            if isinstance(value, exp.Expression) and not isinstance(value, exp.DataType):
                made.set(key, self.of(value))
            elif isinstance(value, list):
                made.set(key, [self.of(v) if isinstance(v, exp.Expression) else v for v in value])
        return made

    def _parts_of(self, node: exp.Expression) -> list[exp.Expression]:
        found = []
        for value in node.args.values():
            found += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, exp.Expression)]  # fmt: skip
        return found

    def refuse_mixed_singles(self, node: exp.Expression) -> None:
        """The server compares single precision with other numbers in double precision, DuckDB in single."""
        kinds = [self.type_of(part) for part in self._parts_of(node)]
        numbers = {k for k in kinds if k is not None and is_number(k)}
        if len(numbers) > 1 and pa.float32() in numbers and pa.float64() not in numbers:
            raise UntranslatableError("single precision beside other numbers is computed in DuckDB")

    def is_(self, node: exp.Expression, *tests: Test) -> bool:
        """True if DuckDB's type of a part passes one of the tests."""
        kind = self.type_of(node)
        return kind is not None and any(test(kind) for test in tests)

    def need(self, node: exp.Expression, what: exp.Expression, *tests: Test) -> None:
        """Refuses the node unless the type of one of its parts passes one of the tests."""
        if not self.is_(what, *tests):
            raise UntranslatableError(f"{name_of(node)} of such values is computed in DuckDB")


def name_of(node: exp.Expression) -> str:
    """What messages call a part of an expression."""
    return node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__.lower()
