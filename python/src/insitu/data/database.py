"""Tables and queries of a database: RxSqlServerData, RxOdbcData, and DuckDB relations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from ..arguments import warn_unknown
from ..errors import SourceError, SpecError
from .connections import Target, close_connection, connect, parse_connection, without_secrets
from .queries import query_error, quoted, table_identifier, table_key, table_query, to_duckdb
from .source import Stream
from .typed import RxDataSource, watched_reader

# Rows of a batch: one row group of DuckDB. Smaller batches were no faster, a million rows cost memory.
BATCH_ROWS = 122_880


def relation_fields(
    relation: duckdb.DuckDBPyRelation,
) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
    """Names and Arrow types of a relation, and the levels of its ENUMs."""
    schema = schema_of(relation)
    levels: dict[str, Sequence[str]] = {}
    for name, kind in zip(relation.columns, relation.types, strict=True):
        if kind.id == "enum":
            levels[name] = [str(value) for value in dict(kind.children)["values"]]
    return [
        (name, field.type) for name, field in zip(relation.columns, schema, strict=True)
    ], levels


def schema_of(relation: duckdb.DuckDBPyRelation) -> pa.Schema:
    """The Arrow types of a relation's rows; none is read."""
    empty = relation.limit(0)
    table = (
        empty.to_arrow_table() if hasattr(empty, "to_arrow_table") else empty.fetch_arrow_table()
    )
    schema: pa.Schema = table.schema
    return schema


def reader_of(relation: duckdb.DuckDBPyRelation) -> pa.RecordBatchReader:
    """The relation's rows as Arrow batches, in the relation's order."""
    if hasattr(relation, "to_arrow_reader"):
        return relation.to_arrow_reader(BATCH_ROWS)
    return relation.fetch_record_batch(BATCH_ROWS)


def relation_stream(
    relation: duckdb.DuckDBPyRelation,
    items: str,
    explain: Callable[[str], Exception],
    connection: duckdb.DuckDBPyConnection | None = None,
) -> Stream:
    """Batches of a projection of a relation; `connection`, if it is ours, is closed with the stream."""
    chosen = relation.project(items)
    errors: list[BaseException] = []
    reader = lazy_reader(chosen, schema_of(chosen), explain, errors)
    if connection is None:
        # The user's connection, which DuckDB's relations know from 2.0 on: without it nothing can interrupt the query.
        owner = getattr(relation, "_con", None)
        cancel = None if owner is None else owner.interrupt
        return Stream(reader, cancel=cancel, keep=relation, errors=errors)
    keep = (relation, connection)

    def close() -> None:
        close_connection(connection)

    return Stream(reader, cancel=connection.interrupt, close=close, keep=keep, errors=errors)


def lazy_reader(
    relation: duckdb.DuckDBPyRelation,
    schema: pa.Schema,
    explain: Callable[[str], Exception],
    errors: list[BaseException],
) -> pa.RecordBatchReader:
    """The relation's batches; the query starts when the first is asked for."""
    return watched_reader(schema, lambda: reader_of(relation), explain, errors)


def listed(names: Sequence[str]) -> str:
    """Columns as a list of SQL."""
    return ", ".join(quoted(name) for name in names)


