"""The kinds of source: one table, in every form that a user may hand over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

Levels = dict[str, list[str]]


def connection_string(directory: Path) -> str:
    """The DuckDB database of a test's directory."""
    return f"duckdb:///{directory / 'data.duckdb'}"


def _column_info(levels: Levels) -> dict[str, dict[str, Any]] | None:
    return {name: {"type": "factor", "levels": list(v)} for name, v in levels.items()} or None


def _with_levels(table: pa.Table, levels: Levels) -> pa.Table:
    """The columns that have levels, as ordered dictionaries: only these say that their levels are given."""
    for name, given in levels.items():
        codes = {level: i for i, level in enumerate(given)}
        values = [None if v is None else codes[v] for v in table[name].to_pylist()]
        column = pa.DictionaryArray.from_arrays(
            pa.array(values, pa.int32()), pa.array(given), ordered=True
        )
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def as_pandas(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """A pandas frame; levels become categories."""
    return _with_levels(table, levels).to_pandas()


def as_polars(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """A Polars frame; levels become an Enum."""
    import polars as pl

    frame = pl.from_arrow(table)
    return frame.with_columns([pl.col(n).cast(pl.Enum(v)) for n, v in levels.items()])


def as_arrow(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """An Arrow table; levels become dictionaries."""
    return _with_levels(table, levels)


def as_parquet(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """A path to a Parquet file of several row groups, or a source with column_info where levels are given."""
    import insitu

    path = directory / f"{name}.parquet"
    pyarrow.parquet.write_table(table, path, row_group_size=max(1, table.num_rows // 3))
    if levels:
        return insitu.RxParquetData(str(path), column_info=_column_info(levels))
    return str(path)


def as_csv(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """A text file, doubles with the digits that bring them back."""
    import insitu

    path = directory / f"{name}.csv"
    columns = [column.to_pylist() for column in table.columns]
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(table.column_names) + "\n")
        for row in zip(*columns, strict=True):
            file.write(",".join("NA" if v is None else _text(v) for v in row) + "\n")
    return insitu.RxTextData(str(path), column_info=_column_info(levels))


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, int | float) else str(value)


def _into_duckdb(table: pa.Table, directory: Path, name: str) -> None:
    import duckdb

    with duckdb.connect(str(directory / "data.duckdb")) as connection:
        connection.register("incoming", table)
        connection.execute(f'create or replace table "{name}" as select * from incoming')


def as_duckdb_table(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """A table of a DuckDB file."""
    import insitu

    _into_duckdb(table, directory, name)
    return insitu.RxSqlServerData(
        table=name,
        connection_string=connection_string(directory),
        column_info=_column_info(levels),
    )


def as_duckdb_query(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """A query, in T-SQL, on a table of a DuckDB file."""
    import insitu

    _into_duckdb(table, directory, name)
    return insitu.RxSqlServerData(
        sql_query=f"select top {table.num_rows} * from [{name}]",
        connection_string=connection_string(directory),
        column_info=_column_info(levels),
    )


def as_postgres_table(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """A table of a PostgreSQL server; levels become enums."""
    import insitu
    from conformance import postgres

    named = postgres.load(table, directory, name, levels)
    return insitu.RxPostgresData(postgres.connection_string(), table=named)


def as_postgres_query(table: pa.Table, directory: Path, name: str, levels: Levels) -> Any:
    """A query, in PostgreSQL's own SQL, with levels in column_info."""
    import insitu
    from conformance import postgres

    schema, named = postgres.load(table, directory, name, {}).split(".", 1)
    return insitu.RxPostgresData(
        postgres.connection_string(),
        sql_query=f'with rows as (select * from {schema}."{named}") select * from rows -- all',
        column_info=_column_info(levels),
    )


KINDS: dict[str, Callable[[pa.Table, Path, str, Levels], Any]] = {
    "pandas": as_pandas,
    "polars": as_polars,
    "arrow": as_arrow,
    "parquet": as_parquet,
    "csv": as_csv,
    "duckdb_table": as_duckdb_table,
    "duckdb_query": as_duckdb_query,
    "postgres_table": as_postgres_table,
    "postgres_query": as_postgres_query,
}
EMBEDDED = tuple(kind for kind in KINDS if not kind.startswith("postgres"))


def missing(kind: str) -> str | None:
    """Why a kind cannot be had here; None if it can."""
    if kind in EMBEDDED:
        return None
    from conformance import postgres

    return postgres.missing()
