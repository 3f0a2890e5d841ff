"""Connection strings, and DuckDB databases opened as politely as possible."""

from __future__ import annotations

import re
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ..errors import SourceError, SpecError

_OTHER = {
    "postgresql": "PostgreSQL",
    "postgres": "PostgreSQL",
    "mssql": "SQL Server",
    "sqlite": "SQLite",
    "mysql": "MySQL",
}
_AVAILABLE = "this version reads DuckDB databases, by duckdb:///path/to/file.duckdb"
_SECRET = re.compile(
    r"(?i)\b(pwd|password|token|secret|motherduck_token)\s*=\s*(\{[^}]*\}?|[^;&\s]*)"
)


@dataclass(frozen=True)
class Target:
    """A database: a path, ":memory:" (this process's default database), ":memory:name", or an open connection."""

    path: str
    connection: duckdb.DuckDBPyConnection | None = None

    @property
    def key(self) -> object:
        """Equal for two targets exactly when they are one database."""
        if self.connection is not None:
            return _database_of(self.connection)
        return self.path

    def __str__(self) -> str:
        return f"duckdb:///{self.path}" if self.connection is None else "an open DuckDB connection"


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


def parse_connection(connection: object) -> Target:
    """What a connection string (or an open DuckDB connection) leads to.

    Raises: SpecError for what is no connection string, SourceError for an engine that this version cannot reach.

    Example:
        >>> parse_connection("duckdb:///flights.duckdb").path.endswith("/flights.duckdb")
        True
    """
    if isinstance(connection, duckdb.DuckDBPyConnection):
        return Target("", connection)
    if not isinstance(connection, str):
        raise SpecError(
            f"A connection string is text such as 'duckdb:///flights.duckdb', not {type(connection).__name__}."
        )
    scheme, colon, rest = connection.partition("://")
    if colon and scheme.lower() == "duckdb":
        return Target(_path(urllib.parse.unquote(rest), connection))
    if colon and scheme.lower().split("+")[0] in _OTHER:
        engine = _OTHER[scheme.lower().split("+")[0]]
        raise SourceError(
            f"{engine} is not available yet as a place to compute or read ({without_secrets(connection)}): {_AVAILABLE}."
        )
    if "=" in connection:
        raise SourceError(
            f"ODBC is not available yet ({without_secrets(connection)}): {_AVAILABLE}."
        )
    raise SpecError(
        f"{without_secrets(connection)!r} is no connection string: write for example 'duckdb:///flights.duckdb'."
    )


def _path(rest: str, connection: str) -> str:
    # duckdb:///relative.duckdb and duckdb:////absolute.duckdb, as SQLAlchemy has it.
    if not rest.startswith("/") or rest == "/":
        raise SpecError(
            f"{connection!r} names no file: write duckdb:///relative.duckdb or duckdb:////absolute/path.duckdb."
        )
    path = rest[1:].split("?", 1)[0]
    return path if path.startswith(":memory:") else str(Path(path).expanduser().resolve())


def connect(target: Target, *, write: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection of our own to a database; close it after use.

    A file is opened read-only unless `write`; one that this process has open already is shared as it was opened.
    Raises: SourceError with the reason: no such file, no database, locked (and by whom).
    """
    if target.connection is not None:
        return _quiet(target.connection.cursor())
    if target.path == ":memory:":
        return _quiet(duckdb.connect(":default:").cursor())
    if target.path.startswith(":memory:"):
        return _quiet(duckdb.connect(target.path))
    if not write and not Path(target.path).exists():
        raise SourceError(
            f"There is no database file {target.path!r}: check the path in the connection string."
        )
    modes: list[dict[str, Any]] = (
        [{"read_only": False}] if write else [{"read_only": True}, {"read_only": False}]
    )
    for mode in modes:
        try:
            return _quiet(duckdb.connect(target.path, **mode))
        except duckdb.Error as error:
            if "different configuration" in str(error) and mode is not modes[-1]:
                continue
            raise open_error(target.path, error) from error
    raise AssertionError("unreachable")


def scratch() -> duckdb.DuckDBPyConnection:
    """A connection of our own to a database in memory."""
    return _quiet(duckdb.connect())


def _quiet(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Without DuckDB's own progress bar, which would print anywhere."""
    connection.execute("SET enable_progress_bar = false")
    return connection


def close_connection(connection: duckdb.DuckDBPyConnection) -> None:
    """Closes a connection that another thread may still be using: it is interrupted until it lets go, a second at most."""
    for _ in range(40):
        try:
            connection.close()
            return
        except duckdb.Error:
            connection.interrupt()
            time.sleep(0.025)


def open_error(path: str, error: Exception) -> SourceError:
    """The sentence for a database that does not open."""
    text = str(error)
    if "different configuration" in text:
        return SourceError(
            f"The database {path!r} is open in this process with other settings:"
            " pass that connection itself as connection_string, or close it first."
        )
    held = re.search(r"Conflicting lock is held in (.*?) ?\(PID (\d+)\)", text)
    if held:
        return SourceError(
            f"The database {path!r} is locked by process {held[2]} ({held[1]}): close it there, or open it read-only there."
        )
    if "lock" in text.lower():
        return SourceError(
            f"The database {path!r} is locked by another process ({first_line(text)}): close it there."
        )
    if "not a valid DuckDB" in text:
        return SourceError(
            f"The file {path!r} is not a DuckDB database: check the path in the connection string."
        )
    return SourceError(f"The database {path!r} cannot be opened: {first_line(text)}.")


def first_line(text: object) -> str:
    """An engine's message as part of a sentence: its first line, without the name of the error's class."""
    line = without_secrets(str(text)).strip().split("\n")[0]
    return re.sub(r"^[A-Za-z ]+ Error: ", "", line).rstrip(".! ")
