"""What a set of data for generalised linear models is: its rows, the model, and the columns of the design.

Numbers are drawn by Lehmer's generator and rounded to a few decimals, so that every platform makes the same doubles.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

Cells = list[Any]
Table = dict[str, Cells]


@dataclass(frozen=True, eq=False)
class GlmSet:
    """A model of a table; None is missing.

    `formula` is read by insitu and by R alike, `family` is the engine's specification. `terms` says the same as the
    formula's right side in a form that needs no parser: names of columns, of `derived` columns, products as "x:f".
    `reference` is the order of levels for R, where its first is not the level that insitu drops.
    """

    name: str
    table: Table
    formula: str
    terms: tuple[str, ...]
    family: dict[str, Any]
    pweights: str | None = None
    fweights: str | None = None
    offset: str | None = None
    exposure: str | None = None
    levels: dict[str, list[str]] = field(default_factory=dict)
    derived: Table = field(default_factory=dict)
    reference: dict[str, list[str]] = field(default_factory=dict)

    @property
    def intercept(self) -> bool:
        """Whether the formula has one."""
        return not self.formula.endswith("- 1")

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of a fit beside formula and family."""
        named = ("pweights", "fweights", "offset", "exposure")
        return {key: value for key in named if (value := getattr(self, key)) is not None}

    def rows(self) -> list[int]:
        """The rows without a missing value, in used columns."""
        used = [*re.findall(r"[A-Za-z_]\w*", self.formula), *self.options.values()]
        columns = [self.table[name] for name in dict.fromkeys(used) if name in self.table]
        cells = enumerate(zip(*columns, strict=True))
        return [i for i, row in cells if all(value is not None for value in row)]

    def levels_of(self, factor: str) -> list[str]:
        """As given, or sorted."""
        found = sorted({value for value in self.table[factor] if value is not None})
        return self.levels.get(factor, found)

    def _columns_of(self, term: str) -> dict[str, Cells]:
        """The columns of a product's part by name; a factor has one for each level."""
        values = [{**self.table, **self.derived}[term][i] for i in self.rows()]
        if not isinstance(values[0], str):
            return {term: values}
        return {
            f"{term}={level}": [int(value == level) for value in values]
            for level in self.levels_of(term)
        }

    def design(self) -> dict[str, Cells]:
        """All columns by the names of their coefficients, every level of factors, of complete rows."""
        count = len(self.rows())
        columns: dict[str, Cells] = {"(Intercept)": [1] * count} if self.intercept else {}
        for term in self.terms:
            product: dict[str, Cells] = {"": [1] * count}
            for part in term.split(":"):
                product = {
                    _product_name(left, right): [a * b for a, b in zip(x, y, strict=True)]
                    for left, x in product.items()
                    for right, y in self._columns_of(part).items()
                }
            columns |= product
        return columns

    def column(self, name: str) -> Cells:
        """A column of the table, of complete rows."""
        return [self.table[name][i] for i in self.rows()]

    def digest(self) -> str:
        """By which results know the numbers that they are of."""
        text = json.dumps([self.table, self.formula, self.family, self.options, self.levels])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def question(self) -> dict[str, Any]:
        """As R is asked."""
        factors = {
            name: self.reference.get(name, self.levels_of(name))
            for name, values in self.table.items()
            if any(isinstance(value, str) for value in values)
        }
        return {
            "name": self.name,
            "digest": self.digest(),
            "table": self.table,
            "formula": self.formula,
            "family": self.family,
            "factors": factors,
            **self.options,
        }


def _product_name(left: str, right: str) -> str:
    if not left:
        return right
    return f"{left}, {right}" if "=" in left else f"{left} for {right}"


class Draws:
    """Numbers from 0 to 1, by Lehmer's generator (Park and Miller 1988)."""

    def __init__(self, seed: int) -> None:
        self._state = seed % 2147483647 or 1
        for _ in range(10):
            self()

    def __call__(self) -> float:
        """The next one."""
        self._state = 16807 * self._state % 2147483647
        return self._state / 2147483647

    def normal(self) -> float:
        """Nearly normal, with variance one."""
        return sum(self() for _ in range(12)) - 6.0

    def count(self, mean: float) -> int:
        """Poisson's, as arrivals until time one."""
        time, found = -math.log(self()) / mean, 0
        while time < 1.0:
            time -= math.log(self()) / mean
            found += 1
        return found

    def gamma(self, mean: float, shape: int = 3) -> float:
        """Of whole shape."""
        return -mean / shape * sum(math.log(self()) for _ in range(shape))

    def successes(self, trials: int, chance: float) -> int:
        """Of that many trials."""
        return sum(self() < chance for _ in range(trials))

    def choice(self, values: str) -> str:
        """One of the letters."""
        return values[int(self() * len(values))]
