"""Where rows go: each target appears whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, islice
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from ..errors import SourceError, SpecError
from ..options import RxOptions
from .connections import first_line
from .database import RxOdbcData
from .files import RxFileData
from .frames import to_pandas
from .parquet import RxParquetData
from .source import Source
from .text import RxTextData
from .types import is_decimal, is_text

# Rows of a row group: large enough to compress and to skip, small enough for memory.
GROUP_ROWS = 1 << 19


class Sink(Protocol):
    """Takes a reader to its end and gives what the user gets: a frame, or the source that was written."""

    def opened(self) -> AbstractContextManager[Any]:
        """Opens the target; entered before the source is read, and left when the rows are written or have failed."""
        ...

    def write(self, reader: pa.RecordBatchReader) -> Any: ...


class _Unopened:
    """What sinks share that need no preparation."""

    def opened(self) -> AbstractContextManager[Any]:
        """Nothing to open."""
        return contextlib.nullcontext()


class ArrowSink(_Unopened):
    """Gathers rows in an Arrow table."""

    def write(self, reader: pa.RecordBatchReader) -> pa.Table:
        """The rows as a table."""
        return reader.read_all()


class PandasSink(_Unopened):
    """Gathers rows in a pandas frame."""

    def write(self, reader: pa.RecordBatchReader) -> Any:
        """The rows as a frame."""
        return to_pandas(reader.read_all())


class ParquetSink(_Unopened):
    """One Parquet file: written beside its place, then renamed into it."""

    def __init__(self, path: str, *, append: bool = False, result: Any = None) -> None:
        self._path = path
        self._append = append
        self._result = result

    def write(self, reader: pa.RecordBatchReader) -> Any:
        """The file as a source."""
        if self._append and os.path.exists(self._path):
            with writing(self._path):
                before = pq.ParquetFile(self._path)
            with before:
                what, schema = f"file {self._path!r}", before.schema_arrow
                if schema.names != reader.schema.names:
                    raise other_columns(what, schema.names, reader.schema)
                check_types(what, schema, reader.schema)
                self._write(chain(self._groups_of(before), _groups(reader)), schema)
        else:
            self._write(_groups(reader), reader.schema)
        return RxParquetData(self._path) if self._result is None else self._result

    def _groups_of(self, before: pq.ParquetFile) -> Iterator[pa.Table]:
        for i in range(before.num_row_groups):
            with writing(self._path):
                group = before.read_row_group(i)
            yield group

    def _write(self, groups: Iterable[pa.Table], schema: pa.Schema) -> None:
        # Text repeats, numbers rarely do: a dictionary of doubles would be built in vain.
        texts = [f.name for f in schema if is_text(f.type) or pa.types.is_dictionary(f.type)]
        with replacing(self._path) as temporary:
            with writing(self._path):
                # The Arrow schema is not stored: how batches happened to be encoded is no property of the data.
                writer = pq.ParquetWriter(
                    temporary, schema, use_dictionary=texts, store_schema=self._append
                )
            try:
                for table in groups:
                    with writing(self._path):
                        writer.write_table(_as_schema(table, schema))
            finally:
                with writing(self._path):
                    writer.close()


class TextSink(_Unopened):
    """One text file: written beside its place, then renamed into it; missing values are empty."""

    def __init__(
        self, path: str, *, append: bool = False, result: RxTextData | None = None
    ) -> None:
        self._path = path
        self._append = append
        self._result = result

    def write(self, reader: pa.RecordBatchReader) -> Any:
        """The file as a source."""
        before = self._append and os.path.exists(self._path) and os.path.getsize(self._path) > 0
        options = self._options(include_header=not before)
        if before:
            with writing(self._path):
                self._check_columns(reader.schema, options.delimiter)
        with (
            replacing(self._path) as temporary,
            writing(self._path),
            pa.output_stream(temporary, compression=self._compression()) as target,
        ):
            if before:
                self._copy_before(target)
            with pacsv.CSVWriter(target, _plain(reader.schema), write_options=options) as writer:
                for table in _groups(reader):
                    writer.write_table(_as_schema(table, _plain(reader.schema)))
        return RxTextData(self._path) if self._result is None else self._result

    def _check_columns(self, now: pa.Schema, delimiter: str) -> None:
        """SpecError unless the first line of the target names these columns, or has as many fields and no names."""
        given = {} if self._result is None else self._result.options
        with pa.input_stream(self._path) as source:
            text = io.TextIOWrapper(source, "utf-8-sig", errors="replace", newline="")
            lines = islice(text, given.get("skip", 0), None)
            line = next(lines, "")
            first = next(csv.reader(chain([line], lines), delimiter=delimiter), [])
        if line.endswith(("\r", "\r\n")):
            raise SpecError(
                f"The lines of the file {self._path!r} end in a carriage return, and appended rows would not: write"
                " a new file."
            )
        before = first if given.get("header", True) else [f"V{i + 1}" for i in range(len(first))]
        if before != now.names and (before is first or len(before) != len(now)):
            raise other_columns(f"file {self._path!r}", before, now)

    def _copy_before(self, target: pa.NativeFile) -> None:
        """Copies the rows there are, and ends the last line if nothing does."""
        last = b""
        with pa.input_stream(self._path) as source:
            while block := source.read(1 << 20):
                target.write(block)
                last = block[-1:]
        if last != b"\n":
            target.write(b"\n")

    def _options(self, include_header: bool) -> pacsv.WriteOptions:
        """How the target is read is how it is written."""
        given = {} if self._result is None else self._result.options
        if given.get("decimal_separator", ".") != "." or given.get("encoding", "utf-8") != "utf-8":
            raise SpecError("CSV files are written with decimal points and in UTF-8.")
        tabs = ".tsv" in os.path.basename(self._path).lower()
        return pacsv.WriteOptions(
            include_header=include_header and given.get("header", True),
            delimiter=given.get("delim", "\t" if tabs else ","),
        )

    def _compression(self) -> str | None:
        return {".gz": "gzip", ".zst": "zstd"}.get(os.path.splitext(self._path)[1].lower())


def as_sink(output_data: Any, *, overwrite: bool = False, append: str | None = None) -> Sink:
    """The sink for what users name as output.

    Arguments:
        output_data: None gives a pandas frame; a path ending in .parquet or .csv, RxParquetData, RxTextData, or a table
            (RxSqlServerData, RxPostgresData, RxOdbcData) is written.
        overwrite: replace a target that exists; without effect where rows are appended.
        append: "rows" adds to it; None and "none" make a new one.
    Raises: SpecError if the target exists and neither is given, or is nothing that can be written.

    Example:
        >>> as_sink(None).write(pa.table({"x": [1.5]}).to_reader())["x"].tolist()
        [1.5]
    """
    if append not in (None, "none", "rows"):
        raise SpecError(f"append is 'none' or 'rows', and was given as {append!r}.")
    rows = append == "rows"
    if output_data is None:
        return PandasSink()
    if isinstance(output_data, RxOdbcData):
        if output_data.table is None:
            raise SpecError("output_data names a query: name a table to write to.")
        return output_data.target.sink(output_data, overwrite=overwrite, append=rows)
    given = getattr(output_data, "file", output_data)
    if not isinstance(given, (str, os.PathLike)):
        raise SpecError(
            f"output_data of type {type(output_data).__name__} cannot be written: give a path or a data source."
        )
    path = _output_path(os.fspath(given))
    if os.path.isdir(path):
        raise SpecError(f"{path!r} is a directory: name a file in it.")
    if os.path.exists(path) and not (overwrite or rows):
        raise SpecError(
            f"The file {path!r} exists: give overwrite=True to replace it or append='rows' to add to it."
        )
    result = None if isinstance(output_data, (str, os.PathLike)) else output_data
    lower = path.lower()
    if isinstance(output_data, RxParquetData) or (
        result is None and lower.endswith(RxParquetData.suffixes)
    ):
        return ParquetSink(path, append=rows, result=result)
    if isinstance(output_data, RxTextData) or (
        result is None and lower.endswith(RxTextData.suffixes)
    ):
        return TextSink(path, append=rows, result=result)
    raise SpecError(
        f"{path!r} cannot be written: name a file that ends in .parquet or .csv, or a table of a database."
    )


def refuse_input(output_data: Any, source: Source) -> None:
    """SpecError if the target is among the data themselves: a file of a set, or a table that a query reads."""
    base = source.base
    if isinstance(output_data, RxOdbcData):
        same = isinstance(base, RxOdbcData) and base.reads(output_data)
    else:
        path = getattr(output_data, "file", output_data)
        same = (
            isinstance(path, (str, os.PathLike))
            and isinstance(base, RxFileData)
            and os.path.realpath(_output_path(os.fspath(path)))
            in map(os.path.realpath, base.paths())
        )
    if same:
        raise SpecError(
            "The target is the data themselves: name another one; insitu never writes into its input."
        )


def _output_path(path: str) -> str:
    """Relative paths go to the first directory of the option OutDataPath that exists."""
    if os.path.isabs(os.path.expanduser(path)):
        return os.path.expanduser(path)
    option = RxOptions.get_option("OutDataPath")
    bases = [option] if isinstance(option, str) else list(option or ["."])
    base = next((base for base in bases if os.path.isdir(base)), ".")
    return path if base == "." else os.path.join(base, path)


@contextmanager
def replacing(path: str) -> Iterator[str]:
    """A temporary path beside `path` that takes its place at the end, and is removed if anything fails."""
    folder, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise SourceError(f"There is no directory {folder!r} to write {name!r} to.")
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(6)}.tmp")
    try:
        yield temporary
        with writing(path):
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Turns what goes wrong in writing into a sentence."""
    try:
        yield
    except SourceError:
        raise
    except (OSError, pa.ArrowException, csv.Error) as error:
        reason = (
            os.strerror(error.errno)
            if isinstance(error, OSError) and error.errno
            else first_line(error)
        )
        raise SourceError(
            f"Writing {path!r} failed: {reason}; what was there before is unchanged."
        ) from error


