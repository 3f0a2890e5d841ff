"""Tables of DuckDB databases as targets: each is written in one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from ..errors import SourceError, SpecError
from .connections import first_line
from .database import RxOdbcData
from .duckdb_engine import DuckDb
from .embedded import connect, schema_of
from .queries import table_identifier
from .sinks import check_types, other_columns

_ROWS = "insitu_rows"


class TableSink:
    """A table of a DuckDB database, written in one transaction."""

    def __init__(
        self, target: RxOdbcData, database: DuckDb, *, overwrite: bool = False, append: bool = False
    ) -> None:
        self._target = target
        self._database = database
        self._overwrite = overwrite
        self._append = append
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._done = False

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Holds the database open for writing; a file that was made for nothing is removed."""
        target = self._database
        file = Path(target.path) if target.connection is None and target.path[:1] != ":" else None
        new = file is not None and not file.exists()
        self._connection = connect(target, write=True)
        try:
            if self._exists(self._connection) and not (self._overwrite or self._append):
                raise SpecError(
                    f"The table {self._target.table!r} exists: set overwrite=True to replace it, or append='rows'."
                )
            yield
        finally:
            self._connection.close()
            self._connection = None
            if new and file is not None and not self._done:
                for made in (file, Path(f"{file}.wal")):
                    made.unlink(missing_ok=True)

    def _exists(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """True if the name leads to a table, as the database itself resolves it."""
        name = table_identifier(connection, self._target.table or "").sql(dialect="duckdb")
        try:
            connection.execute("select count(*) from pragma_table_info(?)", [name]).fetchall()
        except duckdb.CatalogException:
            return False
        return True

    def _statement(self, connection: duckdb.DuckDBPyConnection, now: pa.Schema) -> exp.Expression:
        """What adds the registered rows to the table, or makes it of them."""
        table = table_identifier(connection, self._target.table or "")
        rows = exp.select("*").from_(exp.to_identifier(_ROWS, quoted=True))
        if self._append and self._exists(connection):
            self._check_columns(connection, table, now)
            return exp.Insert(this=table, expression=rows, by_name=True)
        return exp.Create(this=table, kind="TABLE", expression=rows, replace=True)

    def _check_columns(
        self, connection: duckdb.DuckDBPyConnection, table: exp.Table, now: pa.Schema
    ) -> None:
        """SpecError unless the rows to append fit: DuckDB would fill gaps with nulls and round to whole numbers."""
        before = schema_of(connection.sql(exp.select("*").from_(table).sql(dialect="duckdb")))
        if sorted(before.names) != sorted(now.names):
            raise other_columns(f"table {self._target.table!r}", before.names, now)
        check_types(f"table {self._target.table!r}", before, now)

    def write(self, reader: pa.RecordBatchReader) -> RxOdbcData:
        """The table as a source."""
        connection = self._connection
        if connection is None:
            raise SpecError("The table was not opened.")
        try:
            statement = self._statement(connection, reader.schema)
            connection.register(_ROWS, reader)
            connection.begin()
            connection.execute(statement.sql(dialect="duckdb"))
            connection.commit()
            self._done = True
        except BaseException as error:
            with contextlib.suppress(duckdb.Error):
                connection.rollback()
            if isinstance(error, duckdb.Error):
                raise SourceError(
                    f"The table {self._target.table!r} cannot be written: {first_line(error)}; it is as it was."
                ) from error
            raise
        finally:
            with contextlib.suppress(duckdb.Error):
                connection.unregister(_ROWS)
        return self._target
