"""Connections to PostgreSQL: one session is one connection inside one transaction, and this is all that knows the driver."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..errors import SourceError
from ..waiting import POLL_SECONDS, run_aside
from .conninfo import completed, secrets_of
from .postgres_errors import connect_error, is_driver_error, query_error
from .source import Stream
from .typed import watched_reader

if TYPE_CHECKING:
    from .postgres_engine import Postgres

# Bytes of a batch of COPY, about: what a reader holds at a time.
BATCH_BYTES = 8 << 20
_COPY, _HINT = "adbc.postgresql.use_copy", "adbc.postgresql.batch_size_hint_bytes"
_LOCK_SECONDS = 0.025
# What every transaction of ours starts with: rows in the table's own order, text in UTF-8, and literals that mean what they say.
_SETTINGS = (
    "SELECT set_config('synchronize_seqscans', 'off', true), set_config('client_encoding', 'UTF8', false),"
    " set_config('standard_conforming_strings', 'on', true), set_config('DateStyle', 'ISO', true)"
)

_scopes: ContextVar[Mapping[object, _Scope] | None] = ContextVar("insitu_postgres", default=None)
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


def _connect_aside(target: Postgres) -> Any:
    """`_connect` with Ctrl-C seen at once: making a connection cannot be cancelled, so it is left to a thread that closes it."""
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
        raise
    return made.result()


class Session:
    """A connection in a transaction: read-only and REPEATABLE READ, so that all its queries see one state, or for writing."""

    def __init__(self, target: Postgres, purpose: str = "read", *, write: bool = False) -> None:
        self.purpose = purpose
        self.broken = False
        self._workers: int | None = None
        self._facts: dict[str, Any] = {}
        self._running: _Query | None = None
        self._connection = _connect_aside(target)
        mode = "" if write else " ISOLATION LEVEL REPEATABLE READ READ ONLY"
        try:
            self.execute(f"BEGIN{mode}")
            self.execute(_SETTINGS)
        except BaseException:
            self.close()
            raise

    def tagged(self, sql: str) -> str:
        """The statement with what it is for, as the server's logs and views show it."""
        return f"/* insitu {self.purpose.replace('*/', '')} */ {sql}"

    def remembered(self, name: str, find: Callable[[Session], Any]) -> Any:
        """What is found once per connection."""
        if name not in self._facts:
            self._facts[name] = find(self)
        return self._facts[name]

    def allow_workers(self, workers: int | None) -> None:
        """Sets how many parallel workers a query may have; None is what the server's settings say."""
        if workers == self._workers:
            return
        name = "max_parallel_workers_per_gather"
        value = (
            f"'{workers}'"
            if workers is not None
            else f"(SELECT reset_val FROM pg_settings WHERE name = '{name}')"
        )
        self.execute(f"SELECT set_config('{name}', {value}, true)")
        self._workers = workers

    def execute(
        self,
        sql: str,
        parameters: Sequence[Any] = (),
        *,
        shown: str | None = None,
        tick: Callable[[], None] | None = None,
        computing: bool = False,
    ) -> list[dict[str, Any]]:
        """Runs one statement and gives its rows; Ctrl-C (or an error of `tick`) cancels it in the server.

        Arguments:
            parameters: values of $1, $2, …. shown: the query as errors show it.
            computing: see `query_error`.
        """
        query = _Query(self, self.tagged(sql), parameters, copy=False)
        batches = self._gathered(query, shown or sql, tick, computing)
        return [row for batch in batches for row in batch.to_pylist()]

    def table(
        self, sql: str, *, tick: Callable[[], None] | None = None, computing: bool = False
    ) -> pa.Table:
        """The rows of a query, all of them, in columns."""
        query = _Query(self, self.tagged(sql), (), copy=True)
        batches = self._gathered(query, sql, tick, computing)
        return pa.Table.from_batches(batches, query.schema)

    def _gathered(
        self, query: _Query, shown: str, tick: Callable[[], None] | None, computing: bool
    ) -> list[pa.RecordBatch]:
        def work() -> list[pa.RecordBatch]:
            try:
                return list(query.batches())
            finally:
                query.close()

        with self._told(shown, computing):
            return run_aside(work, self.cancel, tick)

    def names_of(self, sql: str, shown: str | None = None) -> list[str]:
        """Names of the columns that a statement gives, which is only read, not run; none for a statement that gives no rows."""
        manager, _ = driver()

        def work() -> list[str]:
            statement = manager.AdbcStatement(self._connection)
            try:
                statement.set_sql_query(sql)
                statement.prepare()
                handle = statement.execute_schema()
                names: list[str] = pa.Schema._import_from_c(handle.address).names
                return names
            finally:
                statement.close()

        with self._told(shown or sql, False):
            return run_aside(work, self.cancel)

    def ingest(
        self, reader: pa.RecordBatchReader, table: str, *, temporary: bool, schema: str | None
    ) -> None:
        """Makes a table of these rows, by binary COPY."""
        manager, _ = driver()
        statement = manager.AdbcStatement(self._connection)
        options = {
            "adbc.ingest.target_table": table,
            "adbc.ingest.mode": "adbc.ingest.mode.create",
            "adbc.ingest.temporary": "true" if temporary else "false",
        }
        if schema is not None:
            options["adbc.ingest.target_db_schema"] = schema
        try:
            statement.set_options(**options)
            statement.bind_stream(reader)
            statement.execute_update()
        finally:
            statement.close()

    def stream(
        self,
        sql: str,
        schema: pa.Schema,
        *,
        shown: str,
        close: Callable[[], None],
        computing: bool = False,
        change: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None,
    ) -> Stream:
        """The rows of a query as batches of the schema; it starts when the first is asked for.

        Arguments:
            close: lets go of the session when the stream is closed. change: what is done to each batch.
        """
        query = _Query(self, self.tagged(sql), (), copy=True)
        errors: list[BaseException] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for batch in query.batches():
                    yield change(batch) if change else _as_schema(batch, schema)
            except Exception as error:
                if not is_driver_error(error):
                    raise
                raise query_error(error, shown, computing=computing) from None

        def done() -> None:
            query.close()
            close()

        reader = watched_reader(schema, batches, None, errors)
        return Stream(reader, cancel=self.cancel, close=done, errors=errors, sql=sql)

    @contextmanager
    def _told(self, shown: str, computing: bool) -> Iterator[None]:
        """Turns the driver's errors into ours; after any the transaction is over."""
        try:
            yield
        except BaseException as error:
            self.broken = True
            if not is_driver_error(error):
                raise
            raise query_error(error, shown, computing=computing) from None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A block whose failure leaves the transaction as it was."""
        self.execute("SAVEPOINT attempt")
        try:
            yield
        except Exception:
            self.broken = False
            self.execute("ROLLBACK TO SAVEPOINT attempt")
            raise
        finally:
            self.execute("RELEASE SAVEPOINT attempt")

    def cancel(self) -> None:
        """Asks the server to stop what it does for this connection; from any thread."""
        with contextlib.suppress(Exception):
            self._connection.cancel()

    def commit(self) -> None:
        """Makes what was written visible."""
        self.execute("COMMIT")

    def close(self) -> None:
        """Ends the transaction (what was not committed is undone) and the connection; harmless if repeated."""
        self.broken = True
        if self._running is not None:
            self._running.close()
        with contextlib.suppress(Exception):
            self._connection.close()


class _Query:
    """One statement on its way. Only one thread at a time is inside the driver with it."""

    def __init__(
        self, session: Session, sql: str, parameters: Sequence[Any], *, copy: bool
    ) -> None:
        self._session = session
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
        manager, _ = driver()
        session = self._session
        if session._running is not None:
            raise SourceError("The connection is reading already: close that stream first.")
        session._running = self
        self._statement = manager.AdbcStatement(session._connection)
        options = {_COPY: "true", _HINT: str(BATCH_BYTES)} if self._copy else {_COPY: "false"}
        self._statement.set_options(**options)
        self._statement.set_sql_query(self._sql)
        if self._parameters:
            names = [f"p{i}" for i in range(len(self._parameters))]
            arrays = [pa.array([value]) for value in self._parameters]
            self._statement.prepare()
            self._statement.bind(pa.RecordBatch.from_arrays(arrays, names=names))
        handle, _ = self._statement.execute_query()
        self._reader = _reader_of(handle)
        self.schema = self._reader.schema

    def close(self) -> None:
        """Lets go of the statement; a thread that is inside is called back first."""
        self._closed = True
        while not self._inside.acquire(timeout=_LOCK_SECONDS):
            self._session.cancel()
        try:
            if self._session._running is not self:
                return
            self._session._running = None
            if not self._ended:  # rows are still on their way: nothing else can use this connection
                self._session.broken = True
                self._session.cancel()
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


def _as_schema(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch without the driver's notes on its fields."""
    arrays = [
        array if array.type == field.type else array.cast(field.type)
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@contextmanager
def reading(target: Postgres, purpose: str) -> Iterator[None]:
    """A scope in which this thread reads the database through one session, and so in one state."""
    held = _scopes.get() or {}
    if target.key in held:
        yield
        return
    scope = _Scope(target, purpose)
    token = _scopes.set({**held, target.key: scope})
    try:
        yield
    finally:
        _scopes.reset(token)
        scope.close()


class _Scope:
    """A session that is opened when the first query needs it."""

    def __init__(self, target: Postgres, purpose: str) -> None:
        self._target = target
        self._purpose = purpose
        self._session: Session | None = None

    def open(self) -> Session:
        if self._session is None:
            self._session = Session(self._target, self._purpose)
        if self._session.broken:
            raise SourceError(
                "The connection was lost in the middle of a computation, whose passes must see one state of the data:"
                " start it again."
            )
        return self._session

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


def session_of(target: Postgres) -> tuple[Session, Callable[[], None]]:
    """The session of the scope, or one of its own; and how to let go of it."""
    scope = (_scopes.get() or {}).get(target.key)
    if scope is not None:
        return scope.open(), lambda: None
    session = Session(target)
    return session, session.close


@contextmanager
def using(target: Postgres) -> Iterator[Session]:
    """`session_of` for a `with` block."""
    session, release = session_of(target)
    try:
        yield session
    finally:
        release()
