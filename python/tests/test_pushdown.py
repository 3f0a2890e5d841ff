"""Passes that a database's own SQL aggregates do, through contexts; conformance/cases/test_pushdown.py has the states."""

import duckdb
import numpy as np
import pytest

import insitu
from conformance.cases.test_pushdown import random_table


@pytest.fixture
def database(tmp_path):
    """A DuckDB file with the table t."""
    path = tmp_path / "data.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("incoming", random_table(6, 20_000))
        connection.execute("create table t as select * from incoming")
    return f"duckdb:///{path}"


def source_of(database, **options):
    return insitu.RxSqlServerData(connection_string=database, table="t", **options)


def both_ways(database, function, *args, **options):
    """What a function gives by pushdown and by streaming, and how the first was done."""
    context = insitu.RxInSqlServer(database, how="pushdown")
    found = function(*args, compute_context=context, **options)
    expected = function(*args, compute_context=insitu.RxInSqlServer(database), **options)
    return found, expected, context.explain()


def test_models_from_a_database(database):
    model, expected, done = both_ways(
        database,
        insitu.rx_lin_mod,
        "late ~ a + x + F(k)",
        source_of(database),
        row_selection="k > -2 and b <> 'west'",
        transforms={"late": "y * 2 + x"},
        pweights="w",
    )
    assert done.way == "DuckDB's own SQL aggregates"
    assert done.passes == 1
    assert "FSUM" in done.sql[-1]
    assert not done.notes
    assert model.precision == "double"
    np.testing.assert_allclose(
        model.tidy()["estimate"], expected.tidy()["estimate"], rtol=1e-11, atol=1e-11
    )
    assert model.n_valid_obs == expected.n_valid_obs
    assert model.n_missing_obs == expected.n_missing_obs


def test_summaries_from_a_database(database):
    found, expected, done = both_ways(
        database, insitu.rx_summary, "~ y + x:a + k", source_of(database)
    )
    assert done.way == "DuckDB's own SQL aggregates"
    np.testing.assert_allclose(
        found.summary_data_frame["StdDev"], expected.summary_data_frame["StdDev"], rtol=1e-13
    )


def test_what_sql_cannot_do_is_streamed_and_said(database):
    model, expected, done = both_ways(
        database, insitu.rx_lin_mod, "y ~ x", source_of(database), precision="double-double"
    )
    assert done.notes == ["not by pushdown: SQL has no double-double arithmetic"]
    assert model.tidy().equals(expected.tidy())


def test_too_few_digits_are_streamed(database):
    # The columns differ by 1e-6 of their deviation: doubles would keep 4 digits.
    transforms = {"near": "x + 1e-6 * sin(k)", "far": "x + y"}
    model, expected, done = both_ways(
        database, insitu.rx_lin_mod, "far ~ x + near", source_of(database), transforms=transforms
    )
    assert done.passes == 2
    assert model.precision == "double-double"
    assert model.tidy().equals(expected.tidy())
