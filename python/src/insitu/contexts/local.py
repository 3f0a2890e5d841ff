"""Computing in this process."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .. import _core
from ..data.source import Source, Stream
from ..errors import DataError, NumericError, SourceError, SpecError, StateError
from ..options import worker_threads
from .base import RxComputeContext

if TYPE_CHECKING:
    from ..data.sinks import Sink

# The engine is polled this often, so that Ctrl-C is seen and progress shown.
POLL_MS = 50


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
    ) -> _core.State:
        started = time.perf_counter()
        options = json.dumps({"threads": self.threads()})
        if cache is not None and cache.complete:
            return self._finish(
                _core.Run(analysis, None, cache, options), None, source, started, progress, "memory"
            )
        columns = json.loads(analysis.describe())["columns"]
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
            state = run.finish()
        except SourceError as error:
            raise _source_error(stream, source, error) from error
        except BaseException:
            run.cancel()
            if stream is not None:
                stream.cancel()
            try:
                run.finish()
            except (CancelledError, ValueError, ArithmeticError, OSError, RuntimeError):
                pass  # what ended the run is on its way already
            raise
        self._note(source, way, rows, n_bytes, time.perf_counter() - started)
        return state

    def _note(self, source: Source, way: str, rows: int, n_bytes: int, seconds: float) -> None:
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
        sql = source.explain_sql()
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
        count = [0, 0]
        with sink.opened():  # first, so that a database is opened for writing before it is read
            stream = source.stream(columns)
            try:
                mapped = _core.map_stream(function, stream, json.dumps(options))
                reader = _counted(pa.RecordBatchReader.from_stream(mapped), count, progress)
                result = sink.write(reader)
            except (pa.ArrowException, OSError) as error:
                if stream.error is not None:
                    raise stream.error from error
                if isinstance(error, SourceError) and getattr(error, "written", False):
                    raise
                raise _map_error(source, error) from error
            finally:
                stream.close()
        self._note(source, "stream", count[0], count[1], time.perf_counter() - started)
        return result, json.loads(mapped.notes())


def _counted(
    reader: pa.RecordBatchReader, count: list[int], progress: Callable[[int, int], None] | None
) -> pa.RecordBatchReader:
    """The same batches; rows and bytes are added up in `count`."""

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            count[0] += batch.num_rows
            count[1] += batch.nbytes
            if progress is not None:
                progress(count[0], count[1])
            yield batch

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def _map_error(source: Source, error: BaseException) -> BaseException:
    """The engine's own sentence where it has one, else the source's words."""
    text = str(error)
    for kind in (DataError, SpecError, StateError, NumericError):
        found = re.search(rf"{kind.__name__}: (.*)", text, re.DOTALL)
        if found:
            return kind(found[1].strip())
    return source.read_error(text)


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
