"""Tables of PostgreSQL as targets: each appears in one transaction, whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from ..errors import SourceError, SpecError
from .postgres_catalog import (
    Relation,
    column_node,
    find_table,
    split_name,
    table_node,
    table_relation,
)
from .postgres_errors import is_driver_error, said
from .postgres_session import Session
from .sinks import check_types, other_columns
from .types import is_decimal

if TYPE_CHECKING:
    from .database import RxOdbcData
    from .postgres_engine import Postgres


class PostgresSink:
    """A table: rows are copied to a new one beside it, which takes its place, or whose rows are added to it, at the end."""

    def __init__(
        self, target: RxOdbcData, database: Postgres, *, overwrite: bool, append: bool
    ) -> None:
        self._target = target
        self._database = database
        self._overwrite = overwrite
        self._append = append
        self._session: Session | None = None
        self._old: tuple[str, str] | None = None

    @property
    def target(self) -> RxOdbcData:
        """The table as a source."""
        return self._target

    @property
    def appends(self) -> bool:
        """True if there is a table to which rows are added; known once it is opened."""
        return self._append and self._old is not None

    @property
    def name(self) -> str:
        """The table as it was named."""
        return self._target.table or ""

    @contextmanager
    def opened(self) -> Iterator[Session]:
        """Holds a transaction open for writing."""
        self._session = session = Session(self._database, "write", write=True)
        try:
            self._old = find_table(session, self.name)
            if self._old and not (self._overwrite or self._append):
                raise SpecError(
                    f"The table {self.name!r} exists: set overwrite=True to replace it, or append='rows'."
                )
            yield session
        finally:
            self._session = None
            session.close()

    def write(self, reader: pa.RecordBatchReader) -> RxOdbcData:
        """The table as a source."""
        session = self._session
        if session is None:
            raise SpecError("The table was not opened.")
        before: Relation | None = None
        if self._old is not None and self._append:
            before = self._fitting(session, reader.schema)
        try:
            with self.writing():
                if before is None:
                    schema, new = self.beside(session)
                    session.ingest(_sendable(reader), new, temporary=False, schema=schema)
                    self.take_place(session, schema, new)
                else:
                    new = f"insitu_{secrets.token_hex(6)}"
                    session.ingest(_sendable(reader), new, temporary=True, schema=None)
                    session.execute(_insertion(before, new, reader.schema.names))
                session.commit()
        except BaseException:
            session.cancel()
            raise
        return self._target

    def beside(self, session: Session) -> tuple[str, str]:
        """The schema of the table, and the name of one beside it that does not exist."""
        if self._old is not None:
            schema = self._old[0]
        else:
            parts = split_name(self.name)
            named = len(parts) > 1 and parts[-2].lower() != "dbo"
            schema = parts[-2] if named else _current_schema(session)
        return schema, f"insitu_{secrets.token_hex(6)}"

    def take_place(self, session: Session, schema: str, new: str) -> exp.Table:
        """Gives the new table its name; the old one, if there is one, goes."""
        name = split_name(self.name)[-1]
        if self._old is not None:
            name = self._old[1]
            old = table_node(*self._old).sql(dialect="postgres")
            session.execute(f"DROP TABLE {old}")
        made = table_node(schema, new).sql(dialect="postgres")
        quoted = exp.to_identifier(name, quoted=True).sql(dialect="postgres")
        session.execute(f"ALTER TABLE {made} RENAME TO {quoted}")
        return table_node(schema, name)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turns the server's errors into a sentence about the table."""
        try:
            yield
        except Exception as error:
            if is_driver_error(error):
                words = said(error)
            elif type(error) is SourceError:
                words = str(error).rstrip(".")
            else:
                raise
            raise SourceError(
                f"The table {self.name!r} cannot be written: {words}; it is as it was."
            ) from None

    def _fitting(self, session: Session, now: pa.Schema) -> Relation:
        """The table that rows are added to; SpecError unless they fit it."""
        before = table_relation(session, self.name)
        held = pa.schema([(c.name, c.arrow_type or pa.binary()) for c in before.columns.values()])
        if sorted(held.names) != sorted(now.names):
            raise other_columns(f"table {self.name!r}", held.names, now)
        check_types(f"table {self.name!r}", held, now)
        return before


def _current_schema(session: Session) -> str:
    found = session.execute("SELECT current_schema()::text AS name")[0]["name"]
    if found is None:
        raise SourceError(
            "No schema of search_path exists, so that a table has no place: name it as schema.table."
        )
    return str(found)


def _insertion(before: Relation, new: str, names: list[str]) -> str:
    """INSERT … SELECT by name; values take the types of the table."""
    columns = [column_node(name) for name in names]
    rows = exp.select(*columns).from_(exp.Table(this=exp.to_identifier(new, quoted=True)))
    target = exp.Schema(
        this=before.tree, expressions=[exp.to_identifier(name, quoted=True) for name in names]
    )
    return str(exp.Insert(this=target, expression=rows).sql(dialect="postgres"))


def _sendable(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Rows of types that the driver can send: dictionaries as text, small and unsigned numbers in the next wider."""
    schema = pa.schema([(field.name, _sent_type(field.type)) for field in reader.schema])
    if schema == reader.schema.remove_metadata():
        return reader

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            yield batch.cast(schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _sent_type(arrow_type: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(arrow_type):
        return _sent_type(arrow_type.value_type)
    if pa.types.is_large_string(arrow_type) or pa.types.is_string_view(arrow_type):
        return pa.string()
    if pa.types.is_int8(arrow_type) or pa.types.is_uint8(arrow_type):
        return pa.int16()
    if pa.types.is_uint16(arrow_type):
        return pa.int32()
    if pa.types.is_unsigned_integer(arrow_type):
        return pa.int64()
    if pa.types.is_date64(arrow_type):
        return pa.date32()
    if pa.types.is_float16(arrow_type):
        return pa.float32()
    if is_decimal(arrow_type):
        return pa.float64()
    if pa.types.is_timestamp(arrow_type):
        return pa.timestamp("us", arrow_type.tz)
    return arrow_type
