"""Counts in every place: successes and failures, theta estimated, and levels without any event."""

from __future__ import annotations

import functools
import math
import warnings

import numpy as np
import pyarrow as pa
import pytest
import statsmodels.api as sm

from insitu.fitting import run_fit

ROWS = 1200


@functools.cache
def _table():
    generator = np.random.default_rng(31)
    x = generator.normal(size=ROWS)
    codes = generator.integers(0, 4, ROWS)
    eta = -0.3 + 0.6 * x + np.array([0.0, 0.4, -0.2, 0.0])[codes]
    trials = generator.integers(0, 7, ROWS)
    success = generator.binomial(trials, 1 / (1 + np.exp(-eta)))
    rare = np.where(codes == 3, 0, generator.random(ROWS) < 1 / (1 + np.exp(-eta)))
    return pa.table(
        {
            "x": x,
            "beyond": (x > 0.2).astype(float),
            "f": np.array(["a", "b", "c", "none"])[codes],
            "success": success.astype(float),
            "failure": (trials - success).astype(float),
            "n": generator.negative_binomial(1.7, 1.7 / (1.7 + np.exp(eta + 1))).astype(float),
            "rare": rare.astype(float),
            "w": 0.5 + generator.random(ROWS),
        }
    )


def _design(table, levels):
    codes = np.array(table["f"])
    columns = [(codes == level).astype(float) for level in levels]
    return np.column_stack([np.ones(len(codes)), np.array(table["x"]), *columns])


def _fit(place, formula, family, **options):
    spec = {"formula": formula, "family": {"link": None, **family}, "rows": None, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_fit("glm", spec, place.load(_table()), place.context, report_progress=0)


def _column(model, what, names):
    listed = model["coefficients"]
    return [listed[what][listed["names"].index(name)] for name in names]


@pytest.mark.parametrize("weights", [None, "w"])
def test_successes_and_failures(place, weights):
    table = _table()
    model = _fit(place, "cbind(success, failure) ~ x + f", {"name": "binomial"}, pweights=weights)
    success, failure = np.array(table["success"]), np.array(table["failure"])
    counted = success + failure > 0
    weight = np.array(table["w"]) if weights else np.ones(ROWS)
    # statsmodels counts weights of counts in another way: as shares of trials they are the same.
    trials = success + failure
    expected = sm.GLM(
        (success / np.maximum(trials, 1))[counted],
        _design(table, "abc")[counted],
        family=sm.families.Binomial(),
        var_weights=(trials * weight)[counted],
    ).fit(tol=1e-14, tol_criterion="params")
    names = ("(Intercept)", "x", "f=a", "f=b", "f=c")
    np.testing.assert_allclose(_column(model, "estimate", names), expected.params, rtol=1e-9)
    np.testing.assert_allclose(_column(model, "std_error", names), expected.bse, rtol=1e-6)
    assert model["deviance"] == pytest.approx(expected.deviance, rel=1e-11)
    assert model["n_valid_obs"] == counted.sum()
    assert model["n_zero_weight"] == ROWS - counted.sum()


def test_theta_is_estimated(place):
    table = _table()
    model = _fit(place, "n ~ x + f", {"name": "negative.binomial"})
    names = ("(Intercept)", "x", "f=a", "f=b", "f=c")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = sm.NegativeBinomial(np.array(table["n"]), _design(table, "abc"))
        expected = peer.fit(disp=0, method="newton", maxiter=200, tol=1e-14)
    assert model["converged"]
    np.testing.assert_allclose(_column(model, "estimate", names), expected.params[:-1], rtol=1e-6)
    assert model["family"]["theta"] == pytest.approx(1 / expected.params[-1], rel=1e-6)
    assert model["log_likelihood"] == pytest.approx(expected.llf, rel=1e-11)


def test_levels_without_events_are_held_out(place):
    table = _table()
    model = _fit(place, "rare ~ x + f", {"name": "binomial"})
    kept = np.array(table["f"]) != "none"
    expected = sm.GLM(
        np.array(table["rare"])[kept],
        _design(table, "bc")[kept],
        family=sm.families.Binomial(),
    ).fit(tol=1e-14, tol_criterion="params")
    listed = dict(
        zip(model["coefficients"]["names"], model["coefficients"]["estimate"], strict=True)
    )
    assert listed["f=none"] in ("-Infinity", -math.inf)
    names = ("(Intercept)", "x", "f=b", "f=c")
    np.testing.assert_allclose(_column(model, "estimate", names), expected.params, rtol=1e-9)
    np.testing.assert_allclose(_column(model, "std_error", names), expected.bse, rtol=1e-6)
    assert model["deviance"] == pytest.approx(expected.deviance, rel=1e-11)
    assert f"f=none: all {ROWS - kept.sum()} responses are 0" in model["warnings"][0]


def test_firth(place):
    """Of responses that x separates; the reference is written out in python/tests/test_glm_counts.py."""
    table = _table()
    model = _fit(place, "beyond ~ x + f", {"name": "binomial"}, method="firth", max_iterations=200)
    X, y = _design(table, "abc"), np.array(table["beyond"])
    beta = np.zeros(X.shape[1])
    for _ in range(300):
        mean = 1 / (1 + np.exp(-X @ beta))
        weight = mean * (1 - mean)
        inverse = np.linalg.inv(X.T @ (weight[:, None] * X))
        leverage = weight * np.einsum("ij,jk,ik->i", X, inverse, X)
        beta = beta + inverse @ (X.T @ (y - mean + leverage * (0.5 - mean)))
    names = ("(Intercept)", "x", "f=a", "f=b", "f=c")
    assert model["converged"]
    np.testing.assert_allclose(_column(model, "estimate", names), beta, rtol=1e-7)
    errors = np.sqrt(np.diag(inverse))
    np.testing.assert_allclose(_column(model, "std_error", names), errors, rtol=1e-6)
