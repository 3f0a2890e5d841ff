"""What a compute context is: two verbs over bytes and rows, and never an algorithm."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import SpecError

if TYPE_CHECKING:
    from .. import _core
    from ..data.sinks import Sink
    from ..data.source import Source

Progress = Callable[[int, int], None]


@dataclass
class Explanation:
    """How the last computation was done; its text is for people.

    Example:
        >>> print(Explanation(context="RxLocalSeq", way="rows in memory", passes=1, rows=10, threads=2))
        RxLocalSeq: rows in memory, 1 pass, 10 rows, 0 bytes, 2 threads, 0.000 s
    """

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
        if self.passes == 0:
            return f"{self.context}: nothing was computed yet"
        parts = [
            self.way,
            _counted(self.passes, "pass", "passes"),
            _counted(self.rows, "row", "rows"),
            _counted(self.bytes, "byte", "bytes"),
            _counted(self.threads, "thread", "threads"),
            f"{self.seconds:.3f} s",
        ]
        lines = [f"{self.context}: {', '.join(parts)}"]
        if self.source:
            lines.append(f"  data: {self.source}")
        lines += [f"  SQL: {text}" for text in self.sql]
        lines += [f"  note: {text}" for text in self.notes]
        return "\n".join(lines)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


class RxComputeContext:
    """Where computations run; also makes a context by the name of its class.

    Arguments:
        name: the name of a context's class, with that class's arguments after it.
    Raises: SpecError for a name that is no context.

    Example:
        >>> import insitu.contexts
        >>> insitu.contexts.RxComputeContext("RxLocalSeq")
        RxLocalSeq()
    """

    version = "1.0"
    kinds: ClassVar[dict[str, type[RxComputeContext]]] = {}
    _ids = itertools.count(1)
    _known: ClassVar[weakref.WeakValueDictionary[str, RxComputeContext]] = weakref.WeakValueDictionary()

    def __new__(cls, *args: Any, **kwargs: Any) -> RxComputeContext:
        if cls is not RxComputeContext:
            return super().__new__(cls)
        name = args[0] if args else None
        found = RxComputeContext.kinds.get(name) if isinstance(name, str) else None
        if found is None:
            known = ", ".join(repr(kind) for kind in RxComputeContext.kinds)
            raise SpecError(f"{name!r} is no compute context; there are {known}.")
        # Not an instance of cls to Python's eyes only if it were unrelated: __init__ is called here, once.
        made = found.__new__(found)
        made.__init__(*args[1:], **kwargs)  # type: ignore[misc]
        return made

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__name__.startswith("Rx"):
            RxComputeContext.kinds[cls.__name__] = cls

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def _begin(self, description: str) -> None:
        """What every subclass's __init__ calls."""
        self.description = description
        self.id = f"{type(self).__name__}-{next(RxComputeContext._ids)}"
        RxComputeContext._known[self.id] = self
        self._last = Explanation(context=type(self).__name__)

    @staticmethod
    def lookup(id: str) -> RxComputeContext | None:
        """The context with this `id`, or None if there is none any more.

        Example:
            >>> from insitu.contexts import RxLocalSeq
            >>> context = RxLocalSeq()
            >>> RxComputeContext.lookup(context.id) is context
            True
        """
        return RxComputeContext._known.get(id)

    def begin(self, source: Source) -> None:
        """Starts a new explanation: the runs and maps that follow, over this source, are one computation."""
        self._last = Explanation(context=type(self).__name__)

    def run(
        self,
        analysis: _core.Analysis,
        source: Source,
        *,
        cache: _core.Cache | None = None,
        progress: Progress | None = None,
    ) -> _core.State:
        """Reduces the rows of a source to a state. `progress(rows, bytes)` is called about twenty times a second."""
        raise SpecError(f"{type(self).__name__} cannot compute: choose another compute context.")

    def map(
        self,
        function: _core.RowFunction,
        source: Source,
        sink: Sink,
        *,
        keep: Sequence[str] = (),
        output_names: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> tuple[Any, Mapping[str, Any]]:
        """Sends the columns `keep` and the function's outputs of every row to a sink; gives its result and the notes."""
        raise SpecError(f"{type(self).__name__} cannot compute: choose another compute context.")

    def explain(self) -> Explanation:
        """The way, passes, rows, bytes, threads and SQL of the last computation; print it, or read its fields.

        Example:
            >>> import insitu.contexts
            >>> print(insitu.contexts.RxLocalSeq().explain())
            RxLocalSeq: nothing was computed yet
        """
        return self._last