def _groups(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Batches gathered to row groups; one empty table if there are no rows."""
    held: list[pa.RecordBatch] = []
    rows = given = 0
    for batch in reader:
        held.append(batch)
        rows += batch.num_rows
        if rows >= GROUP_ROWS:
            yield pa.Table.from_batches(held, reader.schema)
            held, rows = [], 0
            given += 1
    if held or given == 0:
        yield pa.Table.from_batches(held, reader.schema)


def other_columns(what: str, before: list[str], now: pa.Schema) -> SpecError:
    return SpecError(
        f"The columns of the {what} are {before}, and those to append are {now.names}: they must match."
    )


def check_types(what: str, before: pa.Schema, now: pa.Schema) -> None:
    """SpecError unless the columns to append are of the kinds that are there: whole numbers are numbers, all is text."""
    for field in now:
        held = before.field(field.name).type
        kinds = _kind(held), _kind(field.type)
        if kinds[0] not in ("text", kinds[1]) and kinds != ("number", "whole number"):
            raise SpecError(
                f"Column {field.name!r} of the {what} holds {held}, and the rows to append {field.type}: make them of"
                " one type."
            )


def _kind(arrow_type: pa.DataType) -> str:
    """What values are to one who appends them: widths and encodings do not count."""
    if is_text(arrow_type) or pa.types.is_dictionary(arrow_type):
        return "text"
    if pa.types.is_integer(arrow_type):
        return "whole number"
    if pa.types.is_floating(arrow_type) or is_decimal(arrow_type):
        return "number"
    return "time" if pa.types.is_temporal(arrow_type) else str(arrow_type).partition("<")[0]


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema with dictionaries as text, which CSV needs."""
    return pa.schema(
        [(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in schema]
    )


def _as_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table if table.schema == schema else table.cast(schema)
