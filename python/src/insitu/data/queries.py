"""Queries and names of tables: other dialects become DuckDB's, and identifiers are quoted by a builder."""

from __future__ import annotations

import re

import duckdb
import sqlglot
from sqlglot import exp

from ..errors import SourceError, SpecError
from .connections import first_line
from .embedded import scratch


def to_duckdb(query: str, dialect: str) -> str:
    """A SELECT of another dialect in DuckDB's.

    Arguments:
        query: one SELECT. dialect: "duckdb" leaves it as it is; "tsql" is what RxSqlServerData takes.
    Raises: SpecError if it cannot be read or is not one SELECT.

    Example:
        >>> to_duckdb("select top 10 [a b], cast(x as float) y from t", "tsql")
        'SELECT "a b", CAST(x AS DOUBLE) AS y FROM t LIMIT 10'
    """
    if dialect == "duckdb":
        _check_select(query)
        return query
    return translated(query, dialect, "duckdb")


def translated(query: str, dialect: str, to: str) -> str:
    """A SELECT of one dialect in another's.

    Raises: SpecError if it cannot be read or is not one SELECT.

    Example:
        >>> translated("select top 3 * from [dbo].[t]", "tsql", "postgres")
        'SELECT * FROM "t" LIMIT 3'
    """
    try:
        trees = [tree for tree in sqlglot.parse(query, read=dialect) if tree is not None]
    except (sqlglot.ParseError, sqlglot.TokenError) as error:
        raise SpecError(
            f"The query cannot be read as {dialect}: {_parse_problem(error)}."
        ) from error
    except ValueError as error:
        raise SpecError(
            f"There is no SQL dialect {dialect!r}: use 'tsql', 'duckdb' or another of sqlglot's."
        ) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query) or trees[0].find(exp.Into):
        raise SpecError("sql_query must be one SELECT statement; the query holds something else.")
    tree = trees[0]
    for cast in list(tree.find_all(exp.DataType)):
        if cast.this == exp.DataType.Type.FLOAT:  # T-SQL's float is a double
            cast.replace(exp.DataType.build("double"))
    for table in tree.find_all(exp.Table):
        if table.db.lower() == "dbo":
            table.set("db", None)
            table.set("catalog", None)
    return str(tree.sql(dialect=to))


def _parse_problem(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if not errors:
        return first_line(error)
    first = errors[0]
    described = str(first.get("description", error)).rstrip(".")
    if "<class" in described:
        described = "something is missing"
    near = f"{first.get('start_context', '')[-20:]}{first.get('highlight', '')}"
    return f"{described} near {near!r} (line {first.get('line')})"


def _check_select(query: str) -> None:
    try:
        with scratch() as connection:  # not the default one, which is the user's
            statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise query_error(query, error) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise SpecError("sql_query must be one SELECT statement; the query holds something else.")


def query_error(query: str, error: object) -> SourceError:
    """The sentence for a query that the database refuses or cannot finish."""
    text = str(error)
    found = re.search(r"LINE \d+: (.*)\n( *)\^", text)
    near = ""
    if found:
        at = max(0, len(found[2]) - len(found[0].split(":")[0]) - 2)
        near = f", near {found[1][max(0, at - 5) : at + 30].strip()!r}"
    message = first_line(text)
    return SourceError(f"The query failed: {message}{near}; the query is {_short(query)!r}.")


def _short(query: str) -> str:
    flat = " ".join(query.split())
    return flat if len(flat) <= 200 else flat[:197] + "…"


def table_query(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """SELECT of a whole table: `name` as it is, or `schema.name` or `[schema].[name]` where no table has that exact name."""
    return str(exp.select("*").from_(table_identifier(connection, table)).sql(dialect="duckdb"))


def table_identifier(connection: duckdb.DuckDBPyConnection, table: str) -> exp.Table:
    """A table's name as a node of SQL, every part quoted."""
    exact = connection.execute(
        "select count(*) from information_schema.tables where lower(table_name) = lower(?)", [table]
    ).fetchall()
    bracketed = re.fullmatch(r"(\[[^\]]+\]\.)*\[[^\]]+\]", table)
    split = re.findall(r"\[([^\]]+)\]", table) if bracketed else table.split(".")
    parts = [table] if exact[0][0] > 0 else split
    if len(parts) > 3 or not all(parts):
        parts = [table]
    if len(parts) > 1 and parts[-2].lower() == "dbo":
        parts = parts[-1:]
    quoted = [exp.to_identifier(part, quoted=True) for part in parts]
    keys = ("this", "db", "catalog")
    return exp.Table(**dict(zip(keys, reversed(quoted), strict=False)))


def table_key(table: exp.Table) -> tuple[str, str]:
    """Schema and name, equal for two spellings of one table (DuckDB's names ignore case).

    Example:
        >>> table_key(exp.to_table("T")) == table_key(exp.to_table("main.t"))
        True
    """
    return (table.db or "main").lower(), table.name.lower()
