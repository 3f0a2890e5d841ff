"""Computing where a database is: DuckDB databases, over their own column batches, in this process."""

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


class RxInSqlServer(LocalContext):
    """Computes where the data of a connection string are; this version serves DuckDB databases.

    DuckDB is embedded: its column batches are reduced as they leave its scan, and nothing is copied. Data outside the database
    (a frame, a file, another database) are computed locally, with one warning.

    Arguments:
        connection_string: `duckdb:///flights.duckdb` and the like.
        num_tasks: an upper bound on threads; 0 leaves it to the database.
        execution_timeout_seconds: a pass, or predictions, that take longer are stopped with a SourceError; None or 0: never.
        auto_cleanup, console_output, packages_to_load: accepted for revoscalepy, without effect.
        wait: must be True in this version.
    Raises: SpecError for what is no connection string, SourceError for an engine that this version cannot reach.

    Example:
        >>> RxInSqlServer("duckdb:///flights.duckdb", num_tasks=4)
        RxInSqlServer(connection_string='duckdb:///flights.duckdb', num_tasks=4)
    """

    def __init__(
        self,
        connection_string: str,
        num_tasks: int = 1,
        auto_cleanup: bool = True,
        console_output: bool | None = None,
        execution_timeout_seconds: int | None = None,
        wait: bool = True,
        packages_to_load: Any = None,
    ) -> None:
        super().__init__("Inside a database")
        if not isinstance(num_tasks, int) or num_tasks < 0:
            raise SpecError(
                f"num_tasks is a whole number of at least 0, and was given as {num_tasks!r}."
            )
        if not wait:
            raise SpecError(
                "wait=False (background jobs) is not supported in this version: leave it out."
            )
        self._target = parse_connection(connection_string)
        self._connection_string = connection_string
        self.num_tasks = num_tasks
        self.execution_timeout_seconds = execution_timeout_seconds
        self._warned = False

    @property
    def connection_string(self) -> Any:
        """As it was given, without passwords."""
        given = self._connection_string
        return without_secrets(given) if isinstance(given, str) else given

    def __repr__(self) -> str:
        return f"RxInSqlServer(connection_string={self.connection_string!r}, num_tasks={self.num_tasks})"

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
        return super().run(analysis, source, cache=cache, progress=timed, ahead=ahead)

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
        return super().map(
            function,
            source,
            sink,
            keep=keep,
            output_names=output_names,
            progress=self._timed(progress),
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
        return "DuckDB's own column batches, reduced in this process"
