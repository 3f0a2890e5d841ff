"""RxInPostgres: computing in or near a PostgreSQL server."""

from __future__ import annotations

from ..data.connections import engine_of, without_secrets
from ..errors import SpecError
from .in_database import DatabaseContext


class RxInPostgres(DatabaseContext):
    """Computes in or near a PostgreSQL server: rows are streamed by binary COPY, and all passes of a fit see one snapshot.

    Data outside the database (a frame, a file, another database) are computed locally, with one warning.

    Arguments:
        connection_string: `postgresql://user@host:5432/database`, or "host=… dbname=… user=…" as libpq reads it.
        num_tasks: parallel workers that a query may have; 0 leaves it to the server's settings.
        execution_timeout_seconds: a pass, or predictions, that take longer are stopped with a SourceError; None or 0: never.
    Raises: SpecError for what is no connection string of PostgreSQL.

    Example:
        >>> RxInPostgres("postgresql://me:secret@db.example.com/flights")
        RxInPostgres(connection_string='postgresql://me:***@db.example.com/flights', num_tasks=0)
    """

    def __init__(
        self,
        connection_string: str,
        num_tasks: int = 0,
        *,
        execution_timeout_seconds: float | None = None,
    ) -> None:
        if engine_of(connection_string) != "postgres":
            shown = without_secrets(str(connection_string))
            raise SpecError(
                f"RxInPostgres takes a connection string such as 'postgresql://user@host/database', and was given {shown!r}."
            )
        super().__init__(connection_string, num_tasks, execution_timeout_seconds)
