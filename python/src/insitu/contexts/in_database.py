"""Computing where a database is: what the contexts of all engines share."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _core
from .. import arguments as args
from ..data.connections import parse_connection, without_secrets
from ..data.database import RxOdbcData
from ..data.source import Source
from ..errors import SourceError
from ..options import worker_threads
from ..progress import Progress
from .base import RxComputeContext
from .local import LocalContext, RxLocalSeq
from .ways import Done, ways_of

if TYPE_CHECKING:
    from ..data.sinks import Sink


class DatabaseContext(LocalContext):
    """Computes in or near the database of a connection string; data outside it are computed locally, with one warning."""

    def __init__(
        self,
        connection_string: Any,
        num_tasks: int,
        execution_timeout_seconds: float | None,
        how: str = "auto",
    ) -> None:
        super().__init__("Inside a database")
        self._target = parse_connection(connection_string)
        self._connection_string = connection_string
        self.num_tasks = args.whole_number("num_tasks", num_tasks, least=0)
        self.execution_timeout_seconds = execution_timeout_seconds
        self._warned = False
        self.how = how
        self._ways = ways_of(self._target, how, num_tasks or None)

    @property
    def frugal(self) -> bool:  # type: ignore[override]
        return self.how == "pushdown"

    @property
    def connection_string(self) -> Any:
        """As it was given, without passwords."""
        given = self._connection_string
        return without_secrets(given) if isinstance(given, str) else given

    def __repr__(self) -> str:
        return f"{type(self).__name__}(connection_string={self.connection_string!r}, num_tasks={self.num_tasks})"

    def threads(self) -> int:
        return worker_threads(self.num_tasks or None)

    def serving(self, source: Source) -> RxComputeContext:
        base = source.base
        if isinstance(base, RxOdbcData) and base.target.key == self._target.key:
            return super().serving(source)
        if not self._warned:
            args.warn(
                f"{source.data_name} is not in the database of {self!r}: it is computed locally."
            )
            self._warned = True
        local = RxLocalSeq().serving(source)
        self._last = local.explain()
        return local

    def run(
        self,
        analysis: _core.Analysis,
        source: Source,
        *,
        cache: _core.Cache | None = None,
        progress: Progress | None = None,
        ahead: Sequence[str] = (),
    ) -> _core.State:
        timed = self._timed(progress)
        if not (cache is not None and cache.serves(analysis)):
            done, closed = self._ways.run(analysis, source, timed)
            self._note_closed(closed)
            if done is not None and done.state is not None:
                self._note_done(done, source)
                return done.state
        return super().run(analysis, source, cache=cache, progress=timed, ahead=ahead)

    def _note_closed(self, reasons: Sequence[str]) -> None:
        """Why ways before the one that is gone were closed; each is told once."""
        last = self._last
        last.notes += [reason for reason in reasons if reason not in last.notes]

    def _note_done(self, done: Done, source: Source) -> None:
        last = self._last
        last.passes += 1
        last.way = done.way
        last.source = source.data_name
        last.threads = done.threads or self.threads()
        last.rows += done.rows
        last.bytes += done.bytes
        last.seconds += done.seconds
        last.sql += [sql for sql in done.sql if sql not in last.sql]
        last.notes += [f"pass {last.passes} {note}" for note in done.notes]

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
        timed = self._timed(progress)
        done, closed = self._ways.map(function, source, sink, keep, output_names, timed)
        self._note_closed(closed)
        if done is not None and done.written is not None:
            self._note_done(done, source)
            return done.written
        return super().map(
            function, source, sink, keep=keep, output_names=output_names, progress=timed
        )

    def _timed(self, progress: Progress | None) -> Progress | None:
        """Progress that raises once the time is over, which cancels the run."""
        limit = self.execution_timeout_seconds
        if not limit:
            return progress
        end = time.monotonic() + limit

        def check(rows: int, n_bytes: int) -> None:
            if time.monotonic() > end:
                raise SourceError(
                    f"The computation took longer than execution_timeout_seconds={limit} and was stopped after {rows:,} rows."
                )
            if progress is not None:
                progress(rows, n_bytes)

        return check

    def _way(self, source: Source) -> str:
        if self._target.engine == "DuckDB":
            return "DuckDB's own column batches, reduced in this process"
        return super()._way(source)
