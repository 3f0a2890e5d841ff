"""Tables and queries of a database: RxSqlServerData, RxPostgresData and RxOdbcData."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..arguments import warn_unknown
from ..errors import SpecError
from .column_info import Plan
from .connections import (
    Database,
    Fields,
    PlannedColumn,
    Rows,
    parse_connection,
    without_secrets,
)
from .inside import Computed, Inside
from .source import Stream
from .typed import RxDataSource
from .types import unreadable

if TYPE_CHECKING:
    import duckdb


class RxOdbcData(RxDataSource):
    """A table or query of a database that a connection string leads to.

    Arguments:
        connection_string: `duckdb:///relative.duckdb`, `duckdb:////absolute.duckdb`, an open DuckDB connection, or
            PostgreSQL's `postgresql://user@host/database` or "host=… dbname=…".
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

    # Of queries, unless `dialect` says otherwise; None: the database's own.
    default_dialect: str | None = None

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
        self._target: Database | None = None
        self._rows: Rows | None = None
        self._found: Fields | None = None

    @property
    def connection_string(self) -> Any:
        """As it was given, without passwords."""
        given = self._connection_string
        return without_secrets(given) if isinstance(given, str) else given

    @property
    def target(self) -> Database:
        """The database."""
        if self._connection_string is None:
            raise SpecError(
                f"{type(self).__name__} needs a connection_string such as 'duckdb:///flights.duckdb'"
                " or 'postgresql://user@host/database'."
            )
        if self._target is None:
            self._target = parse_connection(self._connection_string)
        return self._target

    @property
    def rows(self) -> Rows:
        """The table or query, as its engine reads it."""
        if self._rows is None:
            target = self.target
            dialect = self.dialect or target.dialect
            self._rows = target.rows(self.table, self.sql_query, dialect)
        return self._rows

    @property
    def data_name(self) -> str:
        what = self.table if self.table is not None else "query"
        return f"{what} ({type(self).__name__} Data Source)"

    def explain_sql(self) -> str | None:
        return self.rows.sql()

    def reads(self, other: RxOdbcData) -> bool:
        """True if these rows come from the table that the other names, whatever its spelling."""
        if other.table is None or self.target.key != other.target.key:
            return False
        return self.rows.reads(other.table)

    def reading(self, purpose: str) -> AbstractContextManager[Any]:
        return self.target.reading(purpose)

    def _read_fields(self) -> Fields:
        if self._found is None:
            self._found = self.rows.fields()
        return self._found

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], Mapping[str, Sequence[str]]]:
        found = self._read_fields()
        return found.types, found.levels

    def plans(self) -> list[Plan]:
        """How each column is read; a type of the database that nobody reads is called by its own name."""
        what = self._read_fields().unreadable
        return [
            replace(plan, column=replace(plan.column, problem=unreadable(plan.raw, what[plan.raw])))
            if plan.raw in what
            else plan
            for plan in super().plans()
        ]

    def _scan(self, names: Sequence[str]) -> Stream:
        return self.rows.scan(names)

    def inside(
        self, columns: Sequence[str], computed: Computed | None = None, *, native: bool = False
    ) -> Inside:
        plans = {plan.column.name: plan for plan in self.plans()}
        needed = (
            dict.fromkeys(columns) if computed is None else dict.fromkeys(computed.needed(columns))
        )
        planned = [PlannedColumn(plans[n], self._info(plans[n].raw)) for n in needed]
        return self.rows.inside(columns, planned, computed, native)

    def _info(self, raw: str) -> Mapping[str, Any]:
        """What the user says of a raw column."""
        classes = {"type": self.column_classes[raw]} if raw in self.column_classes else {}
        return {**classes, **self.column_info.get(raw, {})}

    def read_error(self, message: str) -> Exception:
        return self.rows.read_error(message)

    def expected_rows(self) -> int | None:
        return self.rows.expected_rows()

    def row_count(self) -> int | None:
        """Rows, where the database knows them or counts them cheaply; None for a query."""
        return self.rows.row_count()

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
        connection_string: `duckdb:///flights.duckdb`, `postgresql://user@host/database` and the like; or `server`,
            `database_name`, `user` and `password`.
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


class RxPostgresData(RxOdbcData):
    """A table or query of a PostgreSQL server, with queries in its own SQL unless `dialect` says otherwise.

    Rows come as Arrow batches by binary COPY, in bounded memory. Enums are factors with their levels in order; numeric
    columns become doubles.

    Arguments:
        connection_string: `postgresql://user@host:5432/database`, or "host=… dbname=… user=…" as libpq reads it. A password
            may stand in it, in PGPASSWORD or in ~/.pgpass, and is never shown.
        table: a name, `schema.name`, or `[schema].[name]` where names hold dots.
        sql_query: one SELECT; exactly one of table and sql_query is given.
        column_info, column_classes, vars_to_keep, vars_to_drop: see `RxDataSource`.
    Raises: SpecError for arguments that contradict each other; SourceError when the database cannot be read.

    Example:
        >>> RxPostgresData("postgresql://me:secret@db.example.com/flights", table="flights")
        RxPostgresData(connection_string='postgresql://me:***@db.example.com/flights', table='flights')
    """

    default_dialect = "postgres"
