"""Average marginal effects in every place, against statsmodels and numpy."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm

import insitu

ROWS = 1500
FORMULA = "event ~ x + I(x^2) + x:f + f"


@functools.cache
def _data() -> pa.Table:
    """Rows with holes in the response, a predictor, a factor and the weights."""
    generator = np.random.default_rng(29)
    x, f = generator.normal(size=ROWS), generator.integers(0, 3, ROWS)
    mean = 1 / (1 + np.exp(-(0.3 + 0.5 * x - 0.2 * x**2 + 0.4 * (f == 1))))
    holes = generator.random((4, ROWS)) < 0.03
    table = pd.DataFrame(
        {
            "event": np.where(holes[0], np.nan, generator.random(ROWS) < mean),
            "x": np.where(holes[1], np.nan, x),
            "f": np.where(holes[2], None, np.array(list("abc"))[f]),
            "w": np.where(holes[3], np.nan, 0.5 + generator.random(ROWS)),
        }
    )
    return pa.Table.from_pandas(table, preserve_index=False)


@functools.cache
def _model(weights: str | None) -> insitu.GeneralizedLinearModel:
    """Its coefficients are the same wherever the effects are computed."""
    return insitu.rx_logit(FORMULA, _data(), pweights=weights, cov_coef=True, tolerance="tight", drop_first=True)  # fmt: skip


@functools.cache
def _expected(weights: str | None) -> tuple[int, np.ndarray, np.ndarray]:
    """Rows, effects of x and of f at b and at c, and their errors, from statsmodels' fit and numpy's means."""
    rows = _data().to_pandas()
    rows = rows.dropna(subset=["event", "x", "f", *([weights] if weights else [])])
    x = rows["x"].to_numpy()

    def columns(dummies: list[np.ndarray]) -> np.ndarray:
        return np.column_stack([np.ones_like(x), x, x**2, *(x * d for d in dummies), *dummies])

    dummies = [(rows["f"] == level).to_numpy(float) for level in "bc"]
    X, zero = columns(dummies), np.zeros_like(x)
    S = np.column_stack([zero, zero + 1, 2 * x, *dummies, zero, zero])
    w = np.ones_like(x) if weights is None else rows[weights].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        family = sm.families.Binomial()
        fit = sm.GLM(rows["event"].to_numpy(), X, family=family, var_weights=w).fit(tol=1e-14)
    b, V = fit.params, fit.cov_params()

    def mean(values: np.ndarray) -> np.ndarray:
        return np.average(values, axis=0, weights=w)

    def predicted(A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = 1 / (1 + np.exp(-A @ b))
        return mean(p), mean((p * (1 - p))[:, None] * A)

    p = 1 / (1 + np.exp(-X @ b))
    slope, curve = p * (1 - p), p * (1 - p) * (1 - 2 * p)
    effects = [(mean(slope * (S @ b)), mean((curve * (S @ b))[:, None] * X + slope[:, None] * S))]
    at = [predicted(columns([zero + on for on in pair])) for pair in ((0, 0), (1, 0), (0, 1))]
    effects += [tuple(a - r for a, r in zip(one, at[0], strict=True)) for one in at[1:]]
    errors = [np.sqrt(g @ V @ g) for _, g in effects]
    return len(rows), np.array([effect for effect, _ in effects]), np.array(errors)


@pytest.mark.parametrize("weights", [None, "w"])
def test_average_marginal_effects(place, weights):
    source = place.load(_data())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of data outside the context
        found = insitu.rx_margins(_model(weights), source, compute_context=place.context)
    rows, effects, errors = _expected(weights)
    assert (found.n_valid_obs, found.n_missing_obs) == (rows, ROWS - rows)
    table = found.tidy()
    assert list(table["contrast"]) == ["dy/dx", "b - a", "c - a"]
    np.testing.assert_allclose(table["effect"], effects, rtol=1e-8)
    np.testing.assert_allclose(table["std_error"], errors, rtol=1e-8)


@pytest.mark.kinds("pandas", "duckdb_table", "postgres_table")
def test_rows_without_a_response(place):
    """New rows need only predictors: a mean over them all."""
    source = place.load(_data().select(["x", "f"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = insitu.rx_margins(_model(None), source, {"f": ["b", "c"]}, at={"x": 0.5}, compute_context=place.context)  # fmt: skip
    model = _model(None)
    ends = pd.DataFrame({"x": [0.5, 0.5], "f": ["b", "c"]})
    first, second = insitu.rx_predict(model, ends).iloc[:, 0]
    assert found.n_valid_obs == _data().select(["x", "f"]).to_pandas().dropna().shape[0]
    assert found.tidy()["effect"][0] == pytest.approx(second - first, rel=1e-12)
