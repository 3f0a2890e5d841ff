"""Computing where a database is: RxInSqlServer, on the embedded database of a duckdb:/// string."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..data.connections import parse_connection, without_secrets
from ..data.database import RxOdbcData
from ..data.selected import SelectedSource
from ..errors import SourceError, SpecError
from ..options import worker_threads
from .base import Progress
from .local import LocalContext

if TYPE_CHECKING:
    from .. import _core
    from ..data.sinks import Sink
    from ..data.source import Source


class RxInSqlServer(LocalContext):
    """Computes where a database is; DuckDB is embedded, so there it is this process over the database's own batches.

    Arguments:
        connection_string: `duckdb:///flights.duckdb`, or an open DuckDB connection.
        num_tasks: most parallel tasks; 0 leaves parallelism to the server.
        execution_timeout_seconds: a computation that takes longer is stopped with a SourceError; None or 0: never.
        wait: must be True in this version.
        auto_cleanup, console_output, packages_to_load: accepted for revoscalepy, without effect.
    Raises: SpecError for wrong arguments; SourceError, when it computes, if the engine is not available.

    Data outside the database (a frame, a file, another server) are computed in this process, with one warning.

    Example:
        >>> RxInSqlServer("duckdb:///flights.duckdb", num_tasks=4)
        RxInSqlServer(connection_string='duckdb:///flights.duckdb', num_tasks=4)
    """

    def __init__(
        self,
        connection_string: Any = None,
        num_tasks: int = 1,
        auto_cleanup: bool = True,
        console_output: bool | None = None,
        execution_timeout_seconds: int | None = None,
        wait: bool = True,
        packages_to_load: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if hasattr(self, "id"):
            return
        if connection_string is None:
            raise SpecError("RxInSqlServer needs a connection_string such as 'duckdb:///flights.duckdb'.")
        if not isinstance(num_tasks, int) or num_tasks < 0:
            raise SpecError(f"num_tasks is 0 (the server decides) or a number of tasks, and was given as {num_tasks!r}.")
        if not wait:
            raise SpecError("wait=False (jobs) is not supported in this version: leave it out.")
        self._begin("A database, computed over its own batches")
        self._connection_string = connection_string
        self.num_tasks = num_tasks
        self.auto_cleanup = auto_cleanup
        self.console_output = console_output
        self.execution_timeout_seconds = execution_timeout_seconds
        self._outside = False

    @property
    def connection_string(self) -> Any:
        """As it was given, without passwords."""
        given = self._connection_string
        return without_secrets(given) if isinstance(given, str) else given

    def __repr__(self) -> str:
        return f"RxInSqlServer(connection_string={self.connection_string!r}, num_tasks={self.num_tasks})"

    def threads(self) -> int:
        return worker_threads(None if self.num_tasks == 0 or self._outside else self.num_tasks)

    def begin(self, source: Source) -> None:
        super().begin(source)
        target = parse_connection(self._connection_string)
        self._outside = not _inside(source, target.key)
        if self._outside:
            self._last.notes.append("the data are not in the context's database")
            warnings.warn(
                f"The data ({source.data_name}) are not in the database of {self!r}: they are computed in this process.",
                stacklevel=4,
            )

    def run(
        self,
        analysis: _core.Analysis,
        source: Source,
        *,
        cache: _core.Cache | None = None,
        progress: Progress | None = None,
    ) -> _core.State:
        return super().run(analysis, source, cache=cache, progress=self._timed(progress))

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
            function, source, sink, keep=keep, output_names=output_names, progress=self._timed(progress)
        )

    def _timed(self, progress: Progress | None) -> Progress | None:
        limit = self.execution_timeout_seconds
        if not limit:
            return progress
        end = time.monotonic() + limit

        def check(rows: int, n_bytes: int) -> None:
            if time.monotonic() > end:
                raise SourceError(
                    f"The computation took longer than execution_timeout_seconds={limit} and was stopped after {rows} rows."
                )
            if progress is not None:
                progress(rows, n_bytes)

        return check

    def _way(self, source: Source) -> str:
        return super()._way(source) if self._outside else "the database's own batches, in this process"


def _inside(source: Source, key: object) -> bool:
    while isinstance(source, SelectedSource):
        source = source.source
    return isinstance(source, RxOdbcData) and source.target.key == key
