"""What a compute context is: two verbs over bytes and rows, and never an algorithm."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import SpecError

if TYPE_CHECKING:
    from .. import _core
    from ..data.sinks import Sink
    from ..data.source import Source


@dataclass
class Explanation:
    """How the last computation was done; `str()` of it is for people."""

    context: str = ""
    way: str = ""
    source: str = ""
    threads: int = 0
    passes: int = 0
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    sql: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.context}: {self.way or 'nothing computed yet'}",
            f"  source   {self.source}",
            f"  passes   {self.passes}",
            f"  rows     {self.rows:,}",
            f"  bytes    {self.bytes:,}",
            f"  threads  {self.threads}",
            f"  seconds  {self.seconds:.3f}",
        ]
        lines += [f"  SQL      {' '.join(text.split())}" for text in self.sql]
        lines += [f"  note     {note}" for note in self.notes]
        return "\n".join(lines)


_living: weakref.WeakValueDictionary[str, RxComputeContext] = weakref.WeakValueDictionary()


class _Named(type):
    """Makes `RxComputeContext("RxInSqlServer", …)` the same as `RxInSqlServer(…)`, as in revoscalepy."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is RxComputeContext and args and isinstance(args[0], str):
            named = {kind.__name__: kind for kind in _descendants(cls)}
            if args[0] not in named:
                public = sorted(name for name in named if name.startswith("Rx"))
                raise SpecError(
                    f"There is no compute context {args[0]!r}; the choice is {', '.join(public)}."
                )
            return named[args[0]](*args[1:], **kwargs)
        return super().__call__(*args, **kwargs)


def _descendants(kind: type) -> list[type]:
    children: list[type] = kind.__subclasses__()
    return [d for child in children for d in (child, *_descendants(child))]


class RxComputeContext(metaclass=_Named):
    """Where computations run. Subclasses implement `run` and `map`.

    Example:
        >>> from insitu.contexts import RxLocalSeq
        >>> RxLocalSeq().description
        'This process'
    """

    version = "1.0"
    # True where rows cost so much to bring here that fits do it only where they must.
    frugal = False
    _ids = itertools.count(1)

    def __init__(self, description: str = "") -> None:
        self.description = description
        self.id = f"{type(self).__name__}-{next(RxComputeContext._ids)}"
        _living[self.id] = self
        self._last = Explanation(context=type(self).__name__)

    @staticmethod
    def lookup(id: str) -> RxComputeContext | None:
        """The living context of this id, or None."""
        return _living.get(id)

    def run(
        self,
        analysis: _core.Analysis,
        source: Source,
        *,
        cache: _core.Cache | None = None,
        progress: Callable[[int, int], None] | None = None,
        ahead: Sequence[str] = (),
    ) -> _core.State:
        """Reduces the rows of a source to a state. `progress(rows, bytes)` is called about ten times a second.

        `ahead`: columns that later passes read: a context that reads rows into the cache may take them along.
        """
        raise SpecError(f"{type(self).__name__} cannot compute: choose another compute context.")

    def map(
        self,
        function: _core.RowFunction,
        source: Source,
        sink: Sink,
        *,
        keep: Sequence[str] = (),
        output_names: Sequence[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> tuple[Any, Mapping[str, Any]]:
        """Sends the columns `keep` and the function's outputs of every row to a sink; gives its result and the notes."""
        raise SpecError(f"{type(self).__name__} cannot compute: choose another compute context.")

    def serving(self, source: Source) -> RxComputeContext:
        """The context that does the next computation, over this source: itself, unless that lies out of its reach.

        It starts a new explanation.
        """
        self._last = Explanation(context=type(self).__name__)
        return self

    def explain(self) -> Explanation:
        """The way, passes, rows, bytes, threads and SQL of the last computation."""
        return self._last
