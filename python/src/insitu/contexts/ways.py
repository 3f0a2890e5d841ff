"""Ways of building a state in a database: what those of every engine have in common."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .. import _core
from ..errors import SpecError

if TYPE_CHECKING:
    from ..data.connections import Database
    from ..data.source import Source
    from ..progress import Progress

# The ways of each engine, by the module that goes them and its class.
_WAYS = {"PostgreSQL": ("postgres_ways", "PostgresWays"), "DuckDB": ("duckdb_sums", "DuckDbWays")}


@dataclass
class Done:
    """What a database did: a state, or what the rows of a map were written to with the function's notes; and how.

    `threads` is 0 where nobody knows, `rows` where nobody counted.
    """

    way: str
    sql: Sequence[str]
    seconds: float
    state: _core.State | None = None
    written: tuple[Any, dict[str, Any]] | None = None
    rows: int = 0
    bytes: int = 0
    threads: int = 0
    notes: list[str] = field(default_factory=list)


class Ways(Protocol):
    """The ways of one engine. What cannot be gone gives None and the reasons, and rows are streamed."""

    # What `how` may ask for.
    choices: ClassVar[tuple[str, ...]]

    def __init__(self, how: str, workers: int | None) -> None: ...

    def run(
        self, analysis: _core.Analysis, source: Source, progress: Progress | None
    ) -> tuple[Done | None, list[str]]:
        """The state of a pass."""
        ...

    def map(
        self,
        function: _core.RowFunction,
        source: Source,
        sink: object,
        keep: Sequence[str],
        output_names: Sequence[str] | None,
        progress: Progress | None,
    ) -> tuple[Done | None, list[str]]:
        """The rows of a map, written."""
        ...


def ways_of(database: Database, how: str, workers: int | None) -> Ways:
    """The ways of a database's engine.

    Raises: SpecError for a way that it does not have.
    """
    module, name = _WAYS[database.engine]
    kind: type[Ways] = getattr(importlib.import_module(f".{module}", __package__), name)
    if how not in kind.choices:
        raise SpecError(
            f"how is one of {', '.join(map(repr, kind.choices))}, and was given as {how!r}."
        )
    return kind(how, workers)
