"""Connection strings: which engine one leads to, and what every engine can do.

An engine is a module `<name>_engine` of this package with one function, `database(connection) -> Database`. It is imported when
the first connection string asks for it.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb
import pyarrow as pa

from ..errors import SourceError, SpecError
from .inside import Computed, Inside

if TYPE_CHECKING:
    from .column_info import Plan
    from .sinks import Sink
    from .source import Stream

# Engines that connection strings may name, by the module that serves each.
_SCHEMES = {"duckdb": "duckdb", "postgresql": "postgres", "postgres": "postgres"}
# Keywords that begin a connection string of libpq, such as "host=localhost dbname=flights".
_LIBPQ = re.compile(
    r"\s*(host|hostaddr|port|dbname|user|password|passfile|service|sslmode|connect_timeout|options|application_name)\s*="
)
_OTHER = {"mssql": "SQL Server", "sqlite": "SQLite", "mysql": "MySQL"}
_AVAILABLE = "this version reads DuckDB databases, by duckdb:///path/to/file.duckdb, and PostgreSQL, by postgresql://user@host/database"
_SECRET = re.compile(
    r"(?i)\b(pwd|(?:ssl)?password|token|secret|motherduck_token)\s*=\s*"
    r"(\{[^}]*\}?|'(?:[^'\\]|\\.)*'?|[^;&\s]*)"
)


@dataclass(frozen=True)
class Fields:
    """The columns of a table or query: names and Arrow types, levels that the database gives, and types that nobody reads."""

    types: list[tuple[str, pa.DataType]]
    levels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedColumn:
    """A column that is wanted, how it is read, and its entry in column_info."""

    plan: Plan
    info: Mapping[str, Any]


class Rows(ABC):
    """A table or a query of one database, as a source reads it."""

    @abstractmethod
    def sql(self) -> str:
        """The query that the database runs for all columns."""

    @abstractmethod
    def fields(self) -> Fields:
        """The columns, without reading rows."""

    @abstractmethod
    def scan(self, names: Sequence[str]) -> Stream:
        """Batches of these columns, in this order."""

    @abstractmethod
    def row_count(self) -> int | None:
        """Number of rows, or None where counting would cost a pass."""

    def expected_rows(self) -> int | None:
        """About how many rows there are, where that costs no pass."""
        return self.row_count()

    @abstractmethod
    def reads(self, table: str) -> bool:
        """True if these rows come from the table of that name, whatever its spelling."""

    @abstractmethod
    def read_error(self, message: str) -> Exception:
        """The sentence for a stream of these rows that broke."""

    def inside(
        self,
        columns: Sequence[str],
        planned: Sequence[PlannedColumn],
        computed: Computed | None,
        native: bool,
    ) -> Inside:
        """See `Source.inside`; an engine that is this process, or computes nothing for us, has no such query."""
        return Inside(reason="its rows are read by this process")

    def stream(self, inside: Inside) -> Stream:
        """The rows of a query that `inside` gave."""
        raise SpecError("These rows are not in a database that computes them.")


class Database(ABC):
    """What a connection string leads to. Two of them are one database exactly when their keys are equal."""

    engine: ClassVar[str]
    # sqlglot's name of the language in which queries are written unless something else is said.
    dialect: ClassVar[str]

    @property
    @abstractmethod
    def key(self) -> object:
        """Equal for two strings exactly when they lead to one database."""

    @abstractmethod
    def rows(self, table: str | None, sql_query: str | None, dialect: str) -> Rows:
        """What one of the two names; nothing is connected yet."""

    @abstractmethod
    def sink(self, target: Any, *, overwrite: bool, append: bool) -> Sink:
        """Where the rows for `target.table` go; its `write` gives `target`."""

    def reading(self, purpose: str) -> AbstractContextManager[Any]:
        """A scope in which everything that is read of the database belongs to one state of it."""
        return contextlib.nullcontext()


def engine_of(connection: object) -> str | None:
    """The module that serves a connection string (or an open DuckDB connection); None for none.

    Example:
        >>> engine_of("postgresql://me@host/db"), engine_of("host=localhost dbname=db"), engine_of("flights")
        ('postgres', 'postgres', None)
    """
    if isinstance(connection, duckdb.DuckDBPyConnection):
        return "duckdb"
    if not isinstance(connection, str):
        return None
    scheme, colon, _ = connection.partition("://")
    scheme = scheme.strip().lower().split("+")[0]
    if colon and scheme.isalpha():
        return _SCHEMES.get(scheme)
    return "postgres" if _LIBPQ.match(connection) and ";" not in connection else None


def parse_connection(connection: object) -> Database:
    """What a connection string (or an open DuckDB connection) leads to.

    Raises: SpecError for what is no connection string, SourceError for an engine that this version cannot reach.

    Example:
        >>> parse_connection("duckdb:///flights.duckdb").engine
        'DuckDB'
    """
    name = engine_of(connection)
    if name is not None:
        module = importlib.import_module(f".{name}_engine", __package__)
        found: Database = module.database(connection)
        return found
    if not isinstance(connection, str):
        raise SpecError(
            f"A connection string is text such as 'duckdb:///flights.duckdb', not {type(connection).__name__}."
        )
    scheme = connection.partition("://")[0].lower().split("+")[0]
    if "://" in connection and scheme in _OTHER:
        raise SourceError(
            f"{_OTHER[scheme]} is not available yet as a place to compute or read ({without_secrets(connection)}):"
            f" {_AVAILABLE}."
        )
    if "=" in connection:
        raise SourceError(
            f"ODBC is not available yet ({without_secrets(connection)}): {_AVAILABLE}."
        )
    raise SpecError(
        f"{without_secrets(connection)!r} is no connection string: write for example 'duckdb:///flights.duckdb'"
        " or 'postgresql://user@host/database'."
    )


def without_secrets(text: str) -> str:
    """A connection string as it may be shown.

    Example:
        >>> without_secrets("Driver=SQL Server;Server=.;Uid=me;Pwd={a;b}")
        'Driver=SQL Server;Server=.;Uid=me;Pwd=***'
        >>> without_secrets("postgresql://me:secret@host/db")
        'postgresql://me:***@host/db'
    """
    text = _SECRET.sub(lambda match: f"{match[1]}=***", text)
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", text)


def first_line(text: object) -> str:
    """An engine's message as part of a sentence: its first line, without the name of the error's class."""
    line = without_secrets(str(text)).strip().split("\n")[0]
    return re.sub(r"^[A-Za-z ]+ Error: ", "", line).rstrip(".! ")
