"""RxInSqlServer: computing where a connection string leads."""

from __future__ import annotations

from typing import Any

from ..errors import SpecError
from .in_database import DatabaseContext


class RxInSqlServer(DatabaseContext):
    """Computes where the data of a connection string are; this version serves DuckDB databases and PostgreSQL servers.

    DuckDB is embedded: its column batches are reduced as they leave its scan, and nothing is copied. On a PostgreSQL string it
    does what `RxInPostgres` does. Data outside the database (a frame, a file, another database) are computed locally, with one
    warning.

    Arguments:
        connection_string: `duckdb:///flights.duckdb`, `postgresql://user@host/database` and the like.
        num_tasks: an upper bound on threads; 0 leaves it to the database.
        execution_timeout_seconds: a pass, or predictions, that take longer are stopped with a SourceError; None or 0: never.
        auto_cleanup, console_output, packages_to_load: accepted for revoscalepy, without effect.
        wait: must be True in this version.
        how: "pushdown" has the database's own SQL aggregates add up what models need, where they can, and `explain()` says
            where not; "streaming" reads the rows; "auto" takes what is faster.
    Raises: SpecError for what is no connection string, SourceError for an engine that this version cannot reach.

    Example:
        >>> RxInSqlServer("duckdb:///flights.duckdb", num_tasks=4)
        RxInSqlServer(connection_string='duckdb:///flights.duckdb', num_tasks=4)
    """

    def __init__(
        self,
        connection_string: str,
        num_tasks: int = 1,
        auto_cleanup: bool = True,
        console_output: bool | None = None,
        execution_timeout_seconds: int | None = None,
        wait: bool = True,
        packages_to_load: Any = None,
        *,
        how: str = "auto",
    ) -> None:
        if not wait:
            raise SpecError(
                "wait=False (background jobs) is not supported in this version: leave it out."
            )
        super().__init__(connection_string, num_tasks, execution_timeout_seconds, how)
