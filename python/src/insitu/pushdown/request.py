"""What an analysis asks a database to sum: the engine's JSON (docs/architecture.md, Pushdown) as plain data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .. import _core
from .errors import NotOffered

Product = tuple[int, int]


@dataclass(frozen=True)
class Factor:
    """A factor: its column, whether its labels are the whole parts of numbers, and the levels if they are given."""

    column: str
    floor: bool
    levels: tuple[str, ...] | None


@dataclass(frozen=True)
class Table:
    """Sums over the cells of some factors: products of values (0 is the constant one), and values to be described."""

    factors: tuple[int, ...]
    products: tuple[Product, ...] = ()
    described: tuple[int, ...] = ()


@dataclass(frozen=True)
class Request:
    """All of it. Value j is `values[j - 1]`; `complete`: rows with a missing value are left out."""

    complete: bool
    values: tuple[Any, ...]
    factors: tuple[Factor, ...]
    weight: str | None
    whole_weights: bool
    log_weights: bool
    tables: tuple[Table, ...]


def request_of(analysis: _core.Analysis) -> Request:
    """Raises: NotOffered for an analysis that asks for nothing."""
    asked = json.loads(analysis.sums())
    if asked is None:
        raise NotOffered(_why_not(json.loads(analysis.describe())))
    weight = asked["weight"]
    return Request(
        asked["complete"],
        tuple(asked["values"]),
        tuple(Factor(f["column"], f["floor"], _levels(f)) for f in asked["factors"]),
        None if weight is None else weight["column"],
        weight is not None and weight["whole"],
        asked["log_weights"],
        tuple(
            Table(
                tuple(t["factors"]),
                tuple((min(p), max(p)) for p in t["products"]),
                tuple(t["described"]),
            )
            for t in asked["tables"]
        ),
    )


def _levels(factor: dict[str, Any]) -> tuple[str, ...] | None:
    return tuple(factor["levels"]) if "levels" in factor else None


def _why_not(description: dict[str, Any]) -> str:
    if description["spec"].get("precise"):
        return "SQL has no double-double arithmetic"
    return f"the analysis {description['name']!r} cannot be written as sums"


def columns_in(tree: Any) -> Iterator[str]:
    """Columns whose numbers an expression uses."""
    if "column" in tree:
        yield tree["column"]
    for arg in tree.get("args", ()):
        yield from columns_in(arg)
