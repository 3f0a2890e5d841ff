"""Generalised linear models scored in PostgreSQL: `insitu.predict`, and the SQL of every link, beside `rx_predict`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from python.tests.test_postgres_inside import inside  # noqa: F401
from python.tests.test_postgres_streaming import load
from python.tests.test_to_sql import LINKS, SEPARATED, separated, with_coefficients

import insitu
from insitu.data import RxPostgresData

NEAR = np.concatenate([np.linspace(-9, 9, 181), np.linspace(-60, 60, 61)])
FAR = [-1e6, -2000.0, -745.2, -720.0, -700.0, -150.0, 150.0, 700.0, 709.0, 745.0, 800.0, 1e6, math.nan]  # fmt: skip


def column(pg: Any, sql: str) -> np.ndarray:
    """One column of numbers, NaN where it is null."""
    source = RxPostgresData(pg.uri, sql_query=f"select {sql} as p from t order by k")
    return source.to_arrow()["p"].to_pandas().to_numpy(float)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("link", LINKS)
def test_every_link(inside: Any, link: str) -> None:  # noqa: F811
    model = with_coefficients(LINKS[link], 0.25, -1.0)
    x = np.concatenate([NEAR, FAR])
    rows = pd.DataFrame({"k": np.arange(len(x)), "x": x})
    load(inside, pa.Table.from_pandas(rows, preserve_index=False))
    expected = insitu.rx_predict(model, rows)["y_Pred"].to_numpy()
    sealed = insitu.rx_serialize_model(model).hex()
    inner = column(inside, f"insitu.predict('\\x{sealed}'::bytea::insitu.model, x)")
    np.testing.assert_array_equal(inner, expected)
    found = column(inside, model.to_sql("postgres"))
    tiny = np.abs(np.nan_to_num(expected)) < 1e-305  # subnormal numbers hold fewer digits
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found[~tiny], expected[~tiny], rtol=3e-13)
    assert (found[tiny & np.isfinite(expected)] < 1e-304).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SEPARATED)
def test_infinite_coefficients(inside: Any, name: str) -> None:  # noqa: F811
    model, rows = separated(SEPARATED[name])
    load(inside, pa.Table.from_pandas(rows, preserve_index=False))
    expected = insitu.rx_predict(model, rows)["y_Pred"].to_numpy()
    assert (expected[rows["f"] == "b"] == 0.0).all()
    sealed = insitu.rx_serialize_model(model).hex()
    inner = column(inside, f"insitu.predict('\\x{sealed}'::bytea::insitu.model, t)")
    np.testing.assert_array_equal(inner, expected)
    found = column(inside, model.to_sql("postgres"))
    np.testing.assert_allclose(found, expected, rtol=3e-13, atol=1e-300)


@pytest.mark.filterwarnings("ignore")
def test_a_model_fitted_in_the_server_scores_there(inside: Any) -> None:  # noqa: F811
    rng = np.random.default_rng(2)
    n = 500
    frame = pd.DataFrame(
        {"k": np.arange(n), "x": rng.normal(size=n), "f": rng.choice(list("abc"), n)}
    )
    frame["won"] = rng.random(n) < 1 / (1 + np.exp(-frame["x"]))
    frame["n"] = rng.poisson(np.exp(0.3 * frame["x"])).astype(float)
    source = load(inside, pa.Table.from_pandas(frame, preserve_index=False))
    context = insitu.RxInPostgres(inside.uri, how="extension")
    for model in (
        insitu.rx_logit("won ~ x + f", source, compute_context=context),
        insitu.rx_glm("n ~ x + f", source, family="poisson", compute_context=context),
    ):
        expected = insitu.rx_predict(model, frame).iloc[:, 0].to_numpy()
        sealed = insitu.rx_serialize_model(model).hex()
        name = f"'\\x{sealed}'::bytea::insitu.model"
        np.testing.assert_array_equal(column(inside, f"insitu.predict({name}, t)"), expected)
        kind = inside.sql(f"select statistic is not null from insitu.coef({name}) where term = 'x'")
        assert kind == "t"
        deviance = float(inside.sql(f"select deviance from insitu.glance({name})"))
        assert deviance == pytest.approx(model.deviance, rel=1e-14)
        assert inside.sql(f"select r_squared is null from insitu.glance({name})") == "t"


@pytest.mark.filterwarnings("ignore")
def test_levels_without_events_in_the_server(inside: Any) -> None:  # noqa: F811
    """The server makes each pass from its spec, and holds the same rows out."""
    _, rows = separated(SEPARATED["logit"])
    source = load(inside, pa.Table.from_pandas(rows, preserve_index=False))
    context = insitu.RxInPostgres(inside.uri, how="extension")
    there = insitu.rx_logit("y ~ x + f", source, compute_context=context)
    here = insitu.rx_logit("y ~ x + f", rows)
    assert there.coefficients["f=b"] == -np.inf
    assert there.coefficients["f=c"] == np.inf
    np.testing.assert_allclose(there.coefficients, here.coefficients, rtol=1e-12)
    np.testing.assert_allclose(there.coef_std_error, here.coef_std_error, rtol=1e-9)
    errors = insitu.rx_logit("y ~ x + f", source, cov_type="HC3", compute_context=context)
    np.testing.assert_allclose(
        errors.coef_std_error,
        insitu.rx_logit("y ~ x + f", rows, cov_type="HC3").coef_std_error,
        rtol=1e-9,
    )
    firth = insitu.rx_logit("y ~ x + f", source, method="firth", compute_context=context)
    np.testing.assert_allclose(
        firth.coefficients,
        insitu.rx_logit("y ~ x + f", rows, method="firth").coefficients,
        rtol=1e-9,
    )
