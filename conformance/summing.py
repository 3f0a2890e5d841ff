"""One table in a database, the states that its SQL sums, and those that the engine makes of the same rows."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from conformance import postgres
from insitu import _core
from insitu.data import as_source
from insitu.pushdown import DUCKDB, POSTGRES, Plan, Rows, rows_of_query


class Summing:
    """A table that SQL sums; `statements` are those of the last state, as the database was given them."""

    dialect = DUCKDB
    label = "duckdb"
    expected: int | None = None
    is_table = False

    def __init__(self, table: pa.Table) -> None:
        self.schema = table.schema
        self.statements: list[str] = []
        self.notes: list[str] = []
        self.table = self.load(table)

    def load(self, table: pa.Table) -> exp.Expression:
        """Puts the table there; what FROM names."""
        raise NotImplementedError

    def fetch(self, sql: str) -> pa.Table:
        """The answer of a statement."""
        raise NotImplementedError

    def rows(self) -> Rows:
        """The rows of the table."""
        return rows_of_query(exp.select("*").from_(self.table), self.schema)

    def state(self, analysis: _core.Analysis) -> _core.State:
        """The state that SQL sums."""
        self.statements = []
        plan = Plan(analysis, self.rows(), self.dialect, self.expected, self.is_table)
        state = plan.run(self._execute)
        self.notes = plan.notes
        return state

    def _execute(self, tree: exp.Query) -> pa.Table:
        self.statements.append(tree.sql(dialect=self.dialect.name))
        return self.fetch(self.statements[-1])


class DuckDbSumming(Summing):
    """In DuckDB."""

    def load(self, table: pa.Table) -> exp.Expression:
        import duckdb

        self.connection = duckdb.connect()
        self.connection.register("incoming", table)
        self.connection.execute("create table t as select * from incoming")
        return exp.to_table("t")

    def fetch(self, sql: str) -> pa.Table:
        return self.connection.sql(sql).to_arrow_table()


class PostgresSumming(Summing):
    """In the PostgreSQL server that the suites share."""

    dialect = POSTGRES
    label = "postgres"
    _names = itertools.count()

    def load(self, table: pa.Table) -> exp.Expression:
        name = f"summed{next(self._names)}"
        return exp.to_table(postgres.load(table, Path("summing"), name, {}))

    def fetch(self, sql: str) -> pa.Table:
        from adbc_driver_postgresql import dbapi

        with (
            dbapi.connect(postgres.connection_string()) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

    def run(self, *statements: str) -> None:
        """Runs statements without an answer."""
        from adbc_driver_postgresql import dbapi

        with (
            dbapi.connect(postgres.connection_string(), autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)


class PostgresInParts(PostgresSumming):
    """The same where many rows are expected, so that every sum is taken in parts."""

    label = "postgres_in_parts"
    expected = 100_000_000


def streamed(analysis: _core.Analysis, table: pa.Table) -> _core.State:
    """The state that the engine makes of the rows."""
    state = analysis.empty()
    for batch in table.combine_chunks().to_batches():
        analysis.update(state, batch)
    return state


def fit_of(name: str, formula: str, table: pa.Table, **options: Any) -> _core.Fit:
    """A fit over the columns of a table; `levels` are given by column."""
    levels = options.pop("levels", {})
    columns = as_source(table).schema().spec()
    for column in columns:
        if column["name"] in levels:
            column["levels"] = levels[column["name"]]
        if column["name"] == options.get("fweights"):
            column["whole"] = True
    spec = {"formula": formula, "columns": columns, **options}
    if name == "linear":
        spec.setdefault("precision", "double")
    return _core.Fit(name, json.dumps(spec))


def fitted(fit: _core.Fit, state_of: Any) -> dict[str, Any]:
    """The result of a fit whose every pass is made by `state_of`, without what other numbers here imply in fewer digits."""
    while (analysis := fit.next()) is not None:
        fit.accept(state_of(analysis))
    result = json.loads(fit.result())
    for key in ("condition_number", "f_pvalue"):
        result.pop(key, None)
    result.get("coefficients", {}).pop("p_value", None)
    return result


def assert_close(found: Any, expected: Any, digits: float = 12.0, where: str = "") -> None:
    """The same plain data; numbers of a list to so many digits of its largest."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key in expected:
            assert_close(found[key], expected[key], digits, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), (where, found, expected)
        largest = max([abs(v) for v in expected if isinstance(v, float)], default=0.0)
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            if isinstance(b, float) and isinstance(a, int | float):
                assert abs(a - b) <= 10.0**-digits * largest, (f"{where}[{i}]", a, b)
            else:
                assert_close(a, b, digits, f"{where}[{i}]")
    elif isinstance(expected, float) and isinstance(found, int | float):
        assert math.isclose(found, expected, rel_tol=10.0**-digits), (where, found, expected)
    else:
        assert found == expected, where


def compare(
    way: type[Summing],
    name: str,
    formula: str,
    table: pa.Table,
    digits: float = 12.0,
    **options: Any,
) -> Summing:
    """Both ways give the same model; so does half of the rows each way, saved and merged.

    Where margins were added up in two ways, double precision may fail to see that columns depend on each other; it says so.
    """
    summing = way(table)
    expected = fitted(fit_of(name, formula, table, **options), lambda a: streamed(a, table))
    found = fitted(fit_of(name, formula, table, **options), summing.state)
    assert_close(found, expected, digits)
    half = table.num_rows // 2
    rest = way(table.slice(half))

    def mixed(analysis: _core.Analysis) -> _core.State:
        state = streamed(analysis, table.slice(0, half))
        analysis.merge(state, analysis.load(analysis.save(rest.state(analysis))))
        return state

    merged = fitted(fit_of(name, formula, table, **options), mixed)
    if merged["warnings"] == expected["warnings"]:
        assert_close(merged, expected, digits)
    return summing


def ways() -> list[type[Summing]]:
    """The databases that are here."""
    postgres_ways = [PostgresSumming, PostgresInParts] if postgres.missing() is None else []
    return [DuckDbSumming, *postgres_ways]
