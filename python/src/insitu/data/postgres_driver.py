"""The driver of PostgreSQL: connections, and statements whose rows come batch by batch. Nothing else knows it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..errors import SourceError
from ..waiting import POLL_SECONDS
from .conninfo import completed, secrets_of
from .postgres_errors import connect_error, is_driver_error

if TYPE_CHECKING:
    from .postgres_engine import Postgres

# Bytes of a batch of COPY, about: what a reader holds at a time.
BATCH_BYTES = 8 << 20
_COPY, _HINT = "adbc.postgresql.use_copy", "adbc.postgresql.batch_size_hint_bytes"
_LOCK_SECONDS = 0.025

_databases: dict[str, Any] = {}
_databases_lock = threading.Lock()


def driver() -> Any:
    """The driver's module, imported when somebody needs it."""
    try:
        import adbc_driver_manager
        import adbc_driver_postgresql
    except ImportError as error:
        raise SourceError(
            "PostgreSQL needs the packages adbc-driver-postgresql and adbc-driver-manager:"
            " pip install 'insitu[postgres]'."
        ) from error
    return adbc_driver_manager, adbc_driver_postgresql


def _connect(target: Postgres) -> Any:
    """A connection; what the driver knows of the server's types is kept for the next one."""
    manager, postgres = driver()
    text = completed(target.text, target.parts)
    try:
        with _databases_lock:
            known = _databases.get(text)
        if known is None:
            known = postgres.connect(text)
            with _databases_lock:
                _databases[text] = known
        return manager.AdbcConnection(known)
    except Exception as error:
        if not is_driver_error(error):
            raise
        secrets = secrets_of(target.text, target.parts)
        raise connect_error(error, str(target), secrets) from None


def connect(target: Postgres) -> Connection:
    """A connection, with Ctrl-C seen at once: making one cannot be cancelled, so it is left to a thread that closes it."""
    made: Future[Any] = Future()
    unwanted = threading.Event()

    def work() -> None:
        try:
            connection = _connect(target)
        except BaseException as error:
            made.set_exception(error)
            return
        made.set_result(connection)
        if unwanted.is_set():
            connection.close()

    threading.Thread(target=work, name="insitu-connect").start()
    try:
        while not made.done():
            wait([made], POLL_SECONDS)
    except BaseException:
        unwanted.set()
        if made.done() and made.exception() is None:  # the thread may have looked before
            made.result().close()
        raise
    return Connection(made.result())


class Connection:
    """One connection; one statement at a time is on its way in it.

    `broken` says that it is of no more use: an error ended its transaction, or rows that nobody wants are on their way.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.broken = False
        self.running: Query | None = None

    def statement(self) -> Any:
        """A new statement of the driver's."""
        return driver()[0].AdbcStatement(self.raw)

    def cancel(self) -> None:
        """Asks the server to stop what it does for this connection; from any thread."""
        with contextlib.suppress(Exception):
            self.raw.cancel()

    def close(self) -> None:
        """Ends the transaction (what was not committed is undone) and the connection; harmless if repeated."""
        self.broken = True
        if self.running is not None:
            self.running.close()
        with contextlib.suppress(Exception):
            self.raw.close()

    def names_of(self, sql: str) -> list[str]:
        """Names of the columns that a statement gives, which is read by the server and not run; none if it gives no rows."""
        statement = self.statement()
        try:
            statement.set_sql_query(sql)
            statement.prepare()
            handle = statement.execute_schema()
            names: list[str] = pa.Schema._import_from_c(handle.address).names
            return names
        finally:
            statement.close()

    def ingest(
        self, reader: pa.RecordBatchReader, table: str, *, temporary: bool, schema: str | None
    ) -> None:
        """Makes a table of rows, by binary COPY."""
        options = {
            "adbc.ingest.target_table": table,
            "adbc.ingest.mode": "adbc.ingest.mode.create",
            "adbc.ingest.temporary": "true" if temporary else "false",
        }
        if schema is not None:
            options["adbc.ingest.target_db_schema"] = schema
        statement = self.statement()
        try:
            statement.set_options(**options)
            statement.bind_stream(reader)
            statement.execute_update()
        finally:
            statement.close()


class Query:
    """One statement on its way. Only one thread at a time is inside the driver with it.

    Arguments:
        parameters: values of $1, $2, …. copy: rows come by binary COPY, which takes no parameters.
    """

    def __init__(
        self, connection: Connection, sql: str, parameters: Sequence[Any] = (), *, copy: bool
    ) -> None:
        self._connection = connection
        self._sql = sql
        self._parameters = parameters
        self._copy = copy
        self._inside = threading.Lock()
        self._statement: Any = None
        self._reader: Any = None
        self._closed = False
        self._ended = False
        self.schema: pa.Schema | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Runs the statement and gives its rows."""
        while True:
            with self._inside:
                if self._closed:
                    raise SourceError("Reading was interrupted.")
                if self._reader is None:
                    self._start()
                try:
                    batch = self._reader.read_next_batch()
                except StopIteration:
                    self._ended = True
                    return
            yield batch

    def _start(self) -> None:
        if self._connection.running is not None:
            raise SourceError("The connection is reading already: close that stream first.")
        self._connection.running = self
        self._statement = statement = self._connection.statement()
        options = {_COPY: "true", _HINT: str(BATCH_BYTES)} if self._copy else {_COPY: "false"}
        statement.set_options(**options)
        statement.set_sql_query(self._sql)
        if self._parameters:
            names = [f"p{i}" for i in range(len(self._parameters))]
            arrays = [pa.array([value]) for value in self._parameters]
            statement.prepare()
            statement.bind(pa.RecordBatch.from_arrays(arrays, names=names))
        handle, _ = statement.execute_query()
        self._reader = _reader_of(handle)
        self.schema = self._reader.schema

    def close(self) -> None:
        """Lets go of the statement; a thread that is inside is called back first."""
        self._closed = True
        while not self._inside.acquire(timeout=_LOCK_SECONDS):
            self._connection.cancel()
        try:
            if self._connection.running is not self:
                return
            self._connection.running = None
            if not self._ended:  # rows are still on their way: nothing else can use this connection
                self._connection.broken = True
                self._connection.cancel()
            with contextlib.suppress(Exception):
                if self._reader is not None:
                    self._reader.close()
            with contextlib.suppress(Exception):
                self._statement.close()
        finally:
            self._inside.release()


def _reader_of(handle: Any) -> Any:
    """The rows of a statement; the driver's own reader keeps SQLSTATEs, which Arrow's stream loses."""
    try:
        from adbc_driver_manager._reader import AdbcRecordBatchReader
    except ImportError:
        return pa.RecordBatchReader._import_from_c(handle.address)
    return AdbcRecordBatchReader._import_from_c(handle.address)
