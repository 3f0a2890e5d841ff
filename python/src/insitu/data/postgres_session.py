"""Sessions: one connection inside one transaction, and the scope in which a computation keeps one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..errors import SourceError
from ..waiting import run_aside
from .postgres_driver import Query, connect
from .postgres_errors import is_driver_error, query_error
from .source import Stream
from .typed import watched_reader

if TYPE_CHECKING:
    from .postgres_engine import Postgres

# What every transaction of ours starts with: rows in the table's own order, text in UTF-8, and literals that mean what they say.
_SETTINGS = (
    "SELECT set_config('synchronize_seqscans', 'off', true), set_config('client_encoding', 'UTF8', true),"
    " set_config('standard_conforming_strings', 'on', true), set_config('DateStyle', 'ISO', true)"
)

_scopes: ContextVar[Mapping[object, _Scope] | None] = ContextVar("insitu_postgres", default=None)


class Session:
    """A connection in a transaction: read-only and REPEATABLE READ, so that all its queries see one state, or for writing.

    Arguments:
        snapshot: the name under which another session exported what it sees; this one then sees the same.
    """

    def __init__(
        self,
        target: Postgres,
        purpose: str = "read",
        *,
        write: bool = False,
        snapshot: str | None = None,
    ) -> None:
        self.purpose = purpose
        # What streaming may take: workers of a query (None: as the server's settings say), connections that read a table.
        self.query_workers: int | None = None
        self.connections = 1
        self._workers: int | None = None
        self._facts: dict[str, Any] = {}
        self._connection = connect(target)
        mode = "" if write else " ISOLATION LEVEL REPEATABLE READ READ ONLY"
        try:
            self.execute(f"BEGIN{mode}")
            if snapshot is not None:
                self.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
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
        query = Query(self._connection, self.tagged(sql), parameters, copy=False)
        batches = self._gathered(query, shown or sql, tick, computing)
        return [row for batch in batches for row in batch.to_pylist()]

    def table(
        self, sql: str, *, tick: Callable[[], None] | None = None, computing: bool = False
    ) -> pa.Table:
        """The rows of a query, all of them, in columns."""
        query = Query(self._connection, self.tagged(sql), copy=True)
        batches = self._gathered(query, sql, tick, computing)
        return pa.Table.from_batches(batches, query.schema)

    def _gathered(
        self, query: Query, shown: str, tick: Callable[[], None] | None, computing: bool
    ) -> list[pa.RecordBatch]:
        def work() -> list[pa.RecordBatch]:
            try:
                return list(query.batches())
            finally:
                query.close()

        with self._told(shown, computing):
            return run_aside(work, self.cancel, tick)

    def names_of(self, sql: str, shown: str | None = None) -> list[str]:
        """Names of the columns that a statement gives, without running it; none for a statement that gives no rows."""
        with self._told(shown or sql, False):
            return run_aside(lambda: self._connection.names_of(sql), self.cancel)

    def ingest(
        self, reader: pa.RecordBatchReader, table: str, *, temporary: bool, schema: str | None
    ) -> None:
        """Makes a table of rows, by binary COPY."""
        self._connection.ingest(reader, table, temporary=temporary, schema=schema)

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
        query = Query(self._connection, self.tagged(sql), copy=True)

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                yield from query.batches()
            except Exception as error:
                if not is_driver_error(error):
                    raise
                raise query_error(error, shown, computing=computing) from None

        def done() -> None:
            query.close()
            close()

        return stream_of(batches, schema, change, cancel=self.cancel, close=done, sql=sql)

    @contextmanager
    def _told(self, shown: str, computing: bool) -> Iterator[None]:
        """Turns the driver's errors into ours; after any the transaction is over."""
        try:
            yield
        except BaseException as error:
            self._connection.broken = True
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
            with contextlib.suppress(
                SourceError
            ):  # the first error says more than a lost connection
                self.execute("ROLLBACK TO SAVEPOINT attempt")
                self._connection.broken = False
                self.execute("RELEASE SAVEPOINT attempt")  # inside it no snapshot is exported
            raise
        self.execute("RELEASE SAVEPOINT attempt")

    @property
    def broken(self) -> bool:
        """True if it is of no more use."""
        return self._connection.broken

    def cancel(self) -> None:
        """Asks the server to stop what it does for this connection; from any thread."""
        self._connection.cancel()

    def commit(self) -> None:
        """Makes what was written visible."""
        self.execute("COMMIT")

    def close(self) -> None:
        """Ends the transaction (what was not committed is undone) and the connection; harmless if repeated."""
        self._connection.close()


def stream_of(
    batches: Callable[[], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
    change: Callable[[pa.RecordBatch], pa.RecordBatch] | None,
    *,
    cancel: Callable[[], None],
    close: Callable[[], None],
    sql: str,
) -> Stream:
    """The stream of the driver's batches; see `Session.stream`."""
    errors: list[BaseException] = []

    def changed() -> Iterator[pa.RecordBatch]:
        for batch in batches():
            yield change(batch) if change else as_schema(batch, schema)

    reader = watched_reader(schema, changed, None, errors)
    return Stream(reader, cancel=cancel, close=close, errors=errors, sql=sql)


def as_schema(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
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
