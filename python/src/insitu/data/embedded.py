"""DuckDB in this process: databases opened as politely as possible, and relations as streams of batches."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from ..errors import SourceError
from .connections import first_line
from .source import Stream
from .typed import watched_reader

if TYPE_CHECKING:
    from .duckdb_engine import DuckDb

# Rows of a batch: one row group of DuckDB. Smaller batches were no faster, a million rows cost memory.
BATCH_ROWS = 122_880


def connect(target: DuckDb, *, write: bool = False) -> duckdb.DuckDBPyConnection:
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


def quoted(name: str) -> str:
    """An identifier for DuckDB.

    Example:
        >>> quoted('say "hi"; drop table t')
        '"say ""hi""; drop table t"'
    """
    return str(exp.to_identifier(name, quoted=True).sql(dialect="duckdb"))
