"""RxInPostgres by pushdown: states of the server's own aggregates, with nothing of ours installed in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from python.tests.test_postgres_streaming import load, numbers

import insitu
from insitu.data import RxPostgresData
from insitu.errors import DataError, SpecError

WAY = "SQL's own aggregates build the state in the server"


def test_models_of_every_kind_of_column(pg: Any) -> None:
    pg.sql("""create type mood as enum ('sad', 'ok', 'happy', 'unused');
        create table t as select sin(i)::float8 y, (i % 7)::int2 i2, (i * 0.1)::numeric(9, 3) n, cos(2 * i)::real r,
               (array['sad', 'ok', 'happy'])[1 + i % 3]::mood m, ('v' || i % 4)::varchar(9) v, ('c' || i % 5)::char(6) c, i % 2 = 0 b,
               '2020-01-01'::date + i % 11 d, '2020-01-01'::timestamp + i % 13 * interval '1 hour' ts, nullif(i % 10, 3) k
               from generate_series(1, 2000) i""")  # fmt: skip
    source = RxPostgresData(pg.uri, table="t")
    context = insitu.RxInPostgres(pg.uri, how="pushdown")
    for formula in (
        "y ~ i2 + n + r + k",
        "y ~ m + v + c + b",
        "y ~ F(i2) + d",
        "y ~ ts + m:n",
        "y ~ I(n^2) + n",
    ):
        model = insitu.rx_lin_mod(formula, source, compute_context=context)
        expected = insitu.rx_lin_mod(formula, source)
        assert context.explain().way == WAY, (formula, context.explain())
        np.testing.assert_allclose(
            model.tidy()["estimate"], expected.tidy()["estimate"], rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(
            model.tidy()["std_error"], expected.tidy()["std_error"], rtol=1e-9, atol=1e-12
        )
        assert model.tidy()["term"].tolist() == expected.tidy()["term"].tolist()
    assert pg.sql("select count(*) from pg_namespace where nspname = 'insitu'") == "0"


def test_selections_are_in_the_statement(pg: Any) -> None:
    source = load(pg, numbers(5000))
    context = insitu.RxInPostgres(pg.uri, how="pushdown")
    options = {"row_selection": "x > 4 and f <> 'b'", "transforms": {"late": "y * 2"}}
    summary = insitu.rx_summary("~ late + x:f", source, compute_context=context, **options)
    expected = insitu.rx_summary("~ late + x:f", source, **options)
    np.testing.assert_allclose(
        summary.summary_data_frame["StdDev"], expected.summary_data_frame["StdDev"], rtol=1e-12
    )
    assert context.explain().way == WAY
    assert "WHERE" in context.explain().sql[-1]


def test_what_sql_cannot_do_is_streamed_and_said(pg: Any) -> None:
    source = load(pg, numbers(1000))
    context = insitu.RxInPostgres(pg.uri, how="pushdown")
    model = insitu.rx_lin_mod("y ~ x", source, precision="double-double", compute_context=context)
    assert "not by pushdown: SQL has no double-double arithmetic" in context.explain().notes
    assert model.tidy().equals(insitu.rx_lin_mod("y ~ x", source, precision="double-double").tidy())
    with pytest.raises(
        SpecError, match="how='pushdown' is not possible here: lower is computed in DuckDB"
    ):
        insitu.rx_lin_mod("y ~ x", source, row_selection="lower(f) = 'a'", compute_context=context)


def test_too_few_digits_are_streamed(pg: Any) -> None:
    source = load(pg, numbers(3000))
    transforms = {"near": "x + 1e-7 * k", "far": "x + y"}
    context = insitu.RxInPostgres(pg.uri, how="pushdown")
    model = insitu.rx_lin_mod(
        "far ~ x + near", source, transforms=transforms, compute_context=context
    )
    assert model.precision == "double-double"
    assert context.explain().passes == 2


def test_what_stops_the_server_is_left_to_the_engine(pg: Any) -> None:
    """The product overflows in SQL only where a row is left out by the engine, or is one that it refuses itself."""
    table = numbers(500)
    huge = np.full(500, 1e200)
    source = load(pg, table.append_column("h", pa.array(huge)))
    context = insitu.RxInPostgres(pg.uri, how="pushdown")
    found = insitu.rx_summary("~ h", source, compute_context=context).summary_data_frame
    assert found["Mean"][0] == pytest.approx(1e200)
    pg.sql("update t set x = 'Infinity' where ctid = (select min(ctid) from t)")
    with pytest.raises(DataError, match="inf"):
        insitu.rx_lin_mod("y ~ x", source, compute_context=context)


def test_auto_takes_what_is_expected_to_be_faster(pg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = load(pg, numbers(3000))
    pg.sql("analyze t")
    context = insitu.RxInPostgres(pg.uri)
    insitu.rx_summary("~ x + y", source, compute_context=context)
    assert context.explain().way == "rows streamed to this process"
    assert any(
        "streaming about 3,000 rows is expected to take" in note for note in context.explain().notes
    )
    from insitu.contexts import postgres_ways

    monkeypatch.setattr(postgres_ways, "_STREAMED_SECONDS", 1e-3)  # a slow line
    insitu.rx_summary("~ x", source, compute_context=context)
    assert context.explain().way == WAY
