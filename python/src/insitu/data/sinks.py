"""Where rows go: each target appears whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from sqlglot import exp

from ..errors import SourceError, SpecError
from ..options import RxOptions
from .connections import connect, first_line
from .database import RxOdbcData
from .files import RxFileData
from .parquet import RxParquetData
from .queries import table_identifier
from .text import RxTextData

# Rows of a row group: large enough to read fast, small enough to hold a few.
ROW_GROUP = 1 << 17
_ROWS = "insitu_rows"


class Sink(Protocol):
    """Takes a reader to its end and gives what the user gets: a frame, or the source that was written."""

    def opened(self) -> AbstractContextManager[Any]:
        """Opens the target; entered before the source is read."""
        ...

    def write(self, reader: pa.RecordBatchReader) -> Any: ...


class FileSink:
    """A Parquet or CSV file, written under another name beside its place and renamed when it is whole."""

    def __init__(self, path: str, target: RxFileData) -> None:
        self._path = Path(path)
        self._target = target
        self._part = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex[:8]}.part")

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Removes the unfinished file, whatever happens."""
        if not self._path.parent.is_dir():
            raise SourceError(
                f"The directory {str(self._path.parent)!r} does not exist: create it first."
            )
        try:
            yield
        finally:
            with suppress(OSError):
                self._part.unlink()

    def write(self, reader: pa.RecordBatchReader) -> RxFileData:
        """The file as a source."""
        try:
            writer = self._writer(reader.schema)
        except OSError as error:
            raise self._failed(error) from error
        try:
            for batch in reader:
                self._put(writer, batch)
            self._guard(writer.close)
        except BaseException:
            with suppress(pa.ArrowException, OSError):
                writer.close()
            raise
        self._guard(lambda: os.replace(self._part, self._path))
        return self._target

    def _writer(self, schema: pa.Schema) -> Any:
        if isinstance(self._target, RxTextData):
            return pa_csv.CSVWriter(str(self._part), schema)
        return pq.ParquetWriter(str(self._part), schema)

    def _put(self, writer: Any, batch: pa.RecordBatch) -> None:
        if isinstance(writer, pq.ParquetWriter):
            self._guard(lambda: writer.write_batch(batch, row_group_size=ROW_GROUP))
        else:
            self._guard(lambda: writer.write_batch(batch))

    def _guard(self, action: Any) -> None:
        try:
            action()
        except (OSError, pa.ArrowException) as error:
            raise self._failed(error) from error

    def _failed(self, error: BaseException) -> SourceError:
        failure = SourceError(
            f"The file {str(self._path)!r} cannot be written: {first_line(error)}; nothing was left behind."
        )
        failure.written = True  # type: ignore[attr-defined]
        return failure


class TableSink:
    """A DuckDB table, replaced, made or appended to in one transaction."""

    def __init__(self, target: RxOdbcData, append: bool, overwrite: bool) -> None:
        self._target = target
        self._append = append
        self._overwrite = overwrite
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Holds the database open for writing."""
        self._connection = connect(self._target.target, write=True)
        try:
            self._refuse_existing(self._connection)
            yield
        finally:
            self._connection.close()
            self._connection = None

    def _exists(self, connection: duckdb.DuckDBPyConnection) -> bool:
        table = table_identifier(connection, self._target.table or "")
        found = connection.execute(
            "select count(*) from information_schema.tables where lower(table_name) = lower(?)",
            [table.name],
        ).fetchone()
        return found is not None and found[0] > 0

    def _refuse_existing(self, connection: duckdb.DuckDBPyConnection) -> None:
        if not self._append and not self._overwrite and self._exists(connection):
            raise SpecError(
                f"The table {self._target.table!r} exists: set overwrite=True to replace it, or append='rows'."
            )

    def write(self, reader: pa.RecordBatchReader) -> RxOdbcData:
        """The table as a source."""
        connection = self._connection
        if connection is None:
            raise SpecError("The table was not opened.")
        rows = exp.select("*").from_(exp.to_identifier(_ROWS, quoted=True))
        table = table_identifier(connection, self._target.table or "")
        if self._append and self._exists(connection):
            statement: exp.Expression = exp.Insert(this=table, expression=rows)
        else:
            statement = exp.Create(this=table, kind="TABLE", expression=rows, replace=True)
        connection.register(_ROWS, reader)
        try:
            connection.begin()
            connection.execute(statement.sql(dialect="duckdb"))
            connection.commit()
        except BaseException as error:
            with suppress(duckdb.Error):
                connection.rollback()
            if isinstance(error, duckdb.Error):
                failure = SourceError(
                    f"The table {self._target.table!r} cannot be written: {first_line(error)}; it is as it was."
                )
                raise failure from error
            raise
        finally:
            with suppress(duckdb.Error):
                connection.unregister(_ROWS)
        return self._target


def as_sink(output_data: object, *, overwrite: bool = False, append: str | None = None) -> Sink:
    """The sink for a path or a source (RxParquetData, RxTextData, RxSqlServerData …).

    Raises: SpecError for what cannot be written, or exists and may not be replaced.
    """
    rows = append == "rows"
    if isinstance(output_data, (str, os.PathLike)):
        name = os.fspath(output_data)
        text = name.lower().endswith(RxTextData.suffixes)
        output_data = RxTextData(name) if text else RxParquetData(name)
    if isinstance(output_data, RxOdbcData):
        if output_data.table is None:
            raise SpecError("output_data names a query: name a table to write to.")
        return TableSink(output_data, rows, overwrite)
    if not isinstance(output_data, RxFileData) or not isinstance(output_data.file, str):
        raise SpecError(
            f"Rows cannot be written to {output_data!r}: name a Parquet or CSV path, or a table of a database."
        )
    if rows:
        raise SpecError(
            "append='rows' is for tables: a file is written whole; write another file of the same directory."
        )
    path = _output_path(output_data.file)
    if os.path.exists(path) and not overwrite:
        raise SpecError(f"The file {path!r} exists: set overwrite=True to replace it.")
    return FileSink(path, type(output_data)(path))


def _output_path(name: str) -> str:
    """Where a file goes: relative paths lie in the first directory of the option OutDataPath that exists."""
    path = Path(name).expanduser()
    if path.is_absolute():
        return str(path)
    option = RxOptions.get_option("OutDataPath")
    for base in [option] if isinstance(option, str) else list(option or []):
        if base != "." and Path(base).is_dir():
            return str(Path(base) / path)
    return str(path)
