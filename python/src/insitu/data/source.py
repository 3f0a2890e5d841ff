"""What every source of data is: ordered, typed columns, and batches of rows that can be read again."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pyarrow as pa

from ..errors import DataError, SourceError, SpecError
from ..waiting import run_aside
from .inside import Computed, Inside

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["numeric", "factor"]


class ArrowStream(Protocol):
    """Anything that hands out an Arrow C stream."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


@dataclass(frozen=True)
class Column:
    """One column as models see it.

    `levels` is set only where they are given (column_info, categories, an enum): complete, ordered, empty ones kept.
    `categorical` marks what is a factor by declaration or by the source's own type, unlike plain text.
    `problem` says why a column cannot be used; it is raised as a DataError only when somebody uses the column.
    """

    name: str
    kind: Kind
    arrow_type: pa.DataType
    levels: tuple[str, ...] | None = None
    integer: bool = False
    logical: bool = False
    low: float | None = None
    high: float | None = None
    description: str | None = None
    categorical: bool = False
    problem: str | None = None

    def spec(self) -> dict[str, object]:
        """The column as specs write it (see "Interchange" in the architecture)."""
        spec: dict[str, object] = {"name": self.name, "kind": self.kind}
        if self.levels is not None:
            spec["levels"] = list(self.levels)
        if self.integer:
            spec["integer"] = True
        if self.logical:
            spec["logical"] = True
        if pa.types.is_date(self.arrow_type):
            spec["time"] = "days"
        if pa.types.is_timestamp(self.arrow_type):
            spec["time"] = "seconds"
        if self.low is not None:
            spec["low"] = self.low
        if self.high is not None:
            spec["high"] = self.high
        return spec


class Schema(Sequence[Column]):
    """The columns of a source, in order; indexed by position or by name.

    Example:
        >>> import pyarrow as pa
        >>> schema = Schema([Column("x", "numeric", pa.float64())])
        >>> schema["x"].kind, "y" in schema, schema.names
        ('numeric', False, ['x'])
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        self._columns = tuple(columns)
        self._index = {column.name: i for i, column in enumerate(self._columns)}
        if len(self._index) != len(self._columns):
            names = [column.name for column in self._columns]
            twice = next(name for name in names if names.count(name) > 1)
            raise SpecError(f"Column {twice!r} occurs more than once: rename or drop one of them.")

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._columns[self.index_of(key)]
        return self._columns[key]

    def __contains__(self, item: object) -> bool:
        return item in self._index if isinstance(item, str) else item in self._columns

    def __repr__(self) -> str:
        return f"Schema({', '.join(f'{c.name}: {c.kind}' for c in self._columns)})"

    @property
    def names(self) -> list[str]:
        """Names in order."""
        return [column.name for column in self._columns]

    def index_of(self, name: str) -> int:
        """Position of a column; SpecError with near names if there is none."""
        try:
            return self._index[name]
        except KeyError:
            raise SpecError(unknown_column(name, self.names)) from None

    def spec(self, names: Iterable[str] | None = None) -> list[dict[str, object]]:
        """The columns (or those named) as the list that specs hold; columns that cannot be used are left out."""
        chosen = self._columns if names is None else [self[name] for name in names]
        return [column.spec() for column in chosen if column.problem is None]

    def require(self, names: Iterable[str]) -> None:
        """SpecError for a name that does not exist, DataError for a column that cannot be used."""
        for name in names:
            column: Column = self[name]
            if column.problem is not None:
                raise DataError(column.problem)


def unknown_column(name: str, names: Sequence[str]) -> str:
    """The sentence about a column that does not exist."""
    lower = {n.lower(): n for n in names}
    near = [lower[m] for m in difflib.get_close_matches(name.lower(), list(lower), n=3, cutoff=0.6)]
    if near:
        return f"There is no column {name!r}; did you mean {' or '.join(repr(n) for n in near)}?"
    shown = ", ".join(repr(n) for n in names[:10]) + (", …" if len(names) > 10 else "")
    return f"There is no column {name!r}; the columns are {shown}."


class Stream:
    """Batches on their way: an Arrow C stream, the means to interrupt it, and the first error that Python code raised in it."""

    def __init__(
        self,
        stream: ArrowStream,
        *,
        cancel: Callable[[], None] | None = None,
        close: Callable[[], None] | None = None,
        keep: object = None,
        errors: list[BaseException] | None = None,
        sql: str | None = None,
    ) -> None:
        self._stream: ArrowStream | None = stream
        self.sql = sql  # the query whose rows these are, if they are a server's
        self._cancel = cancel
        self._close = close
        self._cancelled = False
        self._keep = keep  # what must live as long as the stream does
        # Shared with the code that may raise, so that there is no cycle that keeps a file open.
        self.errors = [] if errors is None else errors

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        if self._stream is None:
            raise SourceError("This stream was closed: open another one.")
        return self._stream.__arrow_c_stream__(requested_schema)

    @property
    def error(self) -> BaseException | None:
        """The first error that Python code raised while making batches."""
        return self.errors[0] if self.errors else None

    def close(self) -> None:
        """Lets go of files and connections; harmless if repeated."""
        self._stream = None
        if self._close is not None:
            self._close()
        self._keep = None
        self.errors.clear()  # an error's traceback leads back to the stream: without it nothing waits for the collector

    def cancel(self) -> None:
        """Interrupts whatever the stream waits for."""
        self._cancelled = True
        if self._cancel is not None:
            self._cancel()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The batches (takes the stream); Ctrl-C is seen while one is waited for."""
        reader = iter(self.reader())
        while (batch := run_aside(lambda: next(reader, None), self.cancel)) is not None:
            if self._cancelled:
                raise SourceError("Reading was interrupted.")
            yield batch

    def reader(self) -> pa.RecordBatchReader:
        """The stream as a pyarrow reader (takes the stream)."""
        if isinstance(self._stream, pa.RecordBatchReader):
            return self._stream
        return pa.RecordBatchReader.from_stream(self)