class RxOdbcData(RxDataSource):
    """A table or query of a database that a connection string leads to.

    Arguments:
        connection_string: `duckdb:///relative.duckdb`, `duckdb:////absolute.duckdb`, or an open DuckDB connection.
        table, sql_query: exactly one of the two. The query is one SELECT in the database's own dialect, unless
            `dialect` names another ("tsql", "postgres", …).
        column_info, column_classes, vars_to_keep, vars_to_drop: see `RxDataSource`.
        The other arguments of revoscalepy are accepted and have no effect.
    Raises: SpecError for arguments that contradict each other; SourceError when the database cannot be read.

    Example:
        >>> import duckdb
        >>> connection = duckdb.connect()
        >>> _ = connection.execute("create table t as select range x from range(3)")
        >>> RxOdbcData(connection, table="t").head()["x"].tolist()
        [0, 1, 2]
    """

    default_dialect = "duckdb"

    def __init__(
        self,
        connection_string: str | duckdb.DuckDBPyConnection | None = None,
        table: str | None = None,
        sql_query: str | None = None,
        dbms_name: str | None = None,
        database_name: str | None = None,
        use_fast_read: bool = True,
        trim_space: bool = True,
        row_buffering: bool = True,
        return_data_frame: bool = True,
        string_as_factors: bool = False,
        column_classes: Mapping[str, str] | None = None,
        column_info: Mapping[str, Mapping[str, Any]] | None = None,
        rows_per_read: int = 500_000,
        verbose: int = 0,
        write_factors_as_indexes: bool = False,
        *,
        dialect: str | None = None,
        vars_to_keep: Sequence[str] | None = None,
        vars_to_drop: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            column_info,
            column_classes=column_classes,
            vars_to_keep=vars_to_keep,
            vars_to_drop=vars_to_drop,
            strings_as_factors=string_as_factors,
        )
        warn_unknown(type(self).__name__, kwargs)
        if (table is None) == (sql_query is None):
            raise SpecError(f"{type(self).__name__} needs exactly one of table and sql_query.")
        self._connection_string = connection_string
        self.table = table
        self.sql_query = sql_query
        self.dialect = dialect or self.default_dialect
        self.rows_per_read = rows_per_read

    @property
    def connection_string(self) -> Any:
        """As it was given, without passwords."""
        given = self._connection_string
        return without_secrets(given) if isinstance(given, str) else given

    @property
    def target(self) -> Target:
        """The database."""
        if self._connection_string is None:
            raise SpecError(
                f"{type(self).__name__} needs a connection_string such as 'duckdb:///flights.duckdb'."
            )
        return parse_connection(self._connection_string)

    @property
    def data_name(self) -> str:
        what = self.table if self.table is not None else "query"
        return f"{what} ({type(self).__name__} Data Source)"

    def _relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        query = self.sql(connection)
        try:
            return connection.sql(query)
        except duckdb.Error as error:
            raise query_error(self.sql_query or query, error) from error

    def sql(self, connection: duckdb.DuckDBPyConnection) -> str:
        """The query that the database runs."""
        if self.sql_query is not None:
            return to_duckdb(self.sql_query, self.dialect)
        return table_query(connection, self.table or "")

    def explain_sql(self) -> str | None:
        connection = connect(self.target)
        try:
            return self.sql(connection)
        finally:
            connection.close()

    def reads(self, other: RxOdbcData) -> bool:
        """True if these rows come from the table that the other names, whatever its spelling."""
        if other.table is None or self.target.key != other.target.key:
            return False
        connection = connect(self.target)
        try:
            named = connection.get_table_names(self.sql(connection), qualified=True)
            tables = {table_key(exp.to_table(name, dialect="duckdb")) for name in named}
            return table_key(table_identifier(connection, other.table)) in tables
        except duckdb.Error as error:
            raise query_error(self.sql_query or f"table {self.table}", error) from error
        finally:
            connection.close()

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        connection = connect(self.target)
        try:
            return relation_fields(self._relation(connection))
        finally:
            connection.close()

    def _scan(self, names: Sequence[str]) -> Stream:
        connection = connect(self.target)
        try:
            return relation_stream(
                self._relation(connection), listed(names), self.read_error, connection
            )
        except duckdb.Error as error:
            connection.close()
            raise query_error(self.sql_query or f"table {self.table}", error) from error

    def read_error(self, message: str) -> SourceError:
        return query_error(self.sql_query or f"table {self.table}", message)

    def row_count(self) -> int | None:
        """Rows of a table, which the database knows; None for a query."""
        if self.table is None:
            return None
        connection = connect(self.target)
        try:
            return int(self._relation(connection).count("*").fetchall()[0][0])
        finally:
            connection.close()

    def _shown(self) -> dict[str, Any]:
        return {
            "connection_string": self.connection_string,
            "table": self.table,
            "sql_query": self.sql_query,
            **super()._shown(),
        }


class RxSqlServerData(RxOdbcData):
    """A table or query, with queries in T-SQL (`select top 10 …`) unless `dialect` says otherwise.

    Arguments:
        connection_string: `duckdb:///flights.duckdb` and the like; or `server`, `database_name`, `user` and `password`.
        table, sql_query: exactly one of the two.
        column_info, column_classes, vars_to_keep, vars_to_drop: see `RxDataSource`.
    Raises: SpecError for arguments that contradict each other; SourceError when the database cannot be read.

    Example:
        >>> import duckdb
        >>> connection = duckdb.connect()
        >>> _ = connection.execute("create table t as select range x from range(30)")
        >>> RxSqlServerData(connection, sql_query="select top 2 * from t").head()["x"].tolist()
        [0, 1]
    """

    default_dialect = "tsql"

    def __init__(
        self,
        connection_string: str | duckdb.DuckDBPyConnection | None = None,
        table: str | None = None,
        sql_query: str | None = None,
        row_buffering: bool = True,
        return_data_frame: bool = True,
        string_as_factors: bool = False,
        column_classes: Mapping[str, str] | None = None,
        column_info: Mapping[str, Mapping[str, Any]] | None = None,
        rows_per_read: int = 50_000,
        verbose: bool = False,
        use_fast_read: bool = True,
        server: str | None = None,
        database_name: str | None = None,
        user: str | None = None,
        password: str | None = None,
        write_factors_as_indexes: bool = False,
        *,
        dialect: str | None = None,
        vars_to_keep: Sequence[str] | None = None,
        vars_to_drop: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if connection_string is None and server is not None:
            pairs = {"Server": server, "Database": database_name, "Uid": user, "Pwd": password}
            connection_string = "Driver=SQL Server;" + ";".join(
                f"{k}={v}" for k, v in pairs.items() if v
            )
        super().__init__(
            connection_string,
            table,
            sql_query,
            string_as_factors=string_as_factors,
            column_classes=column_classes,
            column_info=column_info,
            rows_per_read=rows_per_read,
            dialect=dialect,
            vars_to_keep=vars_to_keep,
            vars_to_drop=vars_to_drop,
            **kwargs,
        )
