"""Computing where a database is: what the contexts of all engines share."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _core
from ..arguments import warn
from ..data.connections import parse_connection, without_secrets
from ..data.database import RxOdbcData
from ..data.source import Source
from ..errors import SourceError, SpecError
from ..options import worker_threads
from ..progress import Progress
from .base import RxComputeContext
from .local import LocalContext, RxLocalSeq

if TYPE_CHECKING:
    from ..data.sinks import Sink
    from .postgres_map import Mapped
    from .postgres_ways import Done, PostgresWays


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
        if not isinstance(num_tasks, int) or num_tasks < 0:
            raise SpecError(
                f"num_tasks is a whole number of at least 0, and was given as {num_tasks!r}."
            )
        self._target = parse_connection(connection_string)
        self._connection_string = connection_string
        self.num_tasks = num_tasks
        self.execution_timeout_seconds = execution_timeout_seconds
        self._warned = False
        self._ways: PostgresWays | None = None
        if self._target.engine == "PostgreSQL":
            from .postgres_ways import PostgresWays

            self._ways = PostgresWays(how, num_tasks or None)

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
            warn(f"{source.data_name} is not in the database of {self!r}: it is computed locally.")
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
        if self._ways is not None and not (cache is not None and cache.serves(analysis)):
            done, closed = self._ways.run(analysis, source, timed)
            self._last.notes += [note for note in closed if note not in self._last.notes]
            if done is not None:
                self._note_inside(done.way, done, source)
                return done.state
        return super().run(analysis, source, cache=cache, progress=timed, ahead=ahead)

    def _note_inside(self, way: str, done: Done | Mapped, source: Source) -> None:
        """A pass in the server, whose rows nobody counts here."""
        last = self._last
        last.passes += 1
        last.way = way
        last.source = source.data_name
        last.threads = done.plan.workers + 1
        last.bytes += done.plan.scanned_bytes
        last.seconds += done.seconds
        if done.sql not in last.sql:
            last.sql.append(done.sql)
        because = done.plan.serial_because
        plan = f"serial: {because}" if because else f"parallel: {done.plan.workers} workers planned"
        last.notes += [f"pass {last.passes} was {plan}"]

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
        if self._ways is not None:
            made, closed = self._ways.map(function, source, sink, keep, output_names, timed)
            self._last.notes += closed
            if made is not None:
                self._note_inside("the extension scores the rows in the server", made, source)
                return made.result, made.notes
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