class Source(ABC):
    """Ordered, typed columns, and batches of rows that can be read again. Constructing one never reads data."""

    # True where rows lie in memory already: decoded batches need no cache.
    in_memory: bool = False
    # False for a one-shot stream: a second pass is a SourceError.
    can_reread: bool = True

    @abstractmethod
    def schema(self) -> Schema:
        """The columns, without reading rows."""

    @abstractmethod
    def _open(self, columns: Sequence[str]) -> Stream:
        """Batches of these columns, in this order, of types that the engine reads."""

    @property
    def base(self) -> Source:
        """The source that holds the rows: this one, unless it is a view of another."""
        return self

    def row_count(self) -> int | None:
        """Number of rows, or None where counting would cost a pass."""
        return None

    def expected_rows(self) -> int | None:
        """About how many rows there are, where that is known without a pass; it decides how a fit goes about, never what it gives."""
        return self.row_count()

    def block_rows(self) -> list[int] | None:
        """Rows of each block of the store, or None where there are no blocks."""
        return None

    def explain_sql(self) -> str | None:
        """The SQL that makes the rows, if any."""
        return None

    @property
    def needs_cache(self) -> bool:
        """True where reading again costs more than keeping decoded batches."""
        return not self.in_memory

    @property
    def file_name(self) -> str | None:
        """The path that printed results show, if the source is a file."""
        return None

    @property
    def data_name(self) -> str:
        """What printed results call the data, as in "Data: flights (RxParquetData Data Source)"."""
        return type(self).__name__

    @property
    def description(self) -> str:
        """The line that a printed model shows: "File name: …" or "Data: …"."""
        if self.file_name is not None:
            return f"File name: {self.file_name}"
        return f"Data: {self.data_name}"

    def select(
        self,
        row_selection: str | None = None,
        transforms: Mapping[str, str] | None = None,
    ) -> Source:
        """The source after transforms (new columns, which may replace old ones) and then row selection.

        Arguments:
            row_selection: an SQL expression; rows where it is true are kept.
            transforms: SQL expressions by the name of the column they make.
        Returns: a source; this one if there is nothing to do.
        Raises: SpecError if an expression cannot be read, uses what is not allowed, or an unknown column.

        Example:
            >>> import pandas as pd
            >>> from insitu.data import as_source
            >>> source = as_source(pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
            >>> source.select("x > 1", {"y": "x * 2"}).to_arrow()["y"].to_pylist()
            [4.0, 6.0]
        """
        if row_selection is None and not transforms:
            return self
        if not isinstance(transforms, Mapping | None):
            raise SpecError(
                f"transforms are SQL expressions by the name of the new column, {{name: expression}}, and were given "
                f"as {transforms!r}."
            )
        from .selected import SelectedSource

        return SelectedSource(self, row_selection, dict(transforms or {}))

    def stream(
        self,
        columns: Sequence[str] | None = None,
        row_selection: str | None = None,
        transforms: Mapping[str, str] | None = None,
    ) -> Stream:
        """Batches of the columns named (default: all that can be used), in that order.

        Raises: SpecError for an unknown column, DataError for one that cannot be used, SourceError if it cannot be read.
        """
        if row_selection is not None or transforms:
            return self.select(row_selection, transforms).stream(columns)
        schema = self.schema()
        if columns is None:
            columns = [column.name for column in schema if column.problem is None]
        schema.require(columns)
        return self._open(columns)

    def reading(self, purpose: str) -> AbstractContextManager[Any]:
        """A scope in which all that is read belongs to one state of the data, where the store can promise that.

        `purpose` says what for, as in "run linear": a database shows it beside the queries.
        """
        return nullcontext()

    def inside(
        self, columns: Sequence[str], computed: Computed | None = None, *, native: bool = False
    ) -> Inside:
        """These columns as one SELECT of the database that holds the rows; elsewhere the reason why there is none.

        Arguments:
            computed: columns and a selection to be computed of these. native: columns may keep types that only the
                database's own functions read.
        """
        return Inside(reason=f"{self.data_name} is not in a database")

    def read_error(self, message: str) -> Exception:
        """The sentence for a stream of this source that broke."""
        return SourceError(f"Reading {self.data_name} failed: {message.rstrip('.')}.")

    def to_arrow(self, columns: Sequence[str] | None = None, rows: int | None = None) -> pa.Table:
        """The rows (or the first few) as an Arrow table."""
        stream = self.stream(columns)
        reader = stream.reader()
        batches: list[pa.RecordBatch] = []
        left = rows
        try:
            for batch in stream.batches():
                if left is not None:
                    batch = batch.slice(0, left)
                    left -= batch.num_rows
                batches.append(batch)
                if left == 0:
                    break
            return pa.Table.from_batches(batches, reader.schema)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, SourceError):
                raise
            raise self.read_error(str(error)) from error
        finally:
            if left == 0:
                stream.cancel()
            stream.close()

    def head(self, num_rows: int = 6, report_progress: int | None = None) -> pd.DataFrame:
        """The first rows as a data frame."""
        from .frames import to_pandas

        return to_pandas(self.to_arrow(rows=num_rows), self.schema())

    def tail(self, num_rows: int = 6, report_progress: int | None = None) -> pd.DataFrame:
        """The last rows as a data frame (costs a pass)."""
        from .frames import to_pandas

        kept: list[pa.RecordBatch] = []
        held = 0
        for batch in self:
            kept.append(batch)
            held += batch.num_rows
            while kept and held - kept[0].num_rows >= num_rows:
                held -= kept.pop(0).num_rows
        if not kept:
            return self.head(0)
        table = pa.Table.from_batches(kept)
        return to_pandas(table.slice(max(0, table.num_rows - num_rows)), self.schema())

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Batches of the columns named (default: all that can be used).

        Example:
            >>> from insitu.data import as_source
            >>> [batch.num_rows for batch in as_source({"x": [1, 2]}).batches(["x"])]
            [2]
        """
        stream = self.stream(columns)
        try:
            yield from stream.batches()
        finally:
            stream.close()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches of all columns that can be used."""
        return self.batches()
