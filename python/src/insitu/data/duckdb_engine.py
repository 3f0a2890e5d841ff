"""DuckDB as an engine that connection strings lead to."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from ..errors import SourceError, SpecError
from .connections import Database, Fields, Rows
from .embedded import connect, listed, relation_fields, relation_stream
from .queries import query_error, table_identifier, table_key, table_query, to_duckdb
from .source import Stream

if TYPE_CHECKING:
    from .sinks import Sink


@dataclass(frozen=True)
class DuckDb(Database):
    """A database: a path, ":memory:" (this process's default database), ":memory:name", or an open connection."""

    path: str
    connection: duckdb.DuckDBPyConnection | None = None

    engine = "DuckDB"
    dialect = "duckdb"

    @property
    def key(self) -> object:
        if self.connection is not None:
            return _database_of(self.connection)
        return self.path

    def __str__(self) -> str:
        return f"duckdb:///{self.path}" if self.connection is None else "an open DuckDB connection"

    def rows(self, table: str | None, sql_query: str | None, dialect: str) -> Rows:
        return DuckDbRows(self, table, sql_query, dialect)

    def sink(self, target: Any, *, overwrite: bool, append: bool) -> Sink:
        from .duckdb_sink import TableSink

        return TableSink(target, self, overwrite=overwrite, append=append)


class DuckDbRows(Rows):
    """A table or query of a DuckDB database."""

    def __init__(
        self, database: DuckDb, table: str | None, sql_query: str | None, dialect: str
    ) -> None:
        self.database = database
        self._table = table
        self._query = sql_query
        self._dialect = dialect

    def _sql(self, connection: duckdb.DuckDBPyConnection) -> str:
        if self._query is not None:
            return to_duckdb(self._query, self._dialect)
        return table_query(connection, self._table or "")

    def relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The rows, on a connection to their database."""
        query = self._sql(connection)
        try:
            return connection.sql(query)
        except duckdb.Error as error:
            raise query_error(self._query or query, error) from error

    def sql(self) -> str:
        connection = connect(self.database)
        try:
            return self._sql(connection)
        finally:
            connection.close()

    def fields(self) -> Fields:
        connection = connect(self.database)
        try:
            return Fields(*relation_fields(self.relation(connection)))
        finally:
            connection.close()

    def scan(self, names: Sequence[str]) -> Stream:
        connection = connect(self.database)
        try:
            return relation_stream(
                self.relation(connection), listed(names), self.read_error, connection
            )
        except duckdb.Error as error:
            connection.close()
            raise self.read_error(str(error)) from error

    def row_count(self) -> int | None:
        if self._table is None:
            return None
        connection = connect(self.database)
        try:
            return int(self.relation(connection).count("*").fetchall()[0][0])
        finally:
            connection.close()

    def reads(self, table: str) -> bool:
        connection = connect(self.database)
        try:
            named = connection.get_table_names(self._sql(connection), qualified=True)
            tables = {table_key(exp.to_table(name, dialect="duckdb")) for name in named}
            return table_key(table_identifier(connection, table)) in tables
        except duckdb.Error as error:
            raise self.read_error(str(error)) from error
        finally:
            connection.close()

    def read_error(self, message: str) -> SourceError:
        return query_error(self._query or f"table {self._table}", message)


def database(connection: object) -> DuckDb:
    """The database that `duckdb:///…` or an open connection leads to."""
    if isinstance(connection, duckdb.DuckDBPyConnection):
        return DuckDb("", connection)
    text = str(connection)
    return DuckDb(_path(urllib.parse.unquote(text.partition("://")[2]), text))


def _database_of(connection: duckdb.DuckDBPyConnection) -> object:
    try:
        row = (
            connection.cursor()
            .execute("select path from duckdb_databases() where database_name = current_database()")
            .fetchall()
        )
    except duckdb.Error:
        row = []
    return str(Path(row[0][0]).resolve()) if row and row[0][0] else id(connection)


def _path(rest: str, connection: str) -> str:
    # duckdb:///relative.duckdb and duckdb:////absolute.duckdb, as SQLAlchemy has it.
    if not rest.startswith("/") or rest == "/":
        raise SpecError(
            f"{connection!r} names no file: write duckdb:///relative.duckdb or duckdb:////absolute/path.duckdb."
        )
    path = rest[1:].split("?", 1)[0]
    return path if path.startswith(":memory:") else str(Path(path).expanduser().resolve())
