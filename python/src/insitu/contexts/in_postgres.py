"""RxInPostgres: computing in or near a PostgreSQL server."""

from __future__ import annotations

from ..data.connections import engine_of, without_secrets
from ..errors import SpecError
from .in_database import DatabaseContext


class RxInPostgres(DatabaseContext):
    """Computes in or near a PostgreSQL server; all passes of a fit see one snapshot of its data.

    Where the extension `insitu` is in the database, the server's own parallel workers build the states, and a few kilobytes
    leave it. Otherwise SQL's aggregates build them where they can, or rows are streamed to this process by binary COPY. All
    ways give the same model; `explain()` tells which was gone, with SQL, passes, bytes, and why a plan is serial if it is.
    Data outside the database (a frame, a file, another database) are computed locally, with one warning.

    Arguments:
        connection_string: `postgresql://user@host:5432/database`, or "host=… dbname=… user=…" as libpq reads it.
        num_tasks: parallel workers that a query may have, and connections over which a table's rows are streamed;
            0 leaves the workers to the server's settings, and takes one connection.
        how: "auto" chooses by what is found in the database and by estimated cost; "extension", "pushdown" and "streaming"
            ask for one way.
        execution_timeout_seconds: a pass, or predictions, that take longer are stopped with a SourceError; None or 0: never.
    Raises: SpecError for what is no connection string of PostgreSQL, and when a computation starts for a way that is asked
        for and closed.

    Example:
        >>> RxInPostgres("postgresql://me:secret@db.example.com/flights")
        RxInPostgres(connection_string='postgresql://me:***@db.example.com/flights', num_tasks=0)
    """

    def __init__(
        self,
        connection_string: str,
        num_tasks: int = 0,
        how: str = "auto",
        *,
        execution_timeout_seconds: float | None = None,
    ) -> None:
        if engine_of(connection_string) != "postgres":
            shown = without_secrets(str(connection_string))
            raise SpecError(
                f"RxInPostgres takes a connection string such as 'postgresql://user@host/database', and was given {shown!r}."
            )
        super().__init__(connection_string, num_tasks, execution_timeout_seconds, how)
