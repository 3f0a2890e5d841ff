"""Computing in this process."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .. import _core
from ..data.source import Source, Stream
from ..errors import SourceError
from ..options import worker_threads
from ..waiting import run_aside
from .base import RxComputeContext

if TYPE_CHECKING:
    from ..data.sinks import Sink

# The engine is polled this often, so that Ctrl-C is seen and progress shown.
POLL_MS = 50
_ENGINE_ERRORS = (CancelledError, ValueError, ArithmeticError, OSError, RuntimeError)


class LocalContext(RxComputeContext):
    """Reduces and maps in this process, over whatever a source streams."""

    def threads(self) -> int:
        """Worker threads of the next computation."""
        return worker_threads()

    def run(
        self,
        analysis: _core.Analysis,
        source: Source,
        *,
        cache: _core.Cache | None = None,
        progress: Callable[[int, int], None] | None = None,
        ahead: Sequence[str] = (),
    ) -> _core.State:
        started = time.perf_counter()
        options = json.dumps({"threads": self.threads()})
        if cache is not None and cache.serves(analysis):
            return self._finish(
                _core.Run(analysis, None, cache, options), None, source, started, progress, "memory"
            )
        columns = json.loads(analysis.describe())["columns"]
        if cache is not None:
            columns = list(dict.fromkeys([*columns, *ahead]))
        stream = source.stream(columns)
        try:
            run = _core.Run(analysis, stream, cache, options)
            return self._finish(run, stream, source, started, progress, "stream")
        finally:
            stream.close()

    def _finish(
        self,
        run: _core.Run,
        stream: Stream | None,
        source: Source,
        started: float,
        progress: Callable[[int, int], None] | None,
        way: str,
    ) -> _core.State:
        """Polls a run to its end; Ctrl-C (or any error of ours) stops its workers first."""
        rows = n_bytes = 0
        try:
            finished = False
            while not finished:
                rows, n_bytes, finished = run.poll(POLL_MS)
                if progress is not None:
                    progress(rows, n_bytes)
        except BaseException:
            _stop(run, stream)
            raise
        try:
            state = run.finish()
        except SourceError as error:
            raise _source_error(stream, source, error) from error
        sql = None if stream is None else stream.sql or source.explain_sql()
        self._note(source, way, rows, n_bytes, time.perf_counter() - started, sql)
        return state

    def _note(
        self, source: Source, way: str, rows: int, n_bytes: int, seconds: float, sql: str | None
    ) -> None:
        last = self._last
        last.passes += 1
        last.way = self._way(source) if way == "stream" else last.way
        last.source = source.data_name
        last.threads = self.threads()
        last.rows += rows
        last.bytes += n_bytes
        last.seconds += seconds
        if way == "memory":
            last.notes.append(f"pass {last.passes} read decoded columns from memory")
        if sql is not None and sql not in last.sql:
            last.sql.append(sql)

    def _way(self, source: Source) -> str:
        return "rows in memory" if source.in_memory else "rows streamed to this process"

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
        started = time.perf_counter()
        needed = json.loads(function.describe())["columns"]
        columns = list(dict.fromkeys([*needed, *keep]))
        options: dict[str, Any] = {"threads": self.threads(), "keep": list(keep)}
        if output_names is not None:
            options["output_names"] = list(output_names)
        count = _Count()

        def tick() -> None:
            if progress is not None:
                progress(count.rows, count.bytes)

        with sink.opened():  # first, so that a database is opened for writing before it is read
            stream = source.stream(columns)
            try:
                mapped = _core.map_stream(function, stream, json.dumps(options))
                rows = _watched(mapped, stream, source, count)
                result = run_aside(lambda: sink.write(rows), count.stopping(stream.cancel), tick)
            except BaseException:
                stream.cancel()
                if count.error is not None and not count.stopped:
                    raise count.error from None
                raise
            finally:
                stream.close()
        sql = stream.sql or source.explain_sql()
        self._note(source, "stream", count.rows, count.bytes, time.perf_counter() - started, sql)
        return result, json.loads(mapped.notes())


def _stop(run: _core.Run, stream: Stream | None) -> None:
    """Stops a run and waits for its workers, waking the source as often as it takes."""
    run.cancel()
    finished = False
    with contextlib.suppress(*_ENGINE_ERRORS):
        while not finished:
            if stream is not None:
                stream.cancel()
            finished = run.poll(POLL_MS)[2]
    with contextlib.suppress(*_ENGINE_ERRORS):
        run.finish()


class _Count:
    """Rows and bytes that passed, and the error that ended them."""

    def __init__(self) -> None:
        self.rows = 0
        self.bytes = 0
        self.error: BaseException | None = None
        self.stopped = False

    def stopping(self, cancel: Callable[[], None]) -> Callable[[], None]:
        """`cancel`, and no further batch."""

        def stop() -> None:
            self.stopped = True
            cancel()

        return stop

    def add(self, batch: pa.RecordBatch) -> None:
        if self.stopped:
            raise SourceError("Writing was interrupted.")
        self.rows += batch.num_rows
        self.bytes += batch.nbytes


def _watched(
    mapped: _core.MapStream, stream: Stream, source: Source, count: _Count
) -> pa.RecordBatchReader:
    """The mapped rows, counted; an error is told with its type and best sentence, whoever reads."""
    reader = pa.RecordBatchReader.from_stream(mapped)

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                count.add(batch)
                yield batch
        except (pa.ArrowException, OSError) as error:
            count.error = _typed_error(mapped, stream, source, error)
            raise count.error from error

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def _typed_error(
    mapped: _core.MapStream, stream: Stream, source: Source, error: Exception
) -> BaseException:
    """An Arrow stream hands on only text; the notes know the type."""
    try:
        mapped.notes()
    except SourceError as typed:
        return _source_error(stream, source, typed)
    except _ENGINE_ERRORS as typed:
        return typed
    return stream.error if stream.error is not None else source.read_error(str(error))


def _source_error(stream: Stream | None, source: Source, error: SourceError) -> BaseException:
    """The best sentence about a stream that broke: what our own code raised, else the source's words for the message."""
    if stream is not None and stream.error is not None:
        return stream.error
    return source.read_error(str(error))


class RxLocalSeq(LocalContext):
    """Computes in this process, on all its cores; the default context.

    Example:
        >>> RxLocalSeq()
        RxLocalSeq()
    """

    def __init__(self) -> None:
        super().__init__("This process")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RxLocalParallel(RxLocalSeq):
    """As RxLocalSeq; the two differ only where Python functions are run.

    Example:
        >>> RxLocalParallel()
        RxLocalParallel()
    """
