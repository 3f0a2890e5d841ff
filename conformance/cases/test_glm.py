"""Generalised linear models in every place, against statsmodels run to convergence."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pyarrow as pa
import pytest
import statsmodels.api as sm

from insitu.fitting import run_fit

ROWS = 1500
LEVELS = ("a", "b", "c", "d")
NAMES = ("(Intercept)", "x", "z", "f=a", "f=b", "f=c")
F, L = sm.families, sm.families.links
# name: the family as a spec, statsmodels' own, the response by (generator, linear predictor)
FAMILIES = {
    "gaussian": ({"name": "gaussian"}, F.Gaussian(), lambda g, e: e + g.normal(size=ROWS)),
    "gaussian log": (
        {"name": "gaussian", "link": "log"},
        F.Gaussian(L.Log()),
        lambda g, e: np.exp(0.3 * e) + 0.1 * g.normal(size=ROWS),
    ),
    "logit": ({"name": "binomial"}, F.Binomial(), lambda g, e: _events(g, 1 / (1 + np.exp(-e)))),
    "probit": (
        {"name": "binomial", "link": "probit"},
        F.Binomial(L.Probit()),
        lambda g, e: _events(g, 1 / (1 + np.exp(-e))),
    ),
    "cloglog": (
        {"name": "binomial", "link": "cloglog"},
        F.Binomial(L.CLogLog()),
        lambda g, e: _events(g, -np.expm1(-np.exp(e))),
    ),
    "cauchit": (
        {"name": "binomial", "link": "cauchit"},
        F.Binomial(L.Cauchy()),
        lambda g, e: _events(g, 0.5 + np.arctan(e) / np.pi),
    ),
    "poisson": ({"name": "poisson"}, F.Poisson(), lambda g, e: g.poisson(np.exp(e)).astype(float)),
    "quasipoisson": (
        {"name": "quasipoisson"},
        F.Poisson(),
        lambda g, e: g.negative_binomial(2, 2 / (2 + np.exp(e))).astype(float),
    ),
    "Gamma": (
        {"name": "Gamma"},
        F.Gamma(L.InversePower()),
        lambda g, e: g.gamma(2, 1 / (4 + 0.2 * e) / 2),
    ),
    "Gamma log": (
        {"name": "Gamma", "link": "log"},
        F.Gamma(L.Log()),
        lambda g, e: g.gamma(2, np.exp(e) / 2),
    ),
    "inverse gaussian": (
        {"name": "inverse.gaussian", "link": "log"},
        F.InverseGaussian(L.Log()),
        lambda g, e: g.wald(np.exp(e), 2),
    ),
    "negative binomial": (
        {"name": "negative.binomial", "theta": 2.0},
        F.NegativeBinomial(L.Log(), alpha=0.5),
        lambda g, e: g.negative_binomial(2, 2 / (2 + np.exp(e))).astype(float),
    ),
    "quasi": (
        {"name": "quasi", "link": "log", "variance": "mu^2"},
        F.Gamma(L.Log()),
        lambda g, e: g.gamma(2, np.exp(e) / 2),
    ),
    "Tweedie": (
        {"name": "Tweedie", "link": "log", "power": 1.5},
        F.Tweedie(L.Log(), var_power=1.5),
        lambda g, e: np.where(g.random(ROWS) < 0.3, 0.0, g.gamma(2, np.exp(e) / 2)),
    ),
}


def _events(generator, probability):
    return (generator.random(ROWS) < probability).astype(float)


@functools.cache
def _data(name):
    """The table with holes, and what statsmodels says of its complete rows."""
    _, family, response = FAMILIES[name]
    generator = np.random.default_rng(sorted(FAMILIES).index(name))
    x, z, t = generator.normal(size=(3, ROWS))
    codes = generator.integers(0, 4, ROWS)
    y = response(generator, -0.5 + 0.7 * x - 0.3 * z + np.array([0, 0.5, -0.5, 0.2])[codes])
    whole = generator.random(ROWS) > 0.05
    weights = 0.5 + generator.random(ROWS)
    table = pa.table(
        {
            "y": y,
            "x": pa.array([v if keep else None for v, keep in zip(x, whole, strict=True)]),
            "z": z,
            "f": [LEVELS[c] for c in codes],
            "t": 0.05 * t,
            "w": weights,
        }
    )
    columns = [np.ones(ROWS), x, z, *((codes == k).astype(float) for k in range(3))]
    design = np.column_stack(columns)[whole]
    fits = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for offset, weighted in ((False, False), (True, True)):
            model = sm.GLM(
                y[whole], design, family=family, offset=0.05 * t[whole] if offset else None,
                var_weights=weights[whole] if weighted else None,
            )  # fmt: skip
            scale = "X2" if name == "quasipoisson" else None
            fits[offset] = model.fit(tol=1e-14, tol_criterion="params", maxiter=300, scale=scale)
    return table, fits


def _column(model, what):
    listed = model["coefficients"]
    return [listed[what][listed["names"].index(name)] for name in NAMES]


@pytest.mark.parametrize("name", FAMILIES)
def test_as_statsmodels(place, name):
    check(place, name, weighted=False)


@pytest.mark.kinds("pandas", "postgres_table", "duckdb_table")
@pytest.mark.parametrize("name", FAMILIES)
def test_weights_and_offsets_as_statsmodels(place, name):
    check(place, name, weighted=True)


def check(place, name, weighted):
    table, fits = _data(name)
    expected = fits[weighted]
    spec = {
        "formula": "y ~ x + z + f" + (" + offset(t)" if weighted else ""),
        "family": {"link": None, **FAMILIES[name][0]},
        "rows": None,
        "pweights": "w" if weighted else None,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = run_fit("glm", spec, place.load(table), place.context, report_progress=0)
    assert model["converged"]
    np.testing.assert_allclose(_column(model, "estimate"), expected.params, rtol=1e-9)
    np.testing.assert_allclose(_column(model, "std_error"), expected.bse, rtol=1e-5)
    assert model["deviance"] == pytest.approx(expected.deviance, rel=1e-11)
    assert model["n_missing_obs"] == ROWS - expected.nobs
    assert model["null_deviance"] == pytest.approx(expected.null_deviance, rel=1e-8)
