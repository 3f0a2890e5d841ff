"""What a context tells the suite about itself. A new context subclasses this in a file of its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from conformance import sources


class ContextCase:
    """Facts of a compute context; `CASE` in its file is an instance.

    The suite runs every case on every kind of source in `reads`. Where `same_bits` holds, results equal those of a
    sequential local fit in every bit; otherwise they agree to `digits` beyond what a case asks.
    """

    name: ClassVar[str]
    # Kinds of source it can use, of sources.KINDS.
    reads: ClassVar[tuple[str, ...]] = tuple(sources.KINDS)
    # Kinds that lie outside it: computed locally, with one warning that says so.
    outside: ClassVar[tuple[str, ...]] = ()
    # Modules it needs; where one is missing the context is left out, by name.
    needs: ClassVar[tuple[str, ...]] = ()
    same_bits: ClassVar[bool] = True
    # What `explain` must call the way of computations inside it; None: whatever it is. `other_way`: with a note that begins so, any.
    expected_way: ClassVar[str | None] = None
    other_way: ClassVar[str | None] = None
    # Digits it may lose against the thresholds of the cases.
    tolerance: ClassVar[float] = 0.0

    def missing(self) -> str | None:
        """Why it cannot run here; None if it can."""
        absent = [module for module in self.needs if importlib.util.find_spec(module) is None]
        return f"no module {', '.join(absent)}" if absent else None

    def connect(self, directory: Path) -> Any:
        """The compute context; files and databases go to `directory`."""
        raise NotImplementedError

    def load(
        self,
        kind: str,
        table: pa.Table,
        directory: Path,
        name: str,
        levels: dict[str, list[str]] | None = None,
    ) -> Any:
        """The table as a source of that kind, near this context."""
        return sources.KINDS[kind](table, directory, name, levels or {})
