"""The PostgreSQL server that the suites share: started when the first test needs it, gone when Python ends."""

from __future__ import annotations

import atexit
import functools
import hashlib
import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa

from conformance.postgres_server import PostgresServer, bindir
from conformance.postgres_server import missing as no_server
from conformance.sources import Levels

_DRIVERS = ("adbc_driver_manager", "adbc_driver_postgresql")


def missing() -> str | None:
    """Why nothing can be done with PostgreSQL here; None if something can."""
    absent = [name for name in _DRIVERS if importlib.util.find_spec(name) is None]
    return f"no module {', '.join(absent)}" if absent else no_server()


@functools.cache
def server() -> PostgresServer:
    """The server, with parallel workers to spare."""
    made = PostgresServer({"max_parallel_workers": "8", "max_worker_processes": "16"})
    made.start()
    atexit.register(made.stop)
    return made


def connection_string() -> str:
    """Its database."""
    return server().connection_string()


def schema_of(directory: Path) -> str:
    """The schema that holds the tables of a test's directory."""
    return f"d{hashlib.sha1(str(directory).encode()).hexdigest()[:12]}"


def load(table: pa.Table, directory: Path, name: str, levels: Levels) -> str:
    """Copies an Arrow table to the server and gives its name; columns with levels become enums."""
    from adbc_driver_postgresql import dbapi

    schema = schema_of(directory)
    with dbapi.connect(connection_string(), autocommit=True) as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            cursor.execute(f'DROP TABLE IF EXISTS {schema}."{name}"')
            cursor.adbc_ingest(name, _sendable(table), mode="create", db_schema_name=schema)
        for column, labels in levels.items():
            _enumerate(connection, f'{schema}."{name}"', schema, column, labels)
    return f"{schema}.{name}"


def _enumerate(connection: Any, table: str, schema: str, column: str, labels: list[str]) -> None:
    """Makes a text column an enum; labels that are no level become NULL."""
    kind = f'{schema}."{column} levels"'
    listed = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TYPE IF EXISTS {kind}")
        cursor.execute(f"CREATE TYPE {kind} AS ENUM ({listed})")
        cursor.execute(
            f'ALTER TABLE {table} ALTER COLUMN "{column}" TYPE {kind}'
            f' USING CASE WHEN "{column}" IN ({listed}) THEN "{column}"::{kind} END'
        )


def _sendable(table: pa.Table) -> pa.Table:
    """Types that the server has: no dictionaries, no small or unsigned numbers."""
    wider = {pa.int8(): pa.int16(), pa.uint8(): pa.int16(), pa.uint16(): pa.int32()}
    wider |= {pa.uint32(): pa.int64(), pa.uint64(): pa.int64()}

    def kind(arrow_type: pa.DataType) -> pa.DataType:
        if pa.types.is_dictionary(arrow_type):
            return arrow_type.value_type
        return wider.get(arrow_type, arrow_type)

    return table.cast(pa.schema([(field.name, kind(field.type)) for field in table.schema]))


def missing_extension() -> str | None:
    """Why the extension cannot be had here; None if it can."""
    if no_server() is not None:
        return no_server()
    return None if _has_extension() else "the extension insitu is not installed in the server"


@functools.cache
def _has_extension() -> bool:
    """True if the server's folders hold the extension; whether it works is the suite's to say."""
    program = bindir()
    if program is None:
        return False
    done = subprocess.run(
        [str(program / "pg_config"), "--sharedir"], capture_output=True, text=True, check=False
    )
    return (Path(done.stdout.strip()) / "extension" / "insitu.control").exists()


@functools.cache
def parallel_connection_string() -> str:
    """A user of the same database whose every query gets parallel workers, and the extension in it."""
    server().psql(
        """CREATE EXTENSION IF NOT EXISTS insitu;
        CREATE ROLE parallel SUPERUSER LOGIN PASSWORD 'parallel';
        ALTER ROLE parallel SET parallel_setup_cost = 0;
        ALTER ROLE parallel SET parallel_tuple_cost = 0;
        ALTER ROLE parallel SET min_parallel_table_scan_size = 0;"""
    )
    return server().connection_string(user="parallel", password="parallel")


def through(source: Any, connection: str) -> Any:
    """The same rows by another connection string."""
    return type(source)(
        connection, source.table, source.sql_query, column_info=source.column_info or None
    )
